// The board, the wall, the screen and the moderators' page of an event: draws what the server's stream says, and
// nothing else. Texts of posts only ever become text nodes.
import { moment, number, text } from "./texts.js";

const { view, event: name, csrf, token, rights } = document.body.dataset;
const main = document.getElementById("main");
const status = document.getElementById("status");
const canDecide = rights === "write";
let queue = "waiting";
let stream = null;
let now = null;
let chosen = "";

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (value !== false && value !== "" && value !== undefined) node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

function svg(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

// Keeps the nodes of posts that stay, so that nothing jumps and a reader's focus is not lost
function fill(list, items, key, draw) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstChild;
  for (const item of items) {
    const id = key(item);
    const print = JSON.stringify(item);
    let node = old.get(id);
    old.delete(id);
    if (node && node.dataset.print !== print) {
      const fresh = draw(item);
      if (place === node) place = fresh;
      node.replaceWith(fresh);
      node = fresh;
    } else if (!node) node = draw(item);
    node.dataset.key = id;
    node.dataset.print = print;
    if (node === place) place = place.nextSibling;
    else list.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

function card(post, ...more) {
  const time = make("time", { datetime: new Date(post.time).toISOString() }, moment(post.time));
  return make(
    "article", { class: post.pinned ? "post pinned" : "post", tabindex: view === "moderate" ? "0" : false },
    make("p", { class: "who" }, make("strong", {}, make("bdi", {}, post.name)), " ", make("bdi", { class: "quiet" }, `@${post.author}`)),
    make("p", { class: "said", dir: "auto" }, post.text),
    make("p", { class: "quiet" }, post.source, " · ",
      post.url && view !== "screen" ? make("a", { href: post.url, rel: "noopener noreferrer nofollow", target: "_blank" }, time) : time,
      post.copies ? ` · ${text.copies(number(post.copies))}` : "", post.pinned ? ` · ${text.pinned}` : "",
      post.why ? ` · ${post.why}` : ""),
    ...more,
  );
}

function section(id, title) {
  let node = document.getElementById(id);
  if (!node) {
    node = make("section", { id }, make("h2", {}, title), make("div", { class: "body" }));
    main.append(node);
  }
  return node.querySelector(".body");
}

function drawWall(data) {
  if (!main.firstChild) main.append(make("div", { id: "pins", class: "posts" }), make("div", { id: "posts", class: "posts", "aria-live": "off" }));
  const pins = new Set(data.pinned.map((post) => post.ref));
  fill(document.getElementById("pins"), data.pinned, (post) => post.ref, card);
  fill(document.getElementById("posts"), data.posts.filter((post) => !pins.has(post.ref)), (post) => post.ref, card);
  const parts = [text.counted(number(data.counted))];
  if (view === "screen" && data.came > data.shown) parts.push(text.sampled(number(data.shown), number(data.came)));
  if (data.frozen) parts.push(text.frozen);
  status.textContent = parts.join(" · ");
}

function bars(minutes) {
  const most = Math.max(1, ...minutes.map((minute) => minute[1]));
  const first = minutes.length ? minutes[0][0] : 0;
  const span = minutes.length ? (minutes.at(-1)[0] - first) / 60000 + 1 : 1;
  const line = svg("svg", { viewBox: `0 0 ${span} 40`, preserveAspectRatio: "none", class: "bars", role: "img", "aria-label": `${text.posts} ${text.perMinute}` });
  for (const [at, posts] of minutes) {
    const height = (posts / most) * 40;
    line.append(svg("rect", { x: (at - first) / 60000, y: 40 - height, width: 0.9, height }));
  }
  return line;
}

function drawBoard(data) {
  const last = data.minutes.at(-1) ?? [0, 0, 0];
  section("numbers", `${text.posts}, ${text.people}`).replaceChildren(
    make("p", { class: "big" }, make("b", {}, number(data.posts)), ` ${text.posts} `, make("b", {}, number(data.people)), ` ${text.people}`),
    make("p", {}, `${number(last[1])} ${text.posts}, ${number(last[2])} ${text.people} ${text.perMinute}`), bars(data.minutes));
  section("trends", text.trends).replaceChildren(data.trends.length
    ? make("ol", {}, ...data.trends.map((row) => make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), " ", make("span", { class: "quiet" }, `${number(row.authors)} ${text.people}`))))
    : make("p", { class: "quiet" }, text.none));
  section("topics", text.topics).replaceChildren(make("ol", {}, ...data.topics.map(([topic, posts]) => make("li", {}, make("bdi", {}, topic), " ", make("span", { class: "quiet" }, `${number(posts)}`)))));
  section("phases", text.phases).replaceChildren(make("ol", { class: "phases" }, ...data.phases.map((phase) => make("li", {}, `${moment(phase.start)}–${moment(phase.end)} `, make("b", {}, number(phase.per_minute, 1)), ` ${text.perMinute} `, make("bdi", {}, phase.topics.join(" "))))));
  section("repeated", text.repeated).replaceChildren(make("div", { class: "posts" }, ...data.repeated.map((post) => card(post))));
  section("resonance", text.resonance).replaceChildren(data.resonance.length
    ? make("ul", {}, ...data.resonance.map((it) => make("li", {}, make("a", { href: `/events/${it.event}` }, it.event), ` ${text.shared(number(it.people))} `, make("bdi", {}, it.topics.join(" ")))))
    : make("p", { class: "quiet" }, text.none));
}

