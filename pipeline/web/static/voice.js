// Share of voice: how the posts about several watchlists or events divide among them, now and over the last day.
import { plotted } from "./chart.js";
import { clock, make, nameOf, svg, t, told } from "./texts.js";

const COLOURS = ["#2b7bbb", "#c2571a", "#3a9a5b", "#a4479c", "#b08a00", "#5a6acf", "#c03a5b", "#2a9d9d", "#7a5c3a", "#777", "#9a3a3a", "#4b8b3b"];
const WINDOWS = ["5m", "1h", "24h"], EVERY_MS = 5000;
const main = document.getElementById("main"), status = document.getElementById("status");
const query = new URL(location.href).searchParams;
const window_ = WINDOWS.includes(query.get("window")) ? query.get("window") : "1h";
let plot = null;

const percent = new Intl.NumberFormat(document.documentElement.lang, { style: "percent", maximumFractionDigits: 0 });
const body = make("tbody"), caption = make("caption"), canvas = make("div", { class: "chart", role: "img", "aria-label": t.voice });
const heads = ["", t.share, t.posts, t.people].map((name) => make("th", { scope: "col" }, name || make("span", { class: "unseen" }, t.list)));
const table = make("table", {}, caption, make("thead", {}, make("tr", {}, ...heads)), body), note = make("p", { class: "note" }, t.voiceNote);
const section = make("section", { class: "voice card" }, make("h1", {}, t.voice), canvas, table, note);

document.title = `${t.voice} · upswell`;

// Where a handful of posts is all there is, each would move the shares
const isEnough = (found, point) => point.posts.reduce((sum, posts) => sum + posts, 0) >= found.few;

function fill(found) {
  canvas.hidden = table.hidden = !found.scopes.length;
  const last = found.points.at(-1), enough = last && isEnough(found, last), names = found.scopes.map((scope, n) => nameOf(scope, { [scope]: found.titles[n] }));
  note.textContent = !found.scopes.length ? t.voiceNone : enough ? t.voiceNote : t.voiceFew;
  caption.textContent = last ? clock(last.at) : t.nothing;
  body.replaceChildren(...names.map((name, n) => make("tr", {}, make("th", { scope: "row" }, mark(n), make("bdi", {}, name)),
    ...[enough ? percent.format(last.share[n]) : "–", told(last?.posts[n] ?? 0), told(last?.people[n] ?? 0)].map((text) => make("td", {}, text)))));
  if (!section.isConnected) main.replaceChildren(section); // until then there is what came with the page
  return names;
}

function mark(n) { return svg("svg", { viewBox: "0 0 10 10", class: "mark", "aria-hidden": "true" }, svg("circle", { cx: "5", cy: "5", r: "4", fill: COLOURS[n % COLOURS.length] })); }

async function draw(found, names) {
  const data = [found.points.map((point) => point.at / 1000), ...names.map((_, n) => found.points.map((point) => (isEnough(found, point) ? point.share[n] * 100 : null)))];
  if (plot) { plot.setData(data); return; }
  try {
    plot = await plotted(canvas, 320, { values: (_, marks) => marks.map((mark) => percent.format(mark / 100)), more: { scales: { y: { range: [0, 100] } }, legend: { show: false } } },
      [{ label: t.time }, ...names.map((name, n) => ({ label: name, stroke: COLOURS[n % COLOURS.length], width: 2.5 }))], data);
  } catch { canvas.remove(); /* the table tells the newest of it */ }
}

async function renew() {
  try {
    const asked = new URLSearchParams([...query.getAll("scope").map((scope) => ["scope", scope]), ["window", window_]]);
    const answer = await fetch(`/api/v1/voice?${asked}`);
    if (answer.ok) {
      const found = await answer.json(), names = fill(found);
      if (found.points.length > 1) await draw(found, names);
      status.textContent = "";
    } else status.textContent = (await answer.json()).detail;
  } catch { status.textContent = t.away; }
  setTimeout(renew, EVERY_MS);
}
renew();
