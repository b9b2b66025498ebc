// The moderators' page of an event: its queues, decisions by button and key, what is blocked.
import { ring } from "../stream.js";
import { make, network } from "../texts.js";
import { fill, readBy } from "../cards.js";
import { canDecide, card, logoutButton, name, post as send, told, token, withPosts } from "./cards.js";
import { heard } from "./following.js";
import { number, text } from "./texts.js";
import { say } from "../messages.js";

const main = document.getElementById("main"), status = document.getElementById("status");
const READ_MS = 2000; // a post that has stood here for less, nobody has read: approving all leaves it, and so a double click does
const KEYED = "upswell.moderate.keys";
const QUEUES = Object.keys(text.queues);
let now = null, chosen = "", queue = "waiting", wanted = {}, approved = [], keyed = true;
try { keyed = localStorage.getItem(KEYED) !== "off"; } catch { /* a private window: they work */ }

async function decide(kind, verdict, target = "", everywhere = false, content = "") {
  const about = now?.posts.find((post) => post.ref === target || post.account === target);
  const made = await send(`/api/v1/moderation/${name}/decisions`, { kind, verdict, target, everywhere, content });
  if (made && about) offerUndo(made, about);
  return made;
}
const accept = (kind, verdict, post) => decide(kind, verdict, post.ref, false, post.content); // of what is on the page
const undo = (id) => send(`/api/v1/moderation/${name}/undo`, { id });

// What one has just decided about a post can be taken back where one looks, and not only in the list of decisions
const OFFERED_MS = 10000;
const last = make("div", { id: "last", role: "status" });
let over = 0;
function offerUndo(decision, about) {
  clearTimeout(over);
  over = setTimeout(() => last.replaceChildren(), OFFERED_MS);
  const back = async () => { last.replaceChildren(); await undo(decision.id); document.getElementById("desk").focus({ preventScroll: true }); };
  last.replaceChildren(told(decision, about), make("button", { type: "button", onclick: back }, text.undo));
}
const freeze = () => decide("freeze", now?.frozen ? "" : "frozen");

const ACTS = {
  approve: (post) => accept("post", "approved", post),
  stash: (post) => decide("post", "stashed", post.ref),
  block: (post) => decide("post", "blocked", post.ref),
  account: (post) => decide("account", "blocked", post.account),
  trust: (post) => decide("trust", "trusted", post.account),
  distrust: (post) => decide("trust", "", post.account),
  remove: (post) => decide("post", "deleted", post.ref, true),
  pin: (post) => accept("pin", "pinned", post),
  unpin: (post) => decide("pin", "", post.ref),
  back: (post) => decide("post", "", post.ref),
};
const OFFERED = {
  waiting: ["approve", "trust", "stash", "block", "account", "remove"],
  shown: ["pin", "trust", "stash", "block", "account", "remove"],
  stashed: ["approve", "back", "block", "account", "remove"],
  blocked: ["back", "remove"],
};

