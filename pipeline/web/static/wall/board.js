// The board of an event: figures so far, its course, what trends in it, what is repeated, what it shares with others.
import { draw as drawSpark, sparkline } from "../sparks.js";
import { beside, make, refocus } from "../texts.js";
import { card } from "./cards.js";
import { bars, figure, perMinute } from "./figures.js";
import { followed } from "./following.js";
import { moment, number, text } from "./texts.js";
import { say } from "../messages.js";

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
function trendItem(row) {
  const spark = sparkline(), people = say("count.people", { n: row.authors });
  drawSpark(spark, row.spark);
  return make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), spark,
    make("p", { class: "quiet" }, row.trending ? `${people} · ${beside(row)}` : people));
}

function topicItem([topic, posts], most) {
  const item = make("li", {}, make("bdi", {}, topic), make("span", { class: "quiet" }, number(posts)));
  item.style.setProperty("--part", (posts / most).toFixed(3));
  return item;
}

function drawBoard(data) {
  const [posts, people] = perMinute(data), held = main.contains(document.activeElement) && document.activeElement;
  section("numbers", text.soFar).replaceChildren(
    make("div", { class: "figures" }, figure(data.posts, "posts"), figure(data.people, "people"), figure(posts, "posts_a_minute"), figure(people, "people_a_minute")),
    bars(data.minutes));
  section("trends", text.trends).replaceChildren(data.trends.length ? make("ol", { class: "ranked" }, ...data.trends.slice(0, 10).map(trendItem)) : nothing());
  const most = Math.max(1, ...data.topics.map(([, posts]) => posts));
  section("topics", text.topics).replaceChildren(data.topics.length ? make("ol", { class: "parts" }, ...data.topics.map((topic) => topicItem(topic, most))) : nothing());
  section("phases", text.phases).replaceChildren(data.phases.length ? make("ol", { class: "phases" }, ...data.phases.map((phase) => make("li", {},
    make("span", { class: "quiet" }, `${moment(phase.start)}–${moment(phase.end)}`), make("span", {}, make("b", {}, number(phase.per_minute, 1)), ` ${text.perMinute}`), make("bdi", {}, phase.topics.join(" "))))) : nothing());
  section("resonance", text.resonance).replaceChildren(data.resonance.length
    ? make("ul", {}, ...data.resonance.map((it) => make("li", {}, make("a", { href: `/events/${it.event}${location.search}` }, make("bdi", {}, it.title)), ` ${say("wall.shared", { n: it.people })} `, make("bdi", { class: "quiet" }, it.topics.join(" ")))))
    : nothing());
  section("repeated", text.repeated).replaceChildren(data.repeated.length ? make("div", { class: "posts" }, ...data.repeated.map((post) => card(post))) : nothing());
  refocus(held, main);
}

await followed(drawBoard);
