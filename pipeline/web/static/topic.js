// All about one topic: its figures, its course over a day, what people write, spellings, where it is listed, alerts.
import { say } from "./messages.js";
import { about, alertText, clean, clock, colon, face, handle, make, nameOf, photos, rowText, t, told } from "./texts.js";

export async function topicView(state, titles, linkOf) {
  const query = new URLSearchParams({ key: state.topic, scope: state.scopes[0], window: state.window });
  if (state.at) query.set("to", String(state.at));
  const answer = await fetch(`/api/v1/topics?${query}`);
  const heading = make("h1", { tabindex: "-1" }, make("bdi", {}, clean(state.topic, 80)));
  const head = make("header", {}, make("a", { class: "back", href: linkOf({ topic: null }) }, `← ${t.back}`), heading);
  const view = make("article", { class: "topic" }, head);
  if (!answer.ok) {
    view.append(make("p", { class: "empty" }, t.unknown));
    return view;
  }
  const found = await answer.json();
  heading.firstChild.textContent = clean(found.display, 80);
  const here = found.now.find((place) => place.scope === state.scopes[0] && place.window === state.window) ?? found.now[0];
  if (here) {
    const row = here.trend;
    heading.append(" ", make("span", { class: `tag ${row.trending ? row.state : ""}` }, row.trending ? t.states[row.state] : t.usual));
    head.append(make("p", { class: "why lead" }, make("bdi", {}, rowText(row))));
    if (row.flags.length) head.append(make("p", { class: "flags" }, row.flags.map((flag) => t.flags[flag] ?? "").join(", ")));
    view.append(facts(row));
  }
  if (found.history.length > 1) view.append(await course(found.history));
  if (found.posts.length) view.append(make("section", { class: "examples" }, make("h2", {}, t.examples), make("div", { class: "posts" }, ...found.posts.map(example))));
  const halves = make("div", { class: "halves" });
  section(halves, t.alerts, make("ul", { class: "alerts" }, ...found.alerts.map((alert) => make("li", { class: "alert" }, make("bdi", {}, alertLine(alert))))));
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

export function example(post) {
  const time = make("time", { datetime: new Date(post.time).toISOString() }, clock(post.time));
  return make("article", { class: "post" },
    make("div", { class: "who" }, face(post.author, post.name, post.avatar), make("div", {}, make("strong", {}, make("bdi", {}, clean(post.name, 60))), make("bdi", { class: "quiet" }, handle(post)))),
    make("p", { class: "said", dir: "auto" }, clean(post.text, 1000)), photos(post.pictures),
    make("p", { class: "foot" }, clean(post.source, 40), " · ", post.url ? make("a", { href: post.url, rel: "noopener noreferrer nofollow", target: "_blank" }, time) : time));
}

export const alertLine = (alert) => `${clock(alert.fired)} · ${alert.status === "firing" ? t.firing : t.over}${alert.acknowledged ? ` (${t.seen} ${clean(alert.acknowledged, 40)})` : ""} · ${clean(alert.rule, 60)}${colon} ${alertText(alert)}`;

function section(view, title, list) {
  if (list.firstChild) view.append(make("section", { class: "panel" }, make("h2", {}, title), list));
}

async function course(points) {
  const figure = make("figure", { class: "card" }, make("figcaption", {}, t.course));
  const canvas = make("div", { class: "chart", role: "img", "aria-label": t.course });
  const rows = points.slice(-60).reverse().map((point) => make("tr", {}, make("td", {}, clock(point.at)), ...[point.rank, point.authors, point.posts]
    .map((value) => make("td", {}, told(value)))));
  const head = make("tr", {}, ...[t.time, "#", t.people, t.posts].map((name) => make("th", { scope: "col" }, name)));
  figure.append(canvas, make("details", {}, make("summary", {}, t.table), make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
  try {
    const data = [points.map((point) => point.at / 1000), points.map((point) => point.authors), points.map((point) => point.posts), points.map((point) => point.expected)];
    await plotted(canvas, 280, {}, [
      { label: t.time, value: (_, at) => (at == null ? "–" : clock(at * 1000)) }, { label: t.people, stroke: "#2b7bbb", width: 2.5, fill: "#2b7bbb22" }, { label: t.posts, stroke: "#c2571a", width: 1.5 }, { label: t.expected, stroke: "#888", dash: [6, 4] },
    ], data);
  } catch { canvas.remove(); /* the table tells the same */ }
  return figure;
}

// A chart as wide as its place; times and numbers are written as the page's language wants them
export async function plotted(canvas, height, options, series, data) {
  const Plot = await plotter(), ink = getComputedStyle(document.body).color;
  const axis = { stroke: ink, grid: { stroke: "#8883", width: 1 }, ticks: { stroke: "#8883" }, font: "13px system-ui, sans-serif" };
  const times = { ...axis, space: 90, values: (_, marks) => marks.map((at) => clock(at * 1000)) };
  const values = { ...axis, size: 56, values: options.values ?? ((_, marks) => marks.map((value) => about(value))) };
  const plot = new Plot({ width: 640, height, axes: [times, values], series: series.map((one) => ({ points: { show: false }, value: (_, value) => (value == null ? "–" : about(value)), ...one })), ...options.more }, data, canvas);
  new ResizeObserver(() => plot.setSize({ width: Math.max(260, canvas.clientWidth), height })).observe(canvas);
  return plot;
}

function plotter() {
  if (window.uPlot) return window.uPlot;
  document.head.append(make("link", { rel: "stylesheet", href: "/static/uplot/uPlot.min.css" }));
  return new Promise((resolve, reject) => {
    const script = make("script", { src: "/static/uplot/uPlot.iife.min.js" });
    script.addEventListener("load", () => resolve(window.uPlot));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}
