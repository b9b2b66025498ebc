// The wall of an event: its posts, newest first, and what rises in it. What somebody reads stays where it is: new posts wait behind
// a button while a reader is among them, and wherever they shall not come live.
import { coming } from "../coming.js";
import { fill } from "../cards.js";
import { make } from "../texts.js";
import { draw as drawSpark, sparkline } from "../sparks.js";
import { card } from "./cards.js";
import { followed } from "./following.js";
import { text } from "./texts.js";
import { say } from "../messages.js";

const TAKEN_AWAY = 100; // as many of these does the server tell
const main = document.getElementById("main"), status = document.getElementById("status");
const wall = coming({ card, key: (post) => post.ref, kept, live: Boolean(document.body.dataset.alone), top: () => main });
wall.posts.id = "posts";
let now = null, lastAway = "";

function drawWall(data) {
  const known = now && (lastAway ? data.taken_away.includes(lastAway) : data.taken_away.length < TAKEN_AWAY);
  if (!wall.posts.isConnected) build();
  now = data;
  lastAway = data.taken_away.at(-1) ?? "";
  const all = newest();
  wall.show(all, !known); // after it was away, or with very many taken away, nobody knows which of the older ones may still be shown
  document.getElementById("none").hidden = all.length > 0;
  fill(document.getElementById("rising"), data.trends, (row) => row.topic, rising);
  document.getElementById("calm").hidden = data.trends.length > 0;
  status.textContent = say("wall.counted", { n: data.counted });
}

function build() {
  main.replaceChildren(make("div", { class: "wall" }, wall.news, wall.posts, make("p", { id: "none", class: "empty" }, text.empty)),
    make("aside", { class: "panel" }, make("h2", {}, text.now), make("ol", { id: "rising", class: "ranked" }), make("p", { id: "calm", class: "quiet" }, text.none)));
}

// All that may be shown now, what is pinned first
function newest() {
  const pins = new Set(now.pinned.map((post) => post.ref));
  return [...now.pinned, ...now.posts.filter((post) => !pins.has(post.ref))];
}

// The server tells the newest alone, and which were taken away: older ones stay, and have their place at the foot
function kept(shown, all) {
  const there = new Map(all.map((post) => [post.ref, post])), away = new Set(now.taken_away);
  const stay = shown.filter((post) => there.has(post.ref) || !away.has(post.ref)).map((post) => there.get(post.ref) ?? post);
  const last = all.findLastIndex((post) => post.ref === stay.at(-1)?.ref);
  if (last >= 0 && stay.length < all.length) stay.push(...all.slice(last + 1));
  return stay;
}

function rising(row) {
  const spark = sparkline();
  drawSpark(spark, row.spark);
  return make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), spark, make("span", { class: "quiet" }, say("count.people", { n: row.authors })));
}

await followed(drawWall, () => { now = null; });
