// What the page says, in French or English; and texts of posts made safe to show.
export const french = document.documentElement.lang === "fr";
const EN = {
  heads: ["#", "", "Topic", "Course", "People", "Posts", "State", "Why"],
  states: { new: "new", rising: "rising", steady: "steady", fading: "fading" },
  flags: { one_post: "one post, repeated", one_author: "mostly one author", same_people: "always the same people" },
  all: "all posts", lang: "language", source: "source", event: "event", watch: "watchlist",
  away: "Reconnecting…", nothing: "Nothing yet.", noMatch: "No topic of this list matches.", past: "of then", soFar: "so far", now: "Now",
  search: "Search", window: "Window", scopes: "Lists", compare: "Compare with…", close: "Close", back: "Back to the list",
  time: "Time", people: "People", posts: "Posts", expected: "Expected", spellings: "Other spellings", listed: "Listed in",
  examples: "Example posts", alerts: "Alerts", unknown: "No list has this topic, now or in the last day.",
  course: "Course of the last day", table: "As a table", up: "up", down: "down", fresh: "new here", list: "Trends", firing: "now", over: "over", seen: "seen by",
  ack: "I look after it", mute: "Mute for 2 h", unmute: "Unmute", mutes: "Muted alerts", until: "until", done: "Done.",
  voice: "Share of voice", share: "Share", voiceNote: "Shares of the posts in the window; a post about two counts for each.",
};
const FR = {
  heads: ["#", "", "Sujet", "Évolution", "Personnes", "Messages", "État", "Pourquoi"],
  states: { new: "nouveau", rising: "monte", steady: "stable", fading: "retombe" },
  flags: { one_post: "un seul message, répété", one_author: "surtout un auteur", same_people: "toujours les mêmes personnes" },
  all: "tous les messages", lang: "langue", source: "source", event: "événement", watch: "veille",
  away: "Reconnexion…", nothing: "Rien pour l’instant.", noMatch: "Aucun sujet de cette liste ne correspond.",
  past: "d’alors", soFar: "en cours", now: "Maintenant", search: "Chercher", window: "Fenêtre", scopes: "Listes", compare: "Comparer avec…",
  close: "Fermer", back: "Retour à la liste", time: "Heure", people: "Personnes", posts: "Messages", expected: "Attendu",
  spellings: "Autres graphies", listed: "Présent dans", examples: "Exemples de messages", alerts: "Alertes",
  unknown: "Aucune liste n’a ce sujet, ni maintenant ni depuis un jour.", course: "Évolution du dernier jour",
  table: "En tableau", up: "monte", down: "descend", fresh: "entre", list: "Tendances", firing: "en cours", over: "terminée", seen: "vue par",
  ack: "Je m’en occupe", mute: "Taire 2 h", unmute: "Ne plus taire", mutes: "Alertes tues", until: "jusqu’au", done: "C’est fait.",
  voice: "Part de voix", share: "Part", voiceNote: "Parts des messages de la fenêtre ; un message sur deux sujets compte pour chacun.",
};
export const t = french ? FR : EN;
const number = new Intl.NumberFormat(french ? "fr" : "en");
export const told = (value) => number.format(value);

const HIDDEN = /[\p{Cc}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu;
export function clean(text, most = 160) {
  const shown = [...String(text).replace(HIDDEN, " ").replace(/(\p{M}{3})\p{M}+/gu, "$1")];
  return shown.length > most ? `${shown.slice(0, most).join("")}…` : shown.join("");
}

const WHY = [
  [/\bpeople in\b/, "personnes en"], [/\bperson in\b/, "personne en"],
  [/, who count as (\d+) because they repeat the same texts,/, ", comptées pour $1 car elles répètent les mêmes textes,"],
  [/; no past to compare with yet/, " ; pas encore de passé à comparer"],
  [/ where ([\d.,]+) ± ([\d.,]+) were expected \((-?[\d.,]+) sigma\)/, " pour $1 ± $2 attendues ($3 sigma)"],
  [/; interest has faded/, " ; l’intérêt est retombé"], [/; nothing unusual/, " ; rien d’inhabituel"],
  [/, (\d+)% of them with words of their own/, ", dont $1 % avec leurs propres mots"],
];
export const why = (text) => clean(french ? WHY.reduce((said, [from, to]) => said.replace(from, to), text) : text, 300);

export function nameOf(scope, titles) {
  if (titles[scope]) return clean(titles[scope], 60);
  const [kind, ...rest] = scope.split(":");
  return clean(kind === "all" ? t.all : `${t[kind] ?? kind} ${rest.join(":")}`, 60);
}
export const clock = (ms) => new Date(ms).toLocaleString(french ? "fr" : "en", { dateStyle: "medium", timeStyle: "short" });

export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
