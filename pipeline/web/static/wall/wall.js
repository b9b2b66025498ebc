// The board, the wall, the screen and the moderators' page of an event: draws what the server's stream says, and
// nothing else.
import { draw as drawSpark, sparkline } from "../lists.js";
import { drawBoard } from "./board.js";
import { card, fill, fillPlaces, make, name, view } from "./cards.js";
import { drawModerate, following } from "./moderate.js";
import { number, text } from "./texts.js";

const PLACES = 12; // on a screen, those of pinned posts among them
const main = document.getElementById("main"), status = document.getElementById("status");
const screen = view === "screen";
let stream = null;

function drawWall(data) {
  if (!main.firstChild) {
    main.append(make("div", { class: "wall" }, make("div", { id: "pins", class: "posts" }), make("div", { id: "posts", class: "posts", "aria-live": "off" }), make("p", { id: "none", class: "empty" }, text.empty)),
      make("aside", { class: "panel" }, make("h2", {}, text.now), make("ol", { id: "rising", class: "ranked" }), make("p", { id: "calm", class: "quiet" }, text.none)));
  }
  const pins = new Set(data.pinned.map((post) => post.ref));
  const others = data.posts.filter((post) => !pins.has(post.ref));
  (screen ? fillPlaces : fill)(document.getElementById("pins"), data.pinned, (post) => post.ref, card);
  (screen ? fillPlaces : fill)(document.getElementById("posts"), screen ? others.slice(0, Math.max(0, PLACES - pins.size)) : others, (post) => post.ref, card);
  document.getElementById("none").hidden = data.pinned.length + data.posts.length > 0;
  fill(document.getElementById("rising"), data.trends, (row) => row.topic, rising);
  document.getElementById("calm").hidden = data.trends.length > 0;
  const parts = [text.counted(number(data.counted))];
  if (screen && data.came > data.shown) parts.push(text.sampled(number(data.shown), number(data.came)));
  if (data.frozen) parts.push(text.frozen);
  status.textContent = parts.join(" · ");
}

function rising(row) {
  const spark = sparkline();
  drawSpark(spark, row.spark);
  return make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), spark, make("span", { class: "quiet" }, `${number(row.authors)} ${text.people}`));
}

const address = view === "moderate" ? following(listen) : () => `/api/v1/events/${name}/stream?view=${view}`;
const draw = { wall: drawWall, screen: drawWall, board: drawBoard, moderate: drawModerate }[view];
function listen() {
  stream?.close();
  stream = new EventSource(address());
  stream.addEventListener("now", (message) => {
    document.body.classList.remove("away");
    draw(JSON.parse(message.data));
    if (view === "board") status.textContent = "";
  });
  stream.onerror = () => {
    document.body.classList.add("away");
    status.textContent = text.reconnecting;
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  };
}
listen();

if (screen && "wakeLock" in navigator) {
  const stayAwake = () => document.visibilityState === "visible" && navigator.wakeLock.request("screen").catch(() => {});
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}
