// What the page says, in its language; facts as sentences; texts of posts made safe to show.
import { catalogue, dated, say, tellMoments, write } from "./messages.js";

export const t = catalogue.page, colon = catalogue.language.colon;
const locale = document.documentElement.lang;
const whole = new Intl.NumberFormat(locale), decimal = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
export const told = (value) => whole.format(value);
export const about = (value) => decimal.format(value);

const HIDDEN = /[\p{Cc}\p{Cs}]|(?![\u200c\u200d])\p{Cf}/gu;
export function clean(text, most = 160) {
  const shown = [...String(text).replace(HIDDEN, " ").replace(/(\p{M}{3})\p{M}+/gu, "$1")];
  return shown.length > most ? `${shown.slice(0, most).join("")}…` : shown.join("");
}

// A topic as orders and addresses name it: words in quotation marks, as they have no sign
export const named = (topic) => (!topic || /^[#$]/.test(topic) ? topic : `"${topic}"`);

const WINDOWS_S = { "5m": 300, "1h": 3600, "24h": 86400 };

// Why a topic is in a list (the struct `why` of a row)
const factsOf = (facts) => ({ ...facts, note: facts.note || "none", unheard: facts.expected < 0.5 });
export const why = (facts) => say("why", factsOf(facts));
// and of a row beside its number of people, which is not said again
export const beside = (row) => (row.why.people === row.authors ? say("beside", factsOf(row.why)) : why(row.why));

// And what its people say too, where they are from, and where it looks organised what speaks against it
export function reasonOf(row, first = why(row.why)) {
  const { signs, origins, flags } = row;
  const also = (row.also?.length ? row.also : row.joined).slice(0, 5).map((one) => clean(one, 80));
  const told = first
    + (also.length ? say("also", { also }) : "")
    + (origins ? say("origins", { ...origins, usual: origins.usual ?? 0, server: flags.includes("one_server"), automatic: flags.includes("bots") }) : "");
  return signs?.suspect ? `${say("suspect", { ...signs, known: signs.again > 0, withdrawn: row.withdrawn })}; ${told}` : told;
}

// What a list with a flag still waits for
export const waits = (list) => say("waits", { flag: list.flag, days: list.window === "24h", past: list.past, wanted: list.past_wanted });

// The network that a post is from, as people write it
export const network = (source) => capital(clean(say("unit.network", { name: source }), 40));

// The same behind the network's mark, where it has one; as parts of a line
const MARKED = new Set("bluesky email facebook feed hackernews instagram mail mastodon pixelfed reddit rss sms telegram threads tiktok twitter vk web youtube".split(" "));
export function marked(source) {
  if (!MARKED.has(source)) return [network(source)];
  return [svg("svg", { class: "network", "aria-hidden": "true" }, svg("use", { href: `/static/marks/marks.svg#${source}` })), network(source)];
}

// What an alert says when it fires
const titled = {}; // what alerts are about, as the server calls it
export function alertText(alert) {
  if (alert.title) titled[alert.scope] = alert.title;
  const facts = alert.why;
  return clean(say(alert.topic ? "alert.topic" : "alert.scope", {
    ...alert, display: clean(alert.display, 80), window: WINDOWS_S[alert.window], counted: facts.counted || "none", why: facts.trend ? why(facts.trend) : "",
    about: facts.about.map((one) => clean(one.display, 80)), names: facts.about.length > 0,
  }), 300);
}

// Why a receiver did not get a message
export const fault = (facts) => clean(say(`fault.${facts.code}`, { detail: facts.detail }), 200);

const capital = (text) => text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
let languages;
try { languages = new Intl.DisplayNames(locale, { type: "language" }); } catch { /* an old browser shows codes */ }
function languageOf(code) {
  try { return capital(languages?.of(code) ?? code); } catch { return code; }
}
const KINDS = { lang: languageOf, source: network, event: (name) => name, watch: (name) => name };
export function nameOf(scope, titles) {
  if (titles[scope]) return clean(titles[scope], 60);
  const [kind, ...rest] = scope.split(":");
  return clean(kind === "all" ? capital(t.all) : KINDS[kind]?.(rest.join(":")) || scope, 60);
}

// Now, in ms. Where an evening is played, by its own clock: where it stood, how fast it goes, until when, and whether it goes yet
let played = document.body.dataset.clock?.split(" ").map(Number), looked = Date.now();
export const now = () => (played ? Math.min(played[0] + (Date.now() - looked) * played[1] * played[3], played[2]) : Date.now());
export function setClock(ms) { if (played) [played[0], looked] = [ms, Date.now()]; }
export function hearClock(answer) { // of the server: of a page that no list comes to, nothing else tells
  const told = answer.headers.get("x-upswell-clock");
  if (told) [played, looked] = [told.split(" ").map(Number), Date.now()];
}
export const isOver = () => Boolean(played) && now() >= played[2];

const TIME = { timeStyle: "short" }, DAY = { day: "numeric", month: "short" }, YEAR = { dateStyle: "medium" }, HOURS = { hour: "numeric", minute: "2-digit" };
const moments = [TIME, { ...DAY, ...HOURS }, { ...YEAR, ...TIME }, DAY, YEAR]
  .map((style) => new Intl.DateTimeFormat(navigator.language.startsWith(locale) ? navigator.language : locale, style));
function distance(then) {
  const today = new Date(now());
  return then.toDateString() === today.toDateString() ? 0 : then.getFullYear() === today.getFullYear() ? 1 : 2;
}
// By the viewer's clock: the time alone for today, with the day else, with the year where it is another one
export function clock(ms) {
  const then = new Date(ms);
  return dated(moments[distance(then)], then);
}

// How long ago that was, in words
const FAR = 360; // minutes: from then on hours are enough
const since = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
export function ago(ms) {
  const minutes = Math.round((ms - now()) / 60000);
  if (Math.abs(minutes) < 60) return since.format(minutes, "minute");
  if (minutes > -FAR && minutes < 0 && minutes % 60) return say("page.ago", { span: -60 * minutes });
  return Math.abs(minutes) < 2880 ? since.format(Math.round(minutes / 60), "hour") : since.format(Math.round(minutes / 1440), "day");
}

// By whose clock times are told, said once: an event's pages go by the event's, all others by the viewer's
const zone = document.getElementById("zone");
if (zone) zone.textContent = (played ? `${say("page.played", { day: dated(moments[3], now()), speed: played[1] })}\u00a0· ` : "")
  + say("page.zone", { zone: (document.body.dataset.zone || Intl.DateTimeFormat().resolvedOptions().timeZone).replaceAll("_", " ") });

write("time", clock);
tellMoments((ms) => { const far = distance(new Date(ms)); return [far ? dated(moments[far + 2], ms) : "", moments[0].format(ms)]; });
write("place", (scope) => (scope === "all" ? t.all : nameOf(scope, titled)));

// An element: `on...` listens, true is an attribute without a value, and what is false, null or undefined is left out
export function make(name, attributes = {}, ...children) { return filled(document.createElement(name), attributes, children); }
export function svg(name, attributes = {}, ...children) { return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children); }
function filled(made, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

// Who had the focus in what was drawn anew has it again in what stands there now: the same link or button, or the whole
export function refocus(held, box) {
  if (!held || held.isConnected) return;
  const of = (it) => `${it.tagName} ${it.getAttribute("href") ?? it.textContent}`;
  ([...box.querySelectorAll("a[href], button")].find((it) => of(it) === of(held)) ?? box).focus({ preventScroll: true });
}

export const keyOf = ({ source, id }) => `${source}/${id}`; // of a post, also where the stream says that it is gone

export const called = ({ name, source }) => clean(name, 80) || network(source); // who gave no name is of the room

// How a person is called on their network; who writes by mail or telephone, and a feed, has an address and no @name
const NO_NAMES = new Set(["sms", "mail", "email", "rss", "feed", "web"]);
export function handle({ author, source }) {
  const plain = clean(author.replace(/^https?:\/\//, ""), 80);
  return plain !== clean(author, 80) || NO_NAMES.has(source) || plain.startsWith("@") ? plain : `@${plain}`;
}

// A round mark for a person: their picture, drawn anew by our server, or the first letter on a colour of their own
export function face(account, name, picture = "") {
  if (picture) return loaded(picture, "", "face", () => face(account, name));
  const mark = make("span", { class: "face", "aria-hidden": "true" }, [...clean(name).trim().replace(/^[@#]/, "")][0]?.toLocaleUpperCase() ?? "·");
  let hue = 7;
  for (const letter of account) hue = (hue * 31 + letter.codePointAt(0)) % 360;
  mark.style.setProperty("--hue", hue);
  return mark;
}

// A picture from our server: the very node that came with the page, if one did, as it is painted already or soon; one that failed before
// this script ran tells nobody, so it is asked for anew. Where there is none after all, what `instead` makes, or nothing
const came = new Map([...document.querySelectorAll(".served img")].map((one) => [one.getAttribute("src"), one]));
export function loaded(path, alt, kind, instead) {
  const there = came.get(path);
  came.delete(path);
  const failed = there?.complete && !there.naturalWidth;
  const picture = there && !failed ? there : make("img", { src: path, alt, class: kind, loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => (instead ? picture.replaceWith(instead()) : picture.remove()));
  return picture;
}

// The pictures of a post, in the words of who posted them for those who do not see them
export function photos(pictures) {
  return pictures.length ? make("div", { class: "photos" }, ...pictures.map((it) => loaded(it.path, clean(it.alt, 1000), "photo"))) : "";
}
