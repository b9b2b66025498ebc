// An event's big screen: cards as large as their number lets them be, in the layout and the look of the event, and slides in turn.
// `?layout=` and `?slide=` in the address hold one of them, for a look before the show or a second screen.
import { clean, face, make, marked, photos } from "../texts.js";
import { draw as drawSpark, sparkline } from "../sparks.js";
import { bars, figure, perMinute } from "./figures.js";
import { drawn, fill, fillPlaces } from "../cards.js";
import { followed } from "./following.js";
import { wear } from "./look.js";
import { dayAndMoment, text, weekday } from "./texts.js";
import { say } from "../messages.js";

const PLACES = 6, LONG = 150, LONG_BESIDE_PICTURE = 40; // places of a grid; letters from which a post has two of them
const SIZES = [3.4, 2.8, 2.3, 1.9, 1.6, 1.35, 1.15, 1]; // of a text, in rem: one is 40 px on a screen of 1080 lines
const TITLE_SIZES = [1.6, 1.4, 1.2, 1];
const SLIDES = ["posts", "trends", "numbers", "schedule", "sponsor"], POSTS_MS = 45000, SLIDE_MS = 12000;
const TURN_MS = { single: 8000, carousel: 6000 };
const asked = new URLSearchParams(location.search), main = document.getElementById("main");
const slides = {}, seen = new Set();
let now = null, turn = 0, look = "";

const layoutOf = () => asked.get("layout") ?? now.stage.layout;
const isLong = (post) => post.text.length > (post.pictures?.length ? LONG_BESIDE_PICTURE : LONG);

function drawStage(data) {
  if (!now) build();
  now = data;
  if (look !== JSON.stringify(data.stage)) dress(data.stage);
  drawPosts();
  fill(document.getElementById("rising"), data.trends, (row) => row.topic, rising);
  const [posts] = perMinute(data);
  slides.numbers.querySelector(".body").replaceChildren(
    make("div", { class: "figures" }, figure(data.counted, "posts"), figure(data.people, "people"), figure(posts, "posts_a_minute")), bars(data.minutes));
  fill(document.getElementById("programme"), data.schedule, (it) => `${it.start} ${it.title} ${it.place}`, session);
  slides.sponsor.querySelector("p").textContent = clean(data.stage.sponsor ?? "", 200);
}

function build() {
  slides.posts = make("section", { class: "wall" }, make("div", { id: "pins", class: "posts" }), make("div", { id: "posts", class: "posts", "aria-live": "off" }), make("p", { id: "none", class: "empty" }, text.empty));
  slides.trends = make("section", { class: "slide" }, make("h2", {}, text.now), make("ol", { id: "rising" }));
  slides.numbers = make("section", { class: "slide" }, make("h2", {}, text.soFar), make("div", { class: "body" }));
  slides.schedule = make("section", { class: "slide" }, make("h2", {}, text.schedule), make("ol", { id: "programme" }));
  slides.sponsor = make("section", { class: "slide sponsor" }, make("p"));
  main.replaceChildren(...SLIDES.map((name) => slides[name]));
  show(SLIDES.includes(asked.get("slide")) ? asked.get("slide") : "posts");
  if (!asked.has("slide")) setTimeout(next, POSTS_MS, "posts");
  setTimeout(step, TURN_MS.carousel);
  new ResizeObserver(fit).observe(main);
  main.addEventListener("error", () => requestAnimationFrame(fit), true); // a picture that is not there leaves room
}

const worth = { posts: () => true, trends: () => now.trends.length > 1, numbers: () => now.counted > 0, schedule: () => now.schedule.length > 0, sponsor: () => Boolean(now.stage.sponsor) };

function show(name) {
  for (const it of SLIDES) slides[it].hidden = it !== name;
  fit();
}

