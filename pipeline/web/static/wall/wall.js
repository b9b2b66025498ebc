// The wall of an event: its posts, newest first, and what rises in it. What somebody reads stays where it is: new posts wait behind
// a button while a reader is among them, and wherever they shall not come live.
import { make } from "../texts.js";
import { draw as drawSpark, sparkline } from "../sparks.js";
import { card, fill } from "./cards.js";
import { arrange } from "./columns.js";
import { followed } from "./following.js";
import { readBy } from "./reading.js";
import { number, text } from "./texts.js";
import { say } from "../messages.js";

const TAKEN_AWAY = 100; // as many of these does the server tell
const PACE_MS = 2000; // between posts that come live
const main = document.getElementById("main"), status = document.getElementById("status");
const live = make("input", { type: "checkbox", checked: matchMedia("(hover: hover) and (prefers-reduced-motion: no-preference)").matches, onchange: renew });
const fresh = make("button", { type: "button", class: "main", hidden: true, onclick: takeAll });
const posts = make("div", { id: "posts", class: "posts", "aria-live": "off", tabindex: "-1" });
const isRead = readBy(posts), isPassed = () => posts.getBoundingClientRect().top < 0;
let now = null, shown = [], due = 0, soon = 0, lastAway = "";

function drawWall(data) {
  const known = now && (lastAway ? data.taken_away.includes(lastAway) : data.taken_away.length < TAKEN_AWAY);
  if (!posts.isConnected) build();
  now = data;
  lastAway = data.taken_away.at(-1) ?? "";
  if (known) renew(); else take(); // after it was away, or with very many taken away, nobody knows which of the older ones may still be shown
  fill(document.getElementById("rising"), data.trends, (row) => row.topic, rising);
  document.getElementById("calm").hidden = data.trends.length > 0;
  status.textContent = say("wall.counted", { n: number(data.counted) });
}

function build() {
  main.replaceChildren(make("div", { class: "wall" }, make("div", { class: "news" }, make("label", {}, live, ` ${text.live}`), fresh), posts, make("p", { id: "none", class: "empty" }, text.empty)),
    make("aside", { class: "panel" }, make("h2", {}, text.now), make("ol", { id: "rising", class: "ranked" }), make("p", { id: "calm", class: "quiet" }, text.none)));
}

// All that may be shown now, what is pinned first
function newest() {
  const pins = new Set(now.pinned.map((post) => post.ref));
  return [...now.pinned, ...now.posts.filter((post) => !pins.has(post.ref))];
}

function renew() {
  const all = newest(), there = new Map(all.map((post) => [post.ref, post])), away = new Set(now.taken_away);
  const kept = shown.filter((post) => there.has(post.ref) || !away.has(post.ref)).map((post) => there.get(post.ref) ?? post);
  const last = all.findLastIndex((post) => post.ref === kept.at(-1)?.ref); // what is older has its place at the foot
  if (last >= 0 && kept.length < all.length) kept.push(...all.slice(last + 1));
  for (const { ref } of kept) there.delete(ref);
  if (!kept.length || (there.size && live.checked && !isPassed() && !isRead() && Date.now() >= due)) take();
  else draw(kept, there.size);
}

function take() {
  due = Date.now() + PACE_MS;
  draw(newest(), 0);
}

function takeAll() {
  take();
  main.scrollIntoView();
  posts.focus({ preventScroll: true }); // the button is gone
}

function draw(these, waiting) {
  shown = these;
  fill(posts, shown, (post) => post.ref, card);
  arrange(posts);
  fresh.hidden = !waiting;
  if (waiting) fresh.textContent = say("wall.fresh", { n: waiting });
  document.getElementById("none").hidden = shown.length > 0;
  clearTimeout(soon);
  if (waiting && live.checked) soon = setTimeout(renew, Math.max(due - Date.now(), 500));
}

function rising(row) {
  const spark = sparkline();
  drawSpark(spark, row.spark);
  return make("li", { class: row.trending ? "rising" : "" }, make("bdi", {}, row.display), spark, make("span", { class: "quiet" }, `${number(row.authors)} ${text.people}`));
}

await followed(drawWall, () => { now = null; });
