// The live page: what the address names, kept current by the stream, from the JSON API alone.
import { entitle, follow } from "./stream.js";
import { clock, colon, make, nameOf, now, setClock, t } from "./texts.js";
import { searchField } from "./search.js";

const WINDOWS = ["5m", "1h", "24h"];
const main = document.getElementById("main"), controls = document.getElementById("controls"), status = document.getElementById("status");
const screen = document.body.dataset.view === "screen";
const lists = new Map(), came = new Map(); // by scope and window: the newest list, when it came
let state = stateOf(location.href), views = [], known = [], titles = {}, drawn = 0;

function stateOf(address) {
  const query = new URL(address).searchParams;
  const scopes = [...new Set(query.getAll("scope"))].slice(0, 4), at = Number(query.get("at"));
  return {
    scopes: scopes.length ? scopes : ["all"], window: WINDOWS.includes(query.get("window")) ? query.get("window") : "1h",
    topic: query.get("topic"), q: query.get("q") ?? "", at: at > 0 ? at : null, lang: query.get("lang"),
  };
}

function linkOf(change) {
  const next = { ...state, ...change };
  if (change.scope) next.scopes = change.topic ? [change.scope] : next.scopes;
  const query = new URLSearchParams(next.scopes.map((scope) => ["scope", scope]));
  query.set("window", next.window);
  for (const name of ["topic", "q", "at", "lang"]) if (next[name]) query.set(name, next[name]);
  return `${location.pathname}?${query}`;
}

function go(change, replace = false) {
  history[replace ? "replaceState" : "pushState"](null, "", linkOf(change));
  moved();
}

function moved() {
  const before = state;
  state = stateOf(location.href);
  const same = before.scopes.join() === state.scopes.join() && before.window === state.window;
  if (!same) listen();
  if (same && before.topic === state.topic) renew(); else build();
}

async function build() {
  const turn = ++drawn;
  drawControls();
  if (state.topic) {
    const { topicView } = await import("./topic.js");
    const view = await topicView(state, known.length ? titles : scopes().then(() => titles), linkOf);
    if (turn !== drawn) return;
    main.replaceChildren(view);
    view.querySelector("h1").focus();
    entitle(`${state.topic} · upswell`);
    return;
  }
  const { leadOf, ListView } = await import("./lists.js");
  if (turn !== drawn) return;
  views = state.scopes.map((scope) => new ListView(scope, nameOf(scope, titles), linkOf));
  for (const view of views) {
    if (state.scopes.length > 1) {
      const close = make("button", { type: "button", class: "close", "aria-label": `${t.close}${colon} ${nameOf(view.scope, titles)}` }, "×");
      close.addEventListener("click", () => go({ scopes: state.scopes.filter((scope) => scope !== view.scope) }));
      view.tools.append(close);
    }
  }
  main.replaceChildren(...(state.scopes.length === 1 && !screen ? [views[0].lead = leadOf(linkOf)] : []), ...views.map((view) => view.section));
  entitle(`${state.scopes.map((scope) => nameOf(scope, titles)).join(" | ")} · upswell`);
  await renew();
}

async function listAt(scope, at) {
  const answer = await fetch(`/api/v1/trends?${new URLSearchParams({ scope, window: state.window, at: String(at) })}`);
  return answer.ok ? answer.json() : null;
}

const earlier = new Map(); // by scope, window and at: the list ten minutes before it
async function before(list) {
  const key = `${list.scope} ${list.window} ${list.at}`;
  const span = known.find((one) => one.scope === list.scope && one.window === list.window);
  if (!span || span.first === null || span.first > list.at - (list.window === "24h" ? 3600000 : 600000)) return null;
  if (!earlier.has(key)) {
    if (earlier.size > 50) earlier.clear();
    earlier.set(key, listAt(list.scope, list.at - (list.window === "24h" ? 3600000 : 600000)).catch(() => null));
  }
  return earlier.get(key);
}

let renewed = 0;
async function renew() {
  if (state.topic || !views.length) return;
  const { at, window: length, q } = state, turn = ++renewed;
  await Promise.all(views.map(async (view) => {
    const list = at ? await listAt(view.scope, at) : lists.get(`${view.scope} ${length}`);
    const shown = list ?? { at: at ?? 0, scope: view.scope, window: length, trends: [] };
    const past = list ? await before(list) : null;
    if (turn === renewed) view.show(shown, past, q, Boolean(at), came.get(`${view.scope} ${length}`)); // else something newer is on its way
  }));
  slider();
  if (state.at || lists.size) stripOnce();
}

const want = follow(({ open, away, list, gone }) => {
  if (open) { status.textContent = ""; if (!known.length) scopes(); }
  if (away && !screen) status.textContent = t.away; // a room need not know
  if (gone) dispatchEvent(new CustomEvent("gone", { detail: new Set(gone) })); // posts that were withdrawn
  if (!list) return;
  const key = `${list.scope} ${list.window}`, newest = lists.get(key);
  lists.set(key, list);
  setClock(list.at);
  if (newest?.at !== list.at) came.set(key, newest ? Date.now() : Date.now() - (now() - list.at)); // the first one may have lain there
  if (!state.at) renew();
  if (!newest && !known.some((one) => one.scope === list.scope)) scopes();
});
const listen = async () => (await want)({ scopes: state.scopes, window: state.window });

