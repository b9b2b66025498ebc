// What the pages of events say, in both languages.
const TEXTS = {
  en: {
    reconnecting: "reconnecting…", frozen: "screen frozen", empty: "Nothing here yet.",
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
    keys: "Keys: j k next, previous · a approve · s stash · b block · u undo · p pin · f freeze · 1–4 queue",
    lookOnly: "This token may look, not decide.", logout: "Log out", add: "Block", kinds: {
      post: "post", account: "account", word: "word", topic: "topic", pin: "pin", freeze: "screen", mode: "mode" },
    verdicts: { approved: "approved", stashed: "stashed", blocked: "blocked", deleted: "deleted", waiting: "put back",
      pinned: "pinned", frozen: "frozen", auto: "auto", manual: "manual", "": "taken back" },
  },
  fr: {
    reconnecting: "reconnexion…", frozen: "écran figé", empty: "Rien pour l’instant.",
    sampled: (shown, came) => `${shown} messages affichés sur ${came} reçus dans la dernière minute`,
    copies: (n) => `repris ${n} fois`, pinned: "épinglé",
    posts: "messages", people: "personnes", perMinute: "par minute", trends: "Tendances, hors son propre mot-dièse",
    topics: "Sujets les plus cités", repeated: "Messages les plus repris", resonance: "En résonance avec",
    shared: (n) => `${n} personnes en commun`, phases: "Phases", none: "Rien ne se détache encore.",
    counted: (n) => `${n} messages jusqu’ici`,
    queues: { waiting: "En attente", shown: "Affichés", stashed: "De côté", blocked: "Bloqués" },
    acts: { approve: "Accepter", stash: "Mettre de côté", block: "Bloquer", account: "Bloquer le compte",
            remove: "Supprimer", pin: "Épingler", unpin: "Désépingler", back: "Remettre" },
    freeze: "Figer l’écran", thaw: "Libérer l’écran", auto: "auto : affiché sauf blocage",
    manual: "manuel : affiché une fois accepté", mode: "Mode", undo: "Annuler", blockWord: "Bloquer un mot", blockTopic: "Bloquer un sujet",
    everywhere: "dans tous les événements ; un sujet : jamais en tendance", blocks: "Blocages en vigueur", decisions: "Dernières décisions",
    keys: "Touches : j k suivant, précédent · a accepter · s de côté · b bloquer · u annuler · p épingler · f figer · 1–4 file",
    lookOnly: "Ce jeton permet de voir, pas de décider.", logout: "Se déconnecter", add: "Bloquer", kinds: {
      post: "message", account: "compte", word: "mot", topic: "sujet", pin: "épingle", freeze: "écran", mode: "mode" },
    verdicts: { approved: "accepté", stashed: "mis de côté", blocked: "bloqué", deleted: "supprimé", waiting: "remis",
      pinned: "épinglé", frozen: "figé", auto: "auto", manual: "manuel", "": "annulé" },
  },
};

export const lang = document.documentElement.lang in TEXTS ? document.documentElement.lang : "en";
export const text = TEXTS[lang];
export const number = (value, digits = 0) => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);

let clock;
try {
  clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", timeZone: document.body?.dataset.zone || "UTC" });
} catch {
  clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}
export const moment = (ms) => clock.format(new Date(ms));
