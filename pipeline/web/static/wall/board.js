// The board of an event: figures so far, its course, what trends in it, what is repeated, what it shares with others.
import { draw as drawSpark, sparkline } from "../lists.js";
import { make, why } from "../texts.js";
import { card, svg } from "./cards.js";
import { moment, number, text } from "./texts.js";
import { say } from "../messages.js";

const SHORTEST = 30; // minutes: a bar stays a bar when an event begins
const main = document.getElementById("main");

function section(id, title) {
  let node = document.getElementById(id);
  if (!node) {
    node = make("section", { id, class: "panel" }, make("h2", {}, title), make("div", { class: "body" }));
    main.append(node);
  }
  return node.querySelector(".body");
}

const nothing = () => make("p", { class: "quiet" }, text.none);
export const figure = (value, what) => make("p", { class: "big" }, make("b", {}, value), " ", make("span", {}, what));

// Posts and people of the minute that is over, by the clock that the posts run by: none, when none came in it
export function perMinute(data) {
  const [at, posts, people] = data.minutes.at(-1) ?? [0, 0, 0];
  return data.at - at < 120000 ? [posts, people] : [0, 0];
}

export function bars(minutes) {
  const most = Math.max(1, ...minutes.map((minute) => minute[1])), first = minutes.length ? minutes[0][0] : 0;
  const span = Math.max(SHORTEST, minutes.length ? (minutes.at(-1)[0] - first) / 60000 + 1 : 1);
  const line = svg("svg", { viewBox: `0 0 ${span} 40`, preserveAspectRatio: "none", class: "bars", role: "img", "aria-label": `${text.posts} ${text.perMinute}` });
  for (const [at, posts] of minutes) {
    const height = (posts / most) * 40;
    line.append(svg("rect", { x: (at - first) / 60000, y: 40 - height, width: 0.9, height }));
  }
  if (!minutes.length) return line;
  return make("div", {}, line, make("p", { class: "scale quiet" }, make("span", {}, moment(first)), make("span", {}, say("wall.most", { n: number(most) })), make("span", {}, moment(minutes.at(-1)[0]))));
}

function trendItem(row) {
  const spark = sparkline();
  drawSpark(spark, row.spark);
  return make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), spark, make("span", { class: "quiet" }, `${number(row.authors)} ${text.people}`),
    row.trending ? make("p", { class: "quiet" }, why(row.why)) : null);
}

function topicItem([topic, posts], most) {
  const item = make("li", {}, make("bdi", {}, topic), make("span", { class: "quiet" }, number(posts)));
  item.style.setProperty("--part", (posts / most).toFixed(3));
  return item;
}

export function drawBoard(data) {
  const [posts, people] = perMinute(data);
  section("numbers", text.soFar).replaceChildren(
    make("div", { class: "figures" }, figure(number(data.posts), text.posts), figure(number(data.people), text.people), figure(number(posts), `${text.posts} ${text.perMinute}`), figure(number(people), `${text.people} ${text.perMinute}`)),
    bars(data.minutes));
  section("trends", text.trends).replaceChildren(data.trends.length ? make("ol", { class: "ranked" }, ...data.trends.slice(0, 10).map(trendItem)) : nothing());
  const most = Math.max(1, ...data.topics.map(([, posts]) => posts));
  section("topics", text.topics).replaceChildren(data.topics.length ? make("ol", { class: "parts" }, ...data.topics.map((topic) => topicItem(topic, most))) : nothing());
  section("phases", text.phases).replaceChildren(data.phases.length ? make("ol", { class: "phases" }, ...data.phases.map((phase) => make("li", {},
    make("span", { class: "quiet" }, `${moment(phase.start)}–${moment(phase.end)}`), make("span", {}, make("b", {}, number(phase.per_minute, 1)), ` ${text.perMinute}`), make("bdi", {}, phase.topics.join(" "))))) : nothing());
  section("resonance", text.resonance).replaceChildren(data.resonance.length
    ? make("ul", {}, ...data.resonance.map((it) => make("li", {}, make("a", { href: `/events/${it.event}` }, it.event), ` ${say("wall.shared", { n: number(it.people) })} `, make("bdi", { class: "quiet" }, it.topics.join(" ")))))
    : nothing());
  section("repeated", text.repeated).replaceChildren(data.repeated.length ? make("div", { class: "posts" }, ...data.repeated.map((post) => card(post))) : nothing());
}