let asking = null; // once at a time: the stream opens and its first lists come together
const scopes = () => (asking ??= askScopes().finally(() => { asking = null; }));
async function askScopes() {
  try {
    const answer = await fetch("/api/v1/scopes");
    if (!answer.ok) return;
    known = await answer.json();
  } catch { return; }
  const before = JSON.stringify(titles);
  titles = Object.fromEntries(known.filter((one) => one.title).map((one) => [one.scope, one.title]));
  for (const view of views) view.heading.firstChild.textContent = nameOf(view.scope, titles);
  drawControls();
  if (state.topic) {
    if (main.querySelector("article.drawn") && JSON.stringify(titles) !== before) build(); // it names the lists it is in
    return;
  }
  if (!state.at) renew(); // movement is known once it is known how far back the history goes
}

let strip = null; // drawn once there is a list above it: nothing moves
const stripOnce = () => { strip ??= import("./alerts.js").then(({ alertStrip }) => alertStrip(document.getElementById("alerts"), status, linkOf, screen)).catch(() => { strip = null; }); }; // else with the next list
setTimeout(stripOnce, 3000);

// --- controls

const { box: searchBox, input: search } = searchField({
  filter: (q) => go({ q }, true),
  link: (topic) => linkOf({ topic, q: "" }),
  scope: () => state.scopes[0],
  open: (address) => { history.pushState(null, "", address); moved(); },
});
const range = make("input", { type: "range", id: "when", step: "60000", "aria-label": t.time });
const moment = make("output", { for: "when" });
const nowButton = make("button", { type: "button" }, t.now);
const otherLanguages = document.querySelectorAll("#top .language");
range.addEventListener("input", () => { moment.textContent = clock(Number(range.value)); });
range.addEventListener("change", () => go({ at: Number(range.value) >= Number(range.max) ? null : Number(range.value) }, true));
nowButton.addEventListener("click", () => go({ at: null }, true));
const compare = make("select", { "aria-label": t.compare });
const picks = ["lang", "source"].map((kind) => {
  const select = make("select", { "aria-label": t[`${kind}s`] });
  select.addEventListener("change", () => go({ scopes: [select.value || "all"], topic: null }));
  return [kind, select];
});
compare.addEventListener("change", () => { if (compare.value) go({ scopes: [...state.scopes, compare.value].slice(0, 4), topic: null }); });
const scopeNav = make("nav", { class: "chips scopes", "aria-label": t.scopes }), windowNav = make("nav", { class: "chips segments", "aria-label": t.window });
const time = make("div", { class: "time" }, make("span", { class: "quiet", "aria-hidden": "true" }, t.rewind), range, moment, nowButton);

function drawControls() {
  if (screen) return;
  if (!controls.firstChild) {
    controls.append(make("div", {}, scopeNav, make("div", { class: "picks" }, ...picks.map(([, select]) => select), compare)), make("div", {}, windowNav, searchBox, time));
  }
  for (const link of otherLanguages) link.href = linkOf({ lang: link.hreflang });
  if (document.activeElement !== search) search.value = state.q;
  const names = [...new Set(["all", ...known.map((one) => one.scope)])];
  const chip = (text, change, here) => make("a", { href: linkOf(change), ...(here ? { "aria-current": "page" } : {}) }, make("bdi", {}, text));
  if (!controls.contains(document.activeElement) || !scopeNav.firstChild) {
    const ofKind = (kind) => names.filter((scope) => scope.startsWith(`${kind}:`));
    scopeNav.replaceChildren(...["all", ...ofKind("event"), ...ofKind("watch")].slice(0, 24).map((scope) => chip(nameOf(scope, titles), { scopes: [scope], topic: null }, state.scopes.includes(scope))));
    windowNav.replaceChildren(...WINDOWS.map((window) => chip(t.windows[window], { window, topic: null }, window === state.window)));
    for (const [kind, select] of picks) {
      const chosen = ofKind(kind).find((scope) => state.scopes.includes(scope)) ?? "";
      select.replaceChildren(make("option", { value: "" }, t[`${kind}s`]), ...options(ofKind(kind)));
      Object.assign(select, { value: chosen, className: chosen && "chosen", disabled: !ofKind(kind).length });
    }
    const others = names.filter((scope) => !state.scopes.includes(scope));
    const groups = [["event", t.events], ["watch", t.watches], ["lang", t.langs], ["source", t.sources]].map(([kind, label]) => [label, others.filter((scope) => scope.startsWith(`${kind}:`))]);
    compare.replaceChildren(make("option", { value: "" }, t.compare), ...options(others.filter((scope) => scope === "all")),
      ...groups.filter(([, scopes]) => scopes.length).map(([label, scopes]) => make("optgroup", { label }, ...options(scopes))));
    compare.disabled = !others.length || state.scopes.length >= 4;
  }
  slider();
}

const options = (scopes) => scopes.map((scope) => make("option", { value: scope }, nameOf(scope, titles)));

function slider() {
  const span = known.find((one) => one.scope === state.scopes[0] && one.window === state.window);
  time.hidden = !(span && span.first !== null && span.first < span.last);
  nowButton.hidden = !state.at;
  if (time.hidden || document.activeElement === range) return;
  const newest = Math.max(span.last, lists.get(`${state.scopes[0]} ${state.window}`)?.at ?? 0);
  Object.assign(range, { min: span.first, max: newest, value: state.at ?? newest });
  moment.textContent = state.at ? clock(state.at) : "";
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || link.hreflang || link.origin !== location.origin || link.pathname !== location.pathname || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  history.pushState(null, "", link.href);
  link.blur();
  moved();
});
addEventListener("popstate", moved);
document.addEventListener("keydown", (event) => {
  if (event.target.matches?.("input, select, textarea") || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && state.topic) go({ topic: null });
});

async function stayAwake() {
  if (screen && document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
build();
listen();
setInterval(scopes, 20000);
setInterval(renew, 30000);