// A queue is a moderator's own: it has a stream of its own, for as long as the session lasts
let stream = null;
function listen() {
  stream?.close();
  stream = new EventSource(`/api/v1/moderation/${name}/stream?${new URLSearchParams({ queue, ...wanted })}`);
  stream.addEventListener("now", ({ data }) => heard(drawModerate, { now: JSON.parse(data) }));
  stream.addEventListener("firing", ({ data }) => ring(Number(data)));
  stream.onerror = () => {
    heard(drawModerate, { away: true });
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}

function actions(post) {
  const offered = OFFERED[post.queue].map((act) => (act === "pin" && post.pinned ? "unpin" : act === "trust" && post.trusted ? "distrust" : act));
  return make("p", { class: "acts" }, ...offered.map((act) => make("button", { type: "button", "data-act": act, class: act === "approve" ? "main" : false, onclick: () => ACTS[act](post) }, text.acts[act])));
}

// Each of them is a decision of its own; the first that is refused ends it, and its reason stands at the top
async function approveAll() {
  const read = new Set([...posts.children].filter((node) => performance.now() - node.drawnMs > READ_MS).map((node) => node.dataset.key));
  const made = [];
  for (const post of now.posts.filter((it) => read.has(it.ref))) {
    const decision = await ACTS.approve(post);
    if (!decision) break;
    made.push(decision.id);
  }
  if (made.length) approved = made;
  last.replaceChildren(); // they are taken back together
  drawAll();
}

async function undoAll() {
  while (approved.length && await undo(approved.at(-1))) approved.pop();
  drawAll();
}

function drawAll() {
  document.getElementById("approve-all").hidden = !now || now.queue !== "waiting" || now.posts.length < 2;
  const back = document.getElementById("undo-all");
  back.hidden = !approved.length;
  back.textContent = say("wall.undoAll", { n: approved.length });
}

// No second click is heard until the first one is done
const once = (act) => async ({ currentTarget: button }) => {
  button.disabled = true;
  await act();
  button.disabled = false;
};

function blockForm(kind, title) {
  const field = make("input", { name: "target", required: true, maxlength: 200, "aria-label": title });
  const all = make("input", { type: "checkbox", name: "everywhere" });
  return make("form", { id: `block-${kind}`, onsubmit: (submitted) => {
    submitted.preventDefault();
    decide(kind, "blocked", field.value, all.checked);
    field.value = "";
  } }, make("label", {}, make("b", {}, title), " ", field), make("label", { class: "quiet" }, all, ` ${text.everywhere}`), make("button", {}, text.add));
}

function switchKeys({ target }) {
  keyed = target.checked;
  try { localStorage.setItem(KEYED, keyed ? "on" : "off"); } catch { /* a private window: until it is closed */ }
}

// While somebody is at the queue nothing comes above what they see: a click would meet another post
const posts = make("div", { id: "queue", class: "posts" }), isRead = readBy(posts);
const fresh = make("button", { type: "button", class: "main", onclick: () => { drawModerate(now); document.getElementById("desk").focus(); } });

function drawPosts(all) {
  const there = new Set([...posts.children].map((node) => node.dataset.key)), last = all.findLastIndex((post) => there.has(post.ref));
  const these = isRead() ? all.filter((post, at) => at > last || there.has(post.ref)) : all, held = all.length - these.length;
  fill(posts, these, (post) => post.ref, (post) => Object.assign(card(post, canDecide ? actions(post) : null), { drawnMs: performance.now() }));
  fresh.style.visibility = held ? "visible" : "hidden"; // its place is kept
  fresh.textContent = say("page.coming", { n: held });
}

// What is looked for in the queue: words, a source, what posts are held for
let soon = 0;
const search = make("input", { type: "search", name: "q", maxlength: 200, autocomplete: "off", placeholder: text.search, "aria-label": text.search });
const picks = Object.fromEntries(["source", "why"].map((it) => [it, make("select", { name: it, "aria-label": text.pick[it] })]));
const filters = make("form", { id: "filters", class: "row", role: "search", onsubmit: (sent) => sent.preventDefault(), oninput: ({ target }) => {
  clearTimeout(soon);
  soon = setTimeout(() => look(queue), target === search ? 300 : 0);
} }, search, ...Object.values(picks), fresh);

function drawFilters(data) {
  for (const [it, counts, words] of [["source", data.sources, network], ["why", data.whys, (why) => text.whys[why] ?? why]]) {
    const select = picks[it], held = select.value, choices = new Set([...Object.keys(counts), ...(held ? [held] : [])]);
    fill(select, ["", ...[...choices].sort()], (value) => value, (value) => new Option(value ? words(value) : text.pick[it], value));
    select.value = held;
    select.hidden = !choices.size;
  }
}

// What became of a post that somebody misses
const LATE_S = 60; // a post that came so long after it was written may have been too late for the lists
const missed = make("input", { type: "text", name: "post", required: true, maxlength: 1024, autocomplete: "off", "aria-label": text.where.field, placeholder: text.where.field });
const answer = make("div", { role: "status" });
async function ask(sent) {
  sent.preventDefault();
  answer.replaceChildren(make("p", {}, text.where.looking));
  const response = await fetch(`/api/v1/moderation/${name}/whereabouts?${new URLSearchParams({ post: missed.value.trim() })}`);
  if (response.status === 401) location.reload();
  const found = await response.json();
  const said = response.ok ? [found.where === "foreign" ? text.foreign[found.foreign] : say(`wall.where.${found.where}`, { at: found.since })] : [found.detail ?? response.statusText];
  if (found.where === "never" && found.since) said.push(say("wall.where.since", { at: found.since, whole: found.whole }));
  if (found.folded) said.push(text.where.folded);
  if (found.post && found.behind_s >= LATE_S) said.push(say("wall.where.behind", { span: 60 * Math.round(found.behind_s / 60) }));
  answer.replaceChildren(make("p", {}, said.join(" ")), ...(found.post ? [card(found.post, canDecide ? actions(found.post) : null)] : []));
}
const whereabouts = make("details", { id: "whereabouts" }, make("summary", {}, text.where.ask), make("form", { class: "row", onsubmit: ask }, missed, make("button", {}, text.where.go)), answer);

function build() {
  main.append(
    make("p", { id: "fault", class: "fault", role: "alert" }), last,
    make("div", { class: "bar" },
      make("div", { class: "tabs", id: "tabs", role: "group", "aria-label": text.queue }, ...QUEUES.map((it) => make("button", { type: "button", "data-queue": it, onclick: () => show(it) }))),
      canDecide ? make("button", { type: "button", id: "freeze", onclick: freeze }) : make("p", {}, text.lookOnly),
      canDecide ? make("label", {}, `${text.mode} `, make("select", { id: "mode", onchange: (changed) => decide("mode", changed.target.value) }, make("option", { value: "auto" }, text.auto), make("option", { value: "manual" }, text.manual))) : null,
      make("span", { class: "signed" }, make("span", { class: "quiet" }, token), " ", logoutButton())),
    make("label", { class: "keys quiet" }, make("input", { type: "checkbox", id: "keyed", checked: keyed, onchange: switchKeys }), text.keyed),
    make("p", { class: "keys quiet" }, ...text.keys.flatMap(([key, what]) => [make("kbd", {}, key), ` ${what} `])),
    make("div", { class: "columns" },
      make("div", {},
        whereabouts,
        filters,
        canDecide ? make("p", { class: "acts all" }, make("button", { type: "button", id: "approve-all", onclick: once(approveAll) }, text.approveAll), make("button", { type: "button", id: "undo-all", onclick: once(undoAll) })) : null,
        make("div", { id: "desk", tabindex: "-1", onfocusin: ({ target }) => choose(target.closest("#queue > .post")?.dataset.key ?? chosen) },
          posts, make("p", { id: "none", class: "empty", role: "status", hidden: true }))),
      make("aside", {},
        ...(canDecide ? [blockForm("word", text.blockWord), blockForm("topic", text.blockTopic)] : []),
        make("h2", {}, text.decisions), make("ul", { id: "decisions", "aria-live": "polite" }),
        make("h2", {}, text.trusted), make("p", { class: "quiet" }, text.trustMeans), make("ul", { id: "trusted" }),
        make("h2", {}, text.blocks), make("ul", { id: "blocks" }))));
}

function drawModerate(data) {
  now = data;
  const began = !main.firstChild;
  if (began) build();
  const desk = document.getElementById("desk");
  const held = desk.contains(document.activeElement) || (began && document.activeElement === document.body);
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.textContent = `${text.queues[tab.dataset.queue]} ${number(data.counts[tab.dataset.queue])}`;
    tab.setAttribute("aria-pressed", String(tab.dataset.queue === data.queue));
  }
  if (canDecide) {
    document.getElementById("freeze").textContent = data.frozen ? text.thaw : text.freeze;
    document.getElementById("freeze").setAttribute("aria-pressed", String(data.frozen));
    document.getElementById("mode").value = data.mode;
    drawAll();
  }
  drawFilters(data);
  const none = document.getElementById("none"), whole = data.counts[data.queue];
  none.hidden = data.posts.length > 0 && data.found === whole && !data.filling;
  none.textContent = data.filling ? text.filling : !whole ? text.emptyQueue : say("wall.found", { n: number(data.found), whole: number(whole) });
  drawPosts(data.posts);
  fill(document.getElementById("decisions"), withPosts(data.decisions, data.decided), (it) => it.id, (it) => make("li", {}, told(it, it.about), canDecide ? make("button", { type: "button", class: "undo", onclick: () => undo(it.id) }, text.undo) : null));
  for (const list of ["blocks", "trusted"]) {
    fill(document.getElementById(list), withPosts(data[list], data.decided), (it) => it.id, (it) => make("li", {}, told(it, it.about), canDecide ? make("button", { type: "button", onclick: () => decide(it.kind, "", it.target, !it.event) }, text.undo) : null));
  }
  status.textContent = data.frozen ? text.frozen : data.came > data.shown ? say("wall.sampled", { shown: data.shown, came: data.came }) : "";
  choose(chosen);
  if (held && !desk.contains(document.activeElement)) (document.querySelector("#queue > .chosen") ?? desk).focus({ preventScroll: true });
}