async function send(path, body) {
  const answer = await fetch(`/api/v1/moderation/${name}/${path}`, {
    method: "POST", headers: { "Content-Type": "application/json", "X-Upswell-CSRF": csrf }, body: JSON.stringify(body),
  });
  if (answer.status === 401) location.reload();
  if (!answer.ok) {
    const fault = await answer.json().catch(() => ({}));
    document.getElementById("fault").textContent = fault.detail ?? answer.statusText;
  } else document.getElementById("fault").textContent = "";
}
const decide = (kind, verdict, target = "", everywhere = false) => send("decisions", { kind, verdict, target, everywhere });

const ACTS = {
  approve: (post) => decide("post", "approved", post.ref),
  stash: (post) => decide("post", "stashed", post.ref),
  block: (post) => decide("post", "blocked", post.ref),
  account: (post) => decide("account", "blocked", post.account),
  remove: (post) => decide("post", "deleted", post.ref, true),
  pin: (post) => decide("pin", "pinned", post.ref),
  unpin: (post) => decide("pin", "", post.ref),
  back: (post) => decide("post", "", post.ref),
};
const OFFERED = {
  waiting: ["approve", "stash", "block", "account", "remove"],
  shown: ["pin", "stash", "block", "account", "remove"],
  stashed: ["approve", "back", "block", "account", "remove"],
  blocked: ["back", "remove"],
};

function actions(post) {
  const offered = OFFERED[post.queue].map((act) => (act === "pin" && post.pinned ? "unpin" : act));
  return make("p", { class: "acts" }, ...offered.map((act) => make("button", { type: "button", "data-act": act, onclick: () => ACTS[act](post) }, text.acts[act])));
}

function blockForm(kind, title) {
  const field = make("input", { name: "target", required: true, maxlength: 200, "aria-label": title });
  const all = make("input", { type: "checkbox", name: "everywhere" });
  return make("form", { id: `block-${kind}`, onsubmit: (submitted) => {
    submitted.preventDefault();
    decide(kind, "blocked", field.value, all.checked);
    field.value = "";
  } }, make("label", {}, title, " ", field), make("label", {}, all, ` ${text.everywhere}`), make("button", {}, text.add));
}

