// The board, the wall, the screen and the moderators' page of an event: draws what the server's stream says, and
// nothing else.
import { make } from "../texts.js";
import { draw as drawSpark, sparkline } from "../lists.js";
import { drawBoard } from "./board.js";
import { card, fill, name, view } from "./cards.js";
import { drawModerate, following } from "./moderate.js";
import { drawStage } from "./stage.js";
import { number, text } from "./texts.js";
import { say } from "../messages.js";
import { follow } from "../stream.js";

const main = document.getElementById("main"), status = document.getElementById("status");
const screen = view === "screen", inside = view === "board" || view === "moderate"; // an audience sees nothing of how it is made
let stream = null;

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

const draw = { wall: drawWall, screen: drawStage, board: drawBoard, moderate: drawModerate }[view];
function heard({ now, away }) {
  document.body.classList.toggle("away", Boolean(away));
  if (inside && (now || away)) status.textContent = away ? text.reconnecting : "";
  if (now) draw(now);
}

// A queue is a moderator's own: it has a stream of its own, for as long as the session lasts
const queue = view === "moderate" ? following(listen) : null;
function listen() {
  stream?.close();
  stream = new EventSource(queue());
  stream.addEventListener("now", (message) => heard({ now: JSON.parse(message.data) }));
  stream.onerror = () => {
    heard({ away: true });
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}
if (queue) listen(); else (await follow(heard))({ url: `/api/v1/events/${name}/stream?view=${view}` });

if (screen && "wakeLock" in navigator) {
  const stayAwake = () => document.visibilityState === "visible" && navigator.wakeLock.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}
