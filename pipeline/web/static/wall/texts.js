// What the pages of events say, in both languages.
const TEXTS = {
  en: {
    reconnecting: "reconnecting…", frozen: "screen frozen", empty: "No post yet: the first one will stand here.", now: "What the room talks about", soFar: "So far", most: (n) => `${n} at most`,
    sampled: (shown, came) => `showing ${shown} of ${came} posts of the last minute`,
    copies: (n) => `repeated ${n}×`, pinned: "pinned",
    posts: "posts", people: "people", perMinute: "per minute", trends: "Trending besides its own hashtag",
    topics: "Most used topics", repeated: "Most repeated posts", resonance: "Resonates with",
    shared: (n) => `${n} people in both`, phases: "Phases", none: "Nothing stands out yet.",
    counted: (n) => `${n} posts so far`,
    queues: { waiting: "Waiting", shown: "Shown", stashed: "Stashed", blocked: "Blocked" },
    acts: { approve: "Approve", stash: "Stash", block: "Block", account: "Block account", remove: "Delete",
            pin: "Pin", unpin: "Unpin", back: "Put back" },
    freeze: "Freeze screen", thaw: "Unfreeze screen", auto: "auto: shown unless blocked",
    manual: "manual: shown once approved", mode: "Mode", undo: "Undo", blockWord: "Block a word", blockTopic: "Block a topic",
    everywhere: "in all events; a topic: never a trend", blocks: "Blocks in force", decisions: "Last decisions",
    keys: [["j", "next"], ["k", "previous"], ["a", "approve"], ["s", "stash"], ["b", "block"], ["p", "pin"], ["u", "undo"], ["f", "freeze"], ["1–4", "queue"]],
    queue: "Queue", emptyQueue: "This queue is empty.", never: "Never trends", free: "Free", what: "What", target: "Topic, word or account",
    neverMeans: "In no scope, no list, no alert, of no event. What is freed comes back at once.", noBlocks: "Nothing is blocked.",
    hints: { topic: "#topic", word: "word", account: "source/account" },
    lookOnly: "This token may look, not decide.", logout: "Log out", add: "Block", kinds: {
      post: "post", account: "account", word: "word", topic: "topic", pin: "pin", freeze: "screen", mode: "mode" },
    verdicts: { approved: "approved", stashed: "stashed", blocked: "blocked", deleted: "deleted", waiting: "put back",
      pinned: "pinned", frozen: "frozen", auto: "auto", manual: "manual", "": "taken back" },
  },
  fr: {
    reconnecting: "reconnexion…", frozen: "écran figé", empty: "Pas encore de message : le premier s’affichera ici.", now: "On en parle maintenant", soFar: "Jusqu’ici", most: (n) => `${n} au plus`,
    sampled: (shown, came) => `${shown} messages affichés sur ${came} reçus dans la dernière minute`,
    copies: (n) => `repris ${n} fois`, pinned: "épinglé",
    posts: "messages", people: "personnes", perMinute: "par minute", trends: "Tendances, hors son propre hashtag",
    topics: "Sujets les plus cités", repeated: "Messages les plus repris", resonance: "En résonance avec",
    shared: (n) => `${n} personnes en commun`, phases: "Phases", none: "Rien ne se détache encore.",
    counted: (n) => `${n} messages jusqu’ici`,
    queues: { waiting: "En attente", shown: "Affichés", stashed: "De côté", blocked: "Bloqués" },
    acts: { approve: "Accepter", stash: "Mettre de côté", block: "Bloquer", account: "Bloquer le compte",
            remove: "Supprimer", pin: "Épingler", unpin: "Désépingler", back: "Remettre" },
    freeze: "Figer l’écran", thaw: "Libérer l’écran", auto: "auto : affiché sauf blocage",
    manual: "manuel : affiché une fois accepté", mode: "Mode", undo: "Annuler", blockWord: "Bloquer un mot", blockTopic: "Bloquer un sujet",
    everywhere: "dans tous les événements ; un sujet : jamais en tendance", blocks: "Blocages en vigueur", decisions: "Dernières décisions",
    keys: [["j", "suivant"], ["k", "précédent"], ["a", "accepter"], ["s", "de côté"], ["b", "bloquer"], ["p", "épingler"], ["u", "annuler"], ["f", "figer"], ["1–4", "file"]],
    queue: "File", emptyQueue: "Cette file est vide.", never: "Jamais en tendance", free: "Libérer", what: "Quoi", target: "Sujet, mot ou compte",
    neverMeans: "Dans aucune liste, aucune alerte, aucun événement. Ce qui est libéré revient aussitôt.", noBlocks: "Rien n’est bloqué.",
    hints: { topic: "#sujet", word: "mot", account: "source/compte" },
    lookOnly: "Ce jeton permet de voir, pas de décider.", logout: "Se déconnecter", add: "Bloquer", kinds: {
      post: "message", account: "compte", word: "mot", topic: "sujet", pin: "épingle", freeze: "écran", mode: "mode" },
    verdicts: { approved: "accepté", stashed: "mis de côté", blocked: "bloqué", deleted: "supprimé", waiting: "remis",
      pinned: "épinglé", frozen: "figé", auto: "auto", manual: "manuel", "": "annulé" },
  },
};

export const lang = document.documentElement.lang in TEXTS ? document.documentElement.lang : "en";
export const text = TEXTS[lang];
export const number = (value, digits = 0) => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);

const locale = navigator.language.startsWith(lang) ? navigator.language : lang;
let clock;
try {
  clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: document.body?.dataset.zone || "UTC" });
} catch {
  clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}
export const moment = (ms) => clock.format(new Date(ms));