function buildModerate() {
  main.append(
    make("p", { id: "fault", class: "fault", role: "alert" }),
    make("div", { class: "bar", id: "tabs", role: "group" }, ...Object.keys(text.queues).map((it) => make("button", { type: "button", "data-queue": it, onclick: () => show(it) }))),
    make("div", { class: "bar" },
      canDecide ? make("button", { type: "button", id: "freeze", onclick: freeze }) : make("p", {}, text.lookOnly),
      canDecide ? make("label", {}, `${text.mode} `, make("select", { id: "mode", onchange: (changed) => decide("mode", changed.target.value) }, make("option", { value: "auto" }, text.auto), make("option", { value: "manual" }, text.manual))) : null,
      make("span", { class: "quiet" }, token, " "), make("button", { type: "button", onclick: async () => {
        await fetch("/api/v1/moderation/logout", { method: "POST", headers: { "X-Upswell-CSRF": csrf } });
        location.reload();
      } }, text.logout)),
    make("p", { class: "quiet" }, text.keys),
    make("div", { class: "columns" },
      make("div", { id: "queue", class: "posts" }),
      make("aside", {},
        ...(canDecide ? [blockForm("word", text.blockWord), blockForm("topic", text.blockTopic)] : []),
        make("h2", {}, text.decisions), make("ul", { id: "decisions", "aria-live": "polite" }),
        make("h2", {}, text.blocks), make("ul", { id: "blocks" }))));
}

const freeze = () => decide("freeze", now?.frozen ? "" : "frozen");

function told(decision) {
  return make("span", {}, `${moment(decision.at)} ${decision.by}: ${text.kinds[decision.kind]} `, make("bdi", {}, decision.target ?? ""), ` ${text.verdicts[decision.verdict ?? ""]} `);
}

function drawModerate(data) {
  if (!main.firstChild) buildModerate();
  for (const tab of document.querySelectorAll("#tabs button")) {
    tab.textContent = `${text.queues[tab.dataset.queue]} ${number(data.counts[tab.dataset.queue])}`;
    tab.setAttribute("aria-pressed", String(tab.dataset.queue === data.queue));
  }
  if (canDecide) {
    document.getElementById("freeze").textContent = data.frozen ? text.thaw : text.freeze;
    document.getElementById("mode").value = data.mode;
  }
  fill(document.getElementById("queue"), data.posts, (post) => post.ref, (post) => card(post, canDecide ? actions(post) : null));
  fill(document.getElementById("decisions"), data.decisions, (it) => it.id, (it) => make("li", {}, told(it), canDecide ? make("button", { type: "button", class: "undo", onclick: () => send("undo", { id: it.id }) }, text.undo) : null));
  fill(document.getElementById("blocks"), data.blocks, (it) => it.id, (it) => make("li", {}, told(it), canDecide ? make("button", { type: "button", onclick: () => decide(it.kind, "", it.target, !it.event) }, text.undo) : null));
  status.textContent = data.frozen ? text.frozen : "";
  choose(chosen);
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
  queue = which;
  now = null; // no key may decide about a queue that is no longer looked at
  chosen = "";
  listen();
}

addEventListener("keydown", (pressed) => {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.target.closest?.("input, select, textarea")) return;
  if (view !== "moderate" || !now) return;
  const post = now.posts.find((it) => it.ref === chosen);
  const queues = Object.keys(text.queues);
  const keys = {
    j: () => step(1), k: () => step(-1), f: freeze,
    a: () => post && ACTS.approve(post), s: () => post && ACTS.stash(post), b: () => post && ACTS.block(post),
    p: () => post && (post.pinned ? ACTS.unpin : ACTS.pin)(post),
    u: () => { const mine = now.decisions.find((it) => it.by === token && !it.undoes); if (mine) send("undo", { id: mine.id }); },
  };
  const which = queues[Number(pressed.key) - 1];
  const act = which ? () => show(which) : keys[pressed.key];
  if (act && (which || "jk".includes(pressed.key) || canDecide)) {
    pressed.preventDefault();
    act();
  }
});

const draw = { wall: drawWall, screen: drawWall, board: drawBoard, moderate: drawModerate }[view];
function listen() {
  stream?.close();
  stream = new EventSource(view === "moderate" ? `/api/v1/moderation/${name}/stream?queue=${queue}` : `/api/v1/events/${name}/stream?view=${view}`);
  stream.addEventListener("now", (message) => {
    now = JSON.parse(message.data);
    document.body.classList.remove("away");
    draw(now);
  });
  stream.onerror = () => {
    document.body.classList.add("away");
    status.textContent = text.reconnecting;
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}
listen();

if (view === "screen" && "wakeLock" in navigator) {
  const stayAwake = () => document.visibilityState === "visible" && navigator.wakeLock.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}
