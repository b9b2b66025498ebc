// The wall of an event: its posts, newest first, and what rises in it.
import { make } from "../texts.js";
import { draw as drawSpark, sparkline } from "../sparks.js";
import { card, fill } from "./cards.js";
import { followed } from "./following.js";
import { number, text } from "./texts.js";
import { say } from "../messages.js";

const main = document.getElementById("main"), status = document.getElementById("status");

function drawWall(data) {
  if (!main.firstChild) {
    main.append(make("div", { class: "wall" }, make("div", { id: "pins", class: "posts" }), make("div", { id: "posts", class: "posts", "aria-live": "off" }), make("p", { id: "none", class: "empty" }, text.empty)),
      make("aside", { class: "panel" }, make("h2", {}, text.now), make("ol", { id: "rising", class: "ranked" }), make("p", { id: "calm", class: "quiet" }, text.none)));
  }
  const pins = new Set(data.pinned.map((post) => post.ref));
  const others = data.posts.filter((post) => !pins.has(post.ref));
  fill(document.getElementById("pins"), data.pinned, (post) => post.ref, card);
  fill(document.getElementById("posts"), others, (post) => post.ref, card);
  document.getElementById("none").hidden = data.pinned.length + data.posts.length > 0;
  fill(document.getElementById("rising"), data.trends, (row) => row.topic, rising);
  document.getElementById("calm").hidden = data.trends.length > 0;
  status.textContent = say("wall.counted", { n: number(data.counted) });
}

function rising(row) {
  const spark = sparkline();
  drawSpark(spark, row.spark);
  return make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), spark, make("span", { class: "quiet" }, `${number(row.authors)} ${text.people}`));
}

await followed(drawWall);
