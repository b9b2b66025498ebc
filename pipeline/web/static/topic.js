// All about one topic: its course over a day, spellings, where it is listed, example posts, alerts.
import { clean, clock, make, nameOf, t, told, why } from "./texts.js";

export async function topicView(state, titles, linkOf) {
  const query = new URLSearchParams({ key: state.topic, scope: state.scopes[0], window: state.window });
  if (state.at) query.set("to", String(state.at));
  const answer = await fetch(`/api/v1/topics?${query}`);
  const view = make("article", { class: "topic" }, make("a", { class: "back", href: linkOf({ topic: null }) }, `← ${t.back}`));
  const heading = make("h1", { tabindex: "-1" }, make("bdi", {}, clean(state.topic, 80)));
  view.append(heading);
  if (!answer.ok) {
    view.append(make("p", {}, t.unknown));
    return view;
  }
  const about = await answer.json();
  heading.firstChild.textContent = clean(about.display, 80);
  const here = about.now.find((place) => place.scope === state.scopes[0] && place.window === state.window) ?? about.now[0];
  if (here) view.append(make("p", { class: "why" }, make("bdi", {}, why(here.trend.why))));
  if (about.history.length > 1) view.append(await course(about.history));
  section(view, t.alerts, about.alerts.map(alertLine));
  section(view, t.spellings, about.variants.map((text) => clean(text, 80)));
  section(view, t.listed, about.now.map((place) => make("a", { href: linkOf({ topic: null, scopes: [place.scope], window: place.window }) },
    `${nameOf(place.scope, titles)} · ${place.window} · #${place.trend.rank}`)));
  section(view, t.examples, about.examples.map((id) => clean(id, 120)));
  return view;
}

export const alertLine = (alert) => `${clock(alert.fired)} · ${alert.status === "firing" ? t.firing : t.over}${alert.acknowledged ? ` (${t.seen} ${clean(alert.acknowledged, 40)})` : ""} · ${clean(alert.rule, 60)}: ${why(alert.why)}`;

function section(view, title, lines) {
  if (!lines.length) return;
  view.append(make("h2", {}, title), make("ul", {}, ...lines.map((line) => make("li", {}, make("bdi", {}, line)))));
}

async function course(points) {
  const figure = make("figure", {}, make("figcaption", {}, t.course));
  const canvas = make("div", { class: "chart", role: "img", "aria-label": t.course });
  const rows = points.slice(-60).reverse().map((point) => make("tr", {}, make("td", {}, clock(point.at)), ...[point.rank, point.authors, point.posts]
    .map((value) => make("td", {}, told(value)))));
  const head = make("tr", {}, ...[t.time, "#", t.people, t.posts].map((name) => make("th", { scope: "col" }, name)));
  figure.append(canvas, make("details", {}, make("summary", {}, t.table), make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows))));
  try {
    const Plot = await plotter();
    const ink = getComputedStyle(document.body).color;
    const axis = { stroke: ink, grid: { stroke: "#8884" }, ticks: { stroke: "#8884" } };
    const data = [points.map((point) => point.at / 1000), points.map((point) => point.authors), points.map((point) => point.posts), points.map((point) => point.expected)];
    const plot = new Plot({
      width: 640, height: 280, axes: [axis, axis],
      series: [{ label: t.time }, { label: t.people, stroke: "#2b7bbb", width: 2 }, { label: t.posts, stroke: "#c2571a", width: 1 }, { label: t.expected, stroke: "#888", dash: [6, 4] }],
    }, data, canvas);
    new ResizeObserver(() => plot.setSize({ width: Math.max(280, canvas.clientWidth), height: 280 })).observe(canvas);
  } catch { canvas.remove(); /* the table tells the same */ }
  return figure;
}

export function plotter() {
  if (window.uPlot) return window.uPlot;
  document.head.append(make("link", { rel: "stylesheet", href: "/static/uplot/uPlot.min.css" }));
  return new Promise((resolve, reject) => {
    const script = make("script", { src: "/static/uplot/uPlot.iife.min.js" });
    script.addEventListener("load", () => resolve(window.uPlot));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}
