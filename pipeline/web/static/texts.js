// What the page says, in French or English; and texts of posts made safe to show.
export const french = document.documentElement.lang === "fr";
const EN = {
  heads: ["#", "", "Topic", "Course", "People", "Posts", "State", "Why"],
  states: { new: "new", rising: "rising", steady: "steady", fading: "fading" }, usual: "as usual", colon: ":",
  flags: { one_post: "one post, repeated", one_author: "mostly one author", same_people: "always the same people" },
  all: "all posts", lang: "language", source: "source", event: "event", watch: "watchlist",
  events: "Events", watches: "Watchlists", langs: "Languages", sources: "Sources",
  away: "Reconnecting…", nothing: "Nothing yet.", waiting: "Waiting for the first list…", noMatch: "No topic of this list matches.", past: "of then", soFar: "so far", now: "Now",
  counting: "still counting: no past to compare with", provisional: "short past: scores are provisional",
  search: "Search", window: "Window", windows: { "5m": "5 min", "1h": "1 h", "24h": "24 h" }, scopes: "Lists", compare: "Compare with…", close: "Close", back: "Back to the list",
  time: "Time", rewind: "Go back", people: "People", posts: "Posts", expected: "Expected", score: "Score", since: "Trending since", peak: "Peak",
  spellings: "Other spellings", listed: "Listed in", number: (n) => `number ${n}`, minutes: (n) => `in ${n} min`,
  examples: "Example posts", alerts: "Alerts", unknown: "No list has this topic, now or in the last day.",
  course: "Course of the last day", table: "As a table", up: "up", down: "down", fresh: "new here", list: "Trends", firing: "now", over: "over", seen: "seen by",
  ack: "I look after it", mute: "Mute for 2 h", unmute: "Unmute", mutes: "Muted alerts", lost: "Not delivered", until: "until", done: "Done.",
  voice: "Share of voice", share: "Share", voiceNote: "Shares of the posts in the window; a post about two counts for each.",
  voiceNone: "There is nothing to compare yet: describe a [[watchlist]] or an [[event]] in upswell.toml.",
};
const FR = {
  heads: ["#", "", "Sujet", "Évolution", "Personnes", "Messages", "État", "Pourquoi"],
  states: { new: "nouveau", rising: "monte", steady: "stable", fading: "retombe" }, usual: "habituel", colon: " :",
  flags: { one_post: "un seul message, répété", one_author: "surtout un auteur", same_people: "toujours les mêmes personnes" },
  all: "tous les messages", lang: "langue", source: "source", event: "événement", watch: "veille",
  events: "Événements", watches: "Veilles", langs: "Langues", sources: "Sources",
  away: "Reconnexion…", nothing: "Rien pour l’instant.", waiting: "En attente de la première liste…", noMatch: "Aucun sujet de cette liste ne correspond.",
  counting: "comptage en cours : pas encore de passé à comparer", provisional: "passé court : scores provisoires",
  past: "à ce moment-là", soFar: "en cours", now: "Maintenant", search: "Chercher", window: "Fenêtre", windows: { "5m": "5 min", "1h": "1 h", "24h": "24 h" }, scopes: "Listes", compare: "Comparer avec…",
  close: "Fermer", back: "Retour à la liste", time: "Heure", rewind: "Remonter", people: "Personnes", posts: "Messages", expected: "Attendu", score: "Score", since: "En tendance depuis", peak: "Pic",
  spellings: "Autres graphies", listed: "Présent dans", number: (n) => `n° ${n}`, minutes: (n) => `en ${n} min`,
  examples: "Exemples de messages", alerts: "Alertes",
  unknown: "Aucune liste n’a ce sujet, ni maintenant ni depuis un jour.", course: "Évolution sur un jour",
  table: "En tableau", up: "monte", down: "descend", fresh: "entre", list: "Tendances", firing: "en cours", over: "terminée", seen: "vue par",
  ack: "Je m’en occupe", mute: "Taire 2 h", unmute: "Ne plus taire", mutes: "Alertes tues", lost: "Non remises", until: "jusqu’au", done: "C’est fait.",
  voice: "Part de voix", share: "Part", voiceNote: "Parts des messages de la fenêtre ; un message sur deux sujets compte pour chacun.",
  voiceNone: "Rien à comparer pour l’instant : décrivez une veille ([[watchlist]]) ou un événement ([[event]]) dans upswell.toml.",
};
export const t = french ? FR : EN;
const locale = french ? "fr" : "en";
const number = new Intl.NumberFormat(locale), decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
export const told = (value) => number.format(value);
export const about = (value) => decimal.format(value);

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
// what an alert says before it: what did what, and where
const AT = "(?=\\S+ \\((?:5m|1h|24h)\\))";
const RAISED = [
  [` was never seen before and is number (\\d+) in ${AT}`, " n’avait jamais été vu et est n° $1 dans "], [` is number (\\d+) in ${AT}`, " est n° $1 dans "],
  [` reached ([\\d.]+) sigma in ${AT}`, " atteint $1 sigma dans "],
  [`(^| has )([\\d,]+) posts in ${AT}`, "$1$2 messages dans "], [`(^| has )([\\d,]+) people in ${AT}`, "$1$2 personnes dans "], [/ has (?=[\d,]+ (?:messages|personnes) dans )/, " compte "],
  [/(\), )about (?=#|\$)/, "$1à propos de "], [/^No post in (\S+) since (\S+ \S+) UTC\.$/, "Aucun message dans $1 depuis le $2 UTC."],
].map(([from, to]) => [new RegExp(from), to]);
const PLACE = / (in|dans) (\S+) \((5m|1h|24h)\)(:?)/;
const place = (_, within, scope, window, colon) => ` ${within} ${scope === "all" ? t.all : nameOf(scope, {})} (${t.windows[window]})${colon && t.colon}`;
export const why = (text) => clean((french ? inFrench(text) : text).replace(PLACE, place), 300);
function inFrench(text) {
  return [...RAISED, ...WHY].reduce((said, [from, to]) => said.replace(from, to), text)
    .replace(/(\d),(?=\d{3})/g, "$1\u202f").replace(/(\d)\.(?=\d)/g, "$1,");
}

const FAULTS = [
  [/^no answer/, "pas de réponse"], [/^refused with HTTP/, "refus, HTTP"], [/^apprise could not send it/, "apprise n’a pas pu l’envoyer"],
  [/^Kafka does not take it/, "Kafka ne le prend pas"],
];
export const fault = (text) => clean(french ? FAULTS.reduce((said, [from, to]) => said.replace(from, to), text) : text, 200);

const capital = (text) => text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
let languages;
try { languages = new Intl.DisplayNames(locale, { type: "language" }); } catch { /* an old browser shows codes */ }
function languageOf(code) {
  try { return capital(languages?.of(code) ?? code); } catch { return code; }
}
const KINDS = { lang: languageOf, source: capital, event: (name) => name, watch: (name) => name };
export function nameOf(scope, titles) {
  if (titles[scope]) return clean(titles[scope], 60);
  const [kind, ...rest] = scope.split(":");
  return clean(kind === "all" ? capital(t.all) : KINDS[kind]?.(rest.join(":")) || scope, 60);
}

const moments = [{ timeStyle: "short" }, { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" }, { dateStyle: "medium", timeStyle: "short" }]
  .map((style) => new Intl.DateTimeFormat(locale === "en" ? navigator.language.startsWith("en") ? navigator.language : "en" : "fr", style));
// By the viewer's clock: the time alone for today, with the day else, with the year where it is another one
export function clock(ms) {
  const then = new Date(ms), now = new Date();
  return moments[then.toDateString() === now.toDateString() ? 0 : then.getFullYear() === now.getFullYear() ? 1 : 2].format(then);
}

export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

// How a person is called on their network; who writes by mail or telephone, and a feed, has an address and no @name
const NO_NAMES = new Set(["sms", "mail", "email", "rss", "feed"]);
export function handle({ author, source }) {
  const plain = clean(author.replace(/^https?:\/\//, ""), 80);
  return plain !== clean(author, 80) || NO_NAMES.has(source) || plain.startsWith("@") ? plain : `@${plain}`;
}

// A round mark for a person: the first letter on a colour of their own (no picture is loaded from another host)
export function face(account, name) {
  const mark = make("span", { class: "face", "aria-hidden": "true" }, [...clean(name).trim().replace(/^[@#]/, "")][0]?.toLocaleUpperCase() ?? "·");
  let hue = 7;
  for (const letter of account) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  mark.style.setProperty("--hue", hue);
  return mark;
}