function next(shown) {
  const there = SLIDES.filter((name) => worth[name]());
  const name = there[(there.indexOf(shown) + 1) % there.length];
  show(name);
  setTimeout(next, name === "posts" ? POSTS_MS : SLIDE_MS, name);
}

// --- posts

function drawPosts() {
  const pinned = new Set(now.pinned.map((post) => post.ref)), layout = layoutOf();
  const all = [...now.pinned, ...now.posts.filter((post) => !pinned.has(post.ref))];
  const shown = layout === "single" ? all.slice(turn % all.length, turn % all.length + 1) : layout === "carousel" ? around(all, 3) : layout === "masonry" ? all : within(all);
  const wide = layout === "grid" && shown.length > 3 ? wides(shown) : new Set();
  const wall = slides.posts, count = shown.length;
  wall.dataset.layout = layout;
  wall.dataset.shape = count <= 3 ? `${count}x1` : count === 4 && !wide.size ? "2x2" : "3x2";
  const put = layout === "grid" ? fillPlaces : fill, stood = [...wall.querySelectorAll(".post")].map((node) => [node, node.offsetLeft, node.offsetTop]);
  put(document.getElementById("pins"), shown.filter((post) => pinned.has(post.ref)), (post) => post.ref, stageCard);
  put(document.getElementById("posts"), shown.filter((post) => !pinned.has(post.ref)), (post) => post.ref, stageCard);
  renewSizes(shown);
  if (seen.size) for (const node of wall.querySelectorAll(".post")) if (!stood.some(([it]) => it === node)) node.classList.add("come");
  const places = [0, 1]; // a row has room for one of each kind: they take turns
  for (const node of wall.querySelectorAll(".post")) {
    const kind = Number(node.classList.toggle("wide", wide.has(node.dataset.key)));
    node.style.order = wide.size > 1 ? places[kind] : "";
    places[kind] += 2;
  }
  document.getElementById("none").hidden = count > 0;
  for (const post of shown) seen.add(post.ref);
  fit();
  glide(stood.filter(([node]) => node.isConnected).map(([node, left, top]) => [node, left - node.offsetLeft, top - node.offsetTop]).filter(([, across, down]) => across || down));
}

// Where there are more or fewer places all cards become smaller or larger: they come in anew where they stand, and nothing in them moves
function renewSizes(shown) {
  const byRef = new Map(shown.map((post) => [post.ref, post])), shape = layoutOf() === "grid" ? slides.posts.dataset.shape : "";
  for (const node of slides.posts.querySelectorAll(".post")) {
    const changed = node.dataset.places !== undefined && node.dataset.places !== shape;
    const fresh = changed ? drawn(byRef.get(node.dataset.key), (post) => post.ref, stageCard) : node;
    fresh.dataset.places = shape;
    if (changed) node.replaceWith(fresh);
  }
}

// Who has to make room is seen going to the other place
function glide(moved) {
  for (const [node, across, down] of moved) {
    node.classList.remove("glides");
    node.style.transform = `translate(${across}px, ${down}px)`;
  }
  requestAnimationFrame(() => setTimeout(() => {
    for (const [node] of moved) {
      node.classList.add("glides");
      node.style.transform = "";
    }
  }));
}

const around = (all, most) => (all.length <= most ? all : Array.from({ length: most }, (_, n) => all[(turn + n) % all.length]));

// Those that have room, the newest first; a long one needs two places
function within(all) {
  let left = PLACES;
  return all.filter((post) => {
    const needs = isLong(post) ? 2 : 1;
    if (needs > left) return false;
    left -= needs;
    return true;
  });
}

// Those that have two places: the long ones, and where one place would stay empty the longest of the others
function wides(shown) {
  const wide = new Set(shown.filter(isLong).map((post) => post.ref));
  if (shown.length + wide.size === PLACES - 1) wide.add(shown.filter((post) => !isLong(post)).sort((one, other) => other.text.length - one.text.length)[0]?.ref);
  return wide;
}