function choose(ref) {
  const cards = [...document.querySelectorAll("#queue > .post")];
  const found = cards.find((node) => node.dataset.key === ref) ?? cards[0];
  chosen = found?.dataset.key ?? "";
  for (const node of cards) node.classList.toggle("chosen", node === found);
}

function step(by) {
  const cards = [...document.querySelectorAll("#queue > .post")];
  const at = cards.findIndex((node) => node.dataset.key === chosen);
  const next = cards[Math.min(cards.length - 1, Math.max(0, at + by))];
  if (next) {
    choose(next.dataset.key);
    next.focus();
  }
}

function show(which) {
  filters.reset();
  look(which);
}

function look(which) {
  queue = which;
  wanted = Object.fromEntries([...new FormData(filters)].filter(([, value]) => value));
  now = null; // no key may decide about a queue that is no longer looked at
  chosen = "";
  listen();
}

addEventListener("keydown", (pressed) => {
  if (!keyed || !now || pressed.ctrlKey || pressed.metaKey || pressed.altKey || !pressed.target.closest?.("#desk")) return;
  const post = now.posts.find((it) => it.ref === chosen);
  const keys = {
    j: () => step(1), k: () => step(-1), f: freeze,
    a: () => post && ACTS.approve(post), s: () => post && ACTS.stash(post), b: () => post && ACTS.block(post),
    p: () => post && (post.pinned ? ACTS.unpin : ACTS.pin)(post),
    t: () => post && (post.trusted ? ACTS.distrust : ACTS.trust)(post),
    "/": () => search.focus(),
    u: () => { const mine = now.decisions.find((it) => it.by === token && !it.undoes); if (mine) undo(mine.id); },
  };
  const which = QUEUES[Number(pressed.key) - 1];
  const act = which ? () => show(which) : keys[pressed.key];
  if (act && (which || "jk/".includes(pressed.key) || canDecide)) {
    pressed.preventDefault();
    act();
  }
});

listen();
