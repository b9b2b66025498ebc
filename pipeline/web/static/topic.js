// All about one topic: its figures, its course over a day, what people write, spellings, where it is listed, alerts.
import { alertLine } from "./alerts.js";
import { courseOf } from "./chart.js";
import { coming } from "./coming.js";
import { say } from "./messages.js";
import { about, called, clean, clock, face, handle, keyOf, make, nameOf, network, photos, reasonOf, t, told } from "./texts.js";

const EVERY_MS = 4000;

// What the page came with, once
let first = JSON.parse(document.getElementById("first")?.textContent ?? "[]").find((one) => one.topic)?.topic;
function given({ topic, at }) {
  const found = first?.topic === topic && !at ? first : null;
  first = null;
  return found;
}

async function asked(query) {
  const answer = await fetch(`/api/v1/topics?${query}`);
  return answer.ok ? answer.json() : null;
}

// `titled` brings the titles of scopes
export async function topicView(state, titled, linkOf) {
  const query = new URLSearchParams({ key: state.topic, scope: state.scopes[0], window: state.window });
  if (state.at) query.set("to", String(state.at));
  const [found, titles] = await Promise.all([given(state) ?? asked(query), titled]);
  const heading = make("h1", { tabindex: "-1" }, make("bdi", {}, clean(state.topic, 80)));
  const head = make("header", {}, make("a", { class: "back", href: linkOf({ topic: null }) }, `← ${t.back}`), heading);
  const view = make("article", { class: "topic drawn" }, head);
  if (!found) {
    view.append(make("p", { class: "empty" }, t.unknown));
    return view;
  }
  heading.firstChild.textContent = clean(found.display, 80);
  const here = found.now.find((place) => place.scope === state.scopes[0] && place.window === state.window) ?? found.now[0];
  if (here) {
    const row = here.trend;
    heading.append(" ", make("span", { class: `tag ${row.trending ? row.state : ""}` }, row.trending ? t.states[row.state] : t.usual));
    head.append(make("p", { class: "why lead" }, make("bdi", {}, reasonOf(row))));
    if (row.flags.length) head.append(make("p", { class: "flags" }, row.flags.map((flag) => t.flags[flag] ?? "").join(", ")));
    view.append(facts(row));
  }
  if (found.history.length > 1) view.append(courseOf(found, { scope: state.scopes[0], window: state.window, to: state.at ?? found.history.at(-1).at }));
  view.append(postsOf(state, found.posts));
  const halves = make("div", { class: "halves" });
  section(halves, t.alerts, make("ul", { class: "alerts" }, ...found.alerts.map((alert) => make("li", { class: `alert ${alert.status === "firing" ? alert.severity : "over"}` }, make("bdi", {}, alertLine(alert))))));
  section(halves, t.spellings, make("ul", { class: "links" }, ...found.variants.map((text) => make("li", {}, make("bdi", { class: "tag" }, clean(text, 80))))));
  section(halves, t.listed, make("ul", { class: "links" }, ...found.now.map((place) => make("li", {}, make("a", { class: "button", href: linkOf({ topic: null, scopes: [place.scope], window: place.window }) },
    `${nameOf(place.scope, titles)} · ${t.windows[place.window]} · ${say("page.number", { n: place.trend.rank })}`)))));
  if (halves.firstChild) view.append(halves);
  return view;
}

function facts(row) {
  const list = make("dl", { class: "facts" });
  const add = (name, value, more = "") => list.append(make("div", {}, make("dt", {}, name), make("dd", {}, value, more && " ", more && make("small", {}, more))));
  add(t.people, told(row.authors));
  add(t.posts, told(row.posts));
  const inside = make("dl", { class: "facts" }), details = make("details", {}, make("summary", {}, t.details), inside);
  const more = (name, value, unit) => inside.append(make("div", {}, make("dt", {}, name), make("dd", {}, value, unit && " ", unit && make("small", {}, unit))));
  more(`${t.expected} ${say("page.minutes", { n: row.score_window_s / 60 })}`, `${about(row.expected)} ± ${about(row.spread)}`, "");
  more(t.score, about(row.score), "σ");
  if (row.since !== null) add(t.since, make("span", { class: "when" }, clock(row.since)));
  if (row.origins) {
    const { one_server: share, usual, bots } = row.origins;
    if (share) more(t.server, say("page.part", { share }), usual === null ? "" : say("page.usually", { usual }));
    more(t.bots, say("page.part", { share: bots }), "");
  }
  if (row.peak) more(t.peak, about(row.peak.score), `σ, ${clock(row.peak.at)}`);
  return make("div", {}, list, details);
}

// What people write about it: those that the list names, and beside a list of now the newest, as they come
function postsOf({ topic, scopes: [scope], at }, named) {
  const box = make("section", { class: "examples", hidden: !named.length }, make("h2", {}, at ? t.examples : t.posts));
  const list = coming({ card: example, key: keyOf, kept: (shown, all) => shown.filter((post) => all.some((it) => keyOf(it) === keyOf(post))), top: () => box });
  box.append(at ? "" : list.news, list.posts);
  let newest = named;
  const show = () => { box.hidden = !newest.length; list.show(newest); };
  list.show(newest);
  addEventListener("gone", function leave({ detail }) {
    if (begun && !box.isConnected) removeEventListener("gone", leave); // another view is there
    newest = newest.filter((post) => !detail.has(keyOf(post)));
    show();
  });
  async function renew() {
    if (box.isConnected && document.visibilityState === "visible") {
      const answer = await fetch(`/api/v1/search/posts?${new URLSearchParams({ topic, scope })}`).catch(() => null);
      if (answer?.ok) {
        newest = await answer.json();
        show();
      }
    }
    if (begun && !box.isConnected) return; // another view is there
    begun ||= box.isConnected;
    setTimeout(renew, EVERY_MS);
  }
  let begun = false;
  setTimeout(at ? () => { begun = box.isConnected; } : renew);
  return box;
}

export function example(post) {
  const time = make("time", { datetime: new Date(post.time).toISOString() }, clock(post.time));
  return make("article", { class: "post", "data-post": keyOf(post) },
    make("div", { class: "who" }, face(post.author, post.name, post.avatar), make("div", {}, make("strong", {}, make("bdi", {}, called(post))), make("bdi", { class: "quiet" }, handle(post)))),
    make("p", { class: "said", dir: "auto" }, clean(post.text, 1000)), photos(post.pictures),
    make("p", { class: "foot" }, network(post.source), " · ", post.url ? make("a", { href: post.url, rel: "noopener noreferrer nofollow", target: "_blank" }, time) : time));
}

function section(view, title, list) {
  if (list.firstChild) view.append(make("section", { class: "panel" }, make("h2", {}, title), list));
}
