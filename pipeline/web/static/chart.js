// Charts; and the course of a topic: over a range, with a second topic beside it, as a table, a CSV file, a picture.
import { about, clean, clock, colon, make, t, told } from "./texts.js";

const HOURS = [6, 24, 168, 720], MARKS = 50;
const COLUMNS = [["authors", t.people], ["posts", t.posts], ["expected", t.expected]];

async function pointsOf(key, place, hours) {
  const query = new URLSearchParams({ key, scope: place.scope, window: place.window, from: String(place.to - hours * 3600000), to: String(place.to) });
  const answer = await fetch(`/api/v1/topics?${query}`).catch(() => null);
  return answer?.ok ? (await answer.json()).history : [];
}

// `found` is a topic as the API tells it, with the points of a day; `place`: scope, window, and the end in ms
export function courseOf(found, place) {
  let hours = 24, other = null, points = found.history, beside = [], plot = null, turn = 0;
  const canvas = make("div", { class: "chart", role: "img" }), caption = make("figcaption"), body = make("tbody");
  const csv = make("a", { class: "button", download: "" }, "CSV"), png = make("button", { type: "button" }, t.picture), whole = make("button", { type: "button", hidden: "" }, t.whole);
  const ranges = make("div", { class: "row", role: "group", "aria-label": t.range }, ...HOURS.map((each) => make("button", { type: "button", "data-hours": String(each) }, t.ranges[each])));
  const compare = make("select", { "aria-label": t.beside }, make("option", { value: "" }, t.beside));
  const head = make("tr", {}, ...[t.time, "#", t.people, t.posts].map((name) => make("th", { scope: "col" }, name)));
  const figure = make("figure", { class: "card" }, caption, make("div", { class: "row tools" }, ranges, compare, csv, png, whole), make("p", { class: "quiet zoom" }, t.zoom), canvas, make("details", {}, make("summary", {}, t.table), make("table", {}, make("thead", {}, head), body)));

  // who does not scroll to the chart, and does not ask for its picture, loads nothing that draws it
  let show = null;
  const wanted = new Promise((done) => { show = done; });
  const sight = new IntersectionObserver((all) => { if (all.some((one) => one.isIntersecting)) { sight.disconnect(); show(); } }, { threshold: 0.3 });
  sight.observe(canvas);

  async function draw() {
    const mine = ++turn;
    caption.textContent = t.courses[hours];
    canvas.setAttribute("aria-label", t.courses[hours]);
    for (const button of ranges.children) button.setAttribute("aria-pressed", String(Number(button.dataset.hours) === hours));
    csv.href = `/api/v1/topics.csv?${new URLSearchParams({ key: found.topic, ...place, from: String(place.to - hours * 3600000), to: String(place.to) })}`;
    body.replaceChildren(...points.slice(-60).reverse().map((point) => make("tr", {}, make("td", {}, clock(point.at)), ...[point.rank, point.authors, point.posts].map((value) => make("td", {}, told(value))))));
    try {
      await wanted;
      const Plot = await plotter();
      const column = (of, name) => of.map((point) => point[name]), times = (of) => of.map((point) => point.at / 1000);
      const own = [times(points), ...COLUMNS.map(([name]) => column(points, name))];
      const data = other ? Plot.join([own, [times(beside), column(beside, "authors")]]) : own;
      const series = [{ label: t.time, value: (_, at) => (at == null ? "–" : clock(at * 1000)) }, { label: t.people, stroke: "#2b7bbb", width: 2.5, fill: "#2b7bbb22" }, { label: t.posts, stroke: "#c2571a", width: 1.5 }, { label: t.expected, stroke: "#888", dash: [6, 4] }];
      if (other) series.push({ label: `${t.people}${colon} ${clean(other.display, 30)}`, stroke: "#a4479c", width: 2.5, spanGaps: true });
      const next = await plotted(canvas, 280, { more: { hooks: { draw: [(drawn) => marks(drawn, found.alerts)], setScale: [(drawn) => { whole.hidden = !isCloser(drawn); }] } } }, series, data);
      if (mine !== turn) { next.destroy(); return; }
      plot?.destroy();
      plot = next;
    } catch { canvas.remove(); /* the table tells the same */ }
  }

  ranges.addEventListener("click", async ({ target }) => {
    const chosen = Number(target.dataset?.hours);
    if (!chosen) return;
    hours = chosen;
    points = await pointsOf(found.topic, place, hours);
    beside = other ? await pointsOf(other.topic, place, hours) : [];
    await draw();
  });
  compare.addEventListener("focus", async () => {
    if (compare.options.length > 1) return;
    const answer = await fetch(`/api/v1/trends?${new URLSearchParams({ scope: place.scope, window: place.window })}`).catch(() => null);
    const rows = answer?.ok ? (await answer.json()).trends : [];
    compare.append(...rows.filter((row) => row.topic !== found.topic).map((row) => make("option", { value: row.topic }, clean(row.display, 60))));
  });
  compare.addEventListener("change", async () => {
    other = compare.value ? { topic: compare.value, display: compare.selectedOptions[0].text } : null;
    beside = other ? await pointsOf(other.topic, place, hours) : [];
    await draw();
  });
  whole.addEventListener("click", () => {
    ranges.querySelector("[aria-pressed=true]").focus(); // the button goes
    plot.setScale("x", { min: plot.data[0][0], max: plot.data[0].at(-1) });
  });
  const begun = draw();
  png.addEventListener("click", async () => {
    show();
    await begun;
    picture(canvas.querySelector("canvas"), found.topic);
  });
  return figure;
}

// Whether a part of it is shown alone
const isCloser = ({ data: [times], scales: { x } }) => times.length > 1 && x.min !== null && (x.min > times[0] || x.max < times.at(-1));

// Where alerts about it began: a line through the chart
function marks(plot, alerts) {
  const { ctx, bbox } = plot, [from, to] = [plot.scales.x.min, plot.scales.x.max];
  ctx.save();
  ctx.strokeStyle = "#c03a5b";
  ctx.setLineDash([3, 3]);
  for (const { fired } of alerts.slice(0, MARKS)) {
    if (fired / 1000 < from || fired / 1000 > to) continue;
    const x = Math.round(plot.valToPos(fired / 1000, "x", true));
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}

// The chart as a file, on the page's own ground
function picture(canvas, topic) {
  if (!canvas) return;
  const copy = make("canvas"), paper = getComputedStyle(document.body).backgroundColor;
  Object.assign(copy, { width: canvas.width, height: canvas.height });
  const ctx = copy.getContext("2d");
  ctx.fillStyle = paper;
  ctx.fillRect(0, 0, copy.width, copy.height);
  ctx.drawImage(canvas, 0, 0);
  copy.toBlob((blob) => {
    const address = URL.createObjectURL(blob);
    make("a", { href: address, download: `${clean(topic, 60).replace(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "") || "upswell"}.png` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  });
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

let loading = null; // once, however many charts ask
const plotter = () => (loading ??= load());
function load() {
  document.head.append(make("link", { rel: "stylesheet", href: "/static/uplot/uPlot.min.css" }));
  return new Promise((resolve, reject) => {
    const script = make("script", { src: "/static/uplot/uPlot.iife.min.js" });
    script.addEventListener("load", () => resolve(window.uPlot));
    script.addEventListener("error", reject);
    document.head.append(script);
  });
}