// The next of those that come one after another: what nobody has seen yet first
function step() {
  const layout = layoutOf(), all = [...now.pinned, ...now.posts.filter((post) => !now.pinned.some((it) => it.ref === post.ref))];
  const fresh = all.findLastIndex((post) => !seen.has(post.ref));
  if (all.length) turn = layout === "single" && fresh >= 0 ? fresh : (turn + 1) % all.length;
  if (layout in TURN_MS) drawPosts();
  setTimeout(step, TURN_MS[layout] ?? TURN_MS.carousel);
}

function stageCard(post) {
  return make("article", { class: `post ${post.pinned ? "pinned" : ""} ${post.text.length > 220 ? "longest" : post.text.length > 90 ? "long" : ""}` },
    photos(post.pictures), make("p", { class: "said", dir: "auto" }, post.text.replace(LINK, shortened).replace(/ (?=[?!:;»])|(?<=«) /g, "\u00a0")),
    make("div", { class: "who" }, face(post.author, post.name, post.avatar), make("div", {}, make("strong", {}, make("bdi", {}, clean(post.name, 80))), make("span", { class: "quiet" }, ...marked(post.source), post.copies ? ` · ${say("wall.copies", { n: post.copies })}` : ""))));
}

// A link as one says it aloud: nobody types the rest from a screen, and no letter of the text is small for it
const LINK = /https?:\/\/(?:www\.)?([^\s/?#]+)([^\s]*)/gi;
const shortened = (_, host, rest) => `${host}${rest.length > 1 ? "/…" : ""}`.replace(/(?<=[.-])/g, "\u200b");

// Each text as large as its card holds it whole, no word broken; on a phone a size for all of a length, which the style sheet has
const phone = matchMedia("(max-width: 50rem)");
function fit() {
  if (phone.matches) return;
  sized(document.querySelector("h1"), TITLE_SIZES);
  if (slides.posts.hidden) return;
  for (const said of slides.posts.querySelectorAll(".said")) {
    said.classList.remove("cut");
    said.classList.add("measured");
    sized(said, slides.posts.dataset.layout === "masonry" ? SIZES.filter((size) => size <= 1.6) : SIZES); // its cards have no height of their own
    said.classList.remove("measured");
    if (said.scrollHeight <= said.clientHeight + 2) continue;
    said.style.webkitLineClamp = Math.floor(said.clientHeight / parseFloat(getComputedStyle(said).lineHeight)); // whole lines, and a sign that it goes on
    said.classList.add("cut");
  }
}

function sized(node, sizes) {
  const words = document.createRange(), width = (of) => of.getBoundingClientRect().width;
  words.selectNodeContents(node);
  for (const size of sizes) {
    node.style.fontSize = `${size}rem`;
    if (node.scrollHeight <= node.clientHeight + 2 && width(words) <= width(node)) break;
  }
}

function rising(row) {
  const spark = sparkline();
  drawSpark(spark, row.spark);
  return make("li", {}, make("bdi", {}, clean(row.display, 60)), spark, make("span", { class: "quiet" }, say("count.people", { n: row.authors })));
}

function session({ start, title, place, whole_day: whole }) {
  const on = start <= Date.now();
  const when = on ? (whole ? text.today : text.nowOn) : (whole ? weekday : dayAndMoment)(start);
  return make("li", { class: on && "on" }, make("time", { datetime: new Date(start).toISOString() }, when), make("bdi", {}, clean(title, 90)), make("bdi", { class: "quiet" }, clean(place, 60)));
}

function dress(stage) {
  look = JSON.stringify(stage);
  wear(document.documentElement, stage);
  document.querySelector(".logo")?.remove();
  if (stage.logo) document.querySelector("section.event").prepend(make("img", { class: "logo", src: stage.logo, alt: "" }));
}

async function stayAwake() {
  if (document.visibilityState === "visible") await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
await followed(drawStage);
