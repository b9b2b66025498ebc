// What a form of /setup does besides with scripts: each part of it works without, by a page loaded anew.
import { wear } from "./wall/look.js";

// A new table begins with the zone of who fills in the form; without this script, with UTC.
const zone = document.querySelector("[data-guess]");
if (zone?.value === "UTC") zone.value = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const form = document.getElementById("form"), found = document.getElementById("found"), near = document.getElementById("near");
const told = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html").body.children;

// Who was signed out meanwhile, or signed in anew in another tab, loses nothing of what is filled in
const gone = document.getElementById("gone");
async function signed() {
  const answer = await fetch("/setup/session").catch(() => null);
  if (answer?.ok) form.elements.csrf.value = (await answer.json()).csrf;
  gone.hidden = answer?.status !== 401;
  if (!gone.hidden) gone.scrollIntoView({ block: "center" });
  return gone.hidden;
}
let sure = false;
form.addEventListener("submit", async (sent) => {
  if (sure) return;
  sent.preventDefault();
  if (!await signed()) return;
  sure = true;
  form.requestSubmit(sent.submitter);
  sure = false;
});

// Hashtags are suggested as the form is filled in, and taken without leaving it
const { title, hashtags } = form.elements;
let waits = 0, asked = 0;
async function suggest() {
  const mine = ++asked, query = new URLSearchParams(location.search);
  query.set("title", title.value.slice(0, 200));
  query.set("hashtags", hashtags.value.slice(0, 2000));
  const answer = await fetch(`/setup/suggested?${query}`).catch(() => null);
  if (answer?.ok && mine === asked) near.replaceChildren(...await told(answer));
}
if (near) {
  document.getElementById("suggest").hidden = true;
  near.addEventListener("click", (clicked) => {
    const button = clicked.target.closest("button");
    if (!button) return;
    clicked.preventDefault();
    hashtags.value = `${hashtags.value} ${button.value}`.trim();
    hashtags.focus();
    suggest();
  });
  for (const field of [title, hashtags]) field.addEventListener("input", () => { clearTimeout(waits); waits = setTimeout(suggest, 400); });
}

// Sources are tried out while the form is filled in
document.getElementById("check")?.addEventListener("click", async (clicked) => {
  clicked.preventDefault();
  const button = clicked.currentTarget;
  if (!await signed()) return;
  button.disabled = true;
  found.setAttribute("aria-busy", "true");
  try {
    const body = new URLSearchParams({ csrf: form.elements.csrf.value, hashtags: hashtags.value });
    const answer = await fetch(`/setup/channels${location.search}`, { method: "POST", body });
    if (!answer.ok) return location.reload();
    found.replaceChildren(...await told(answer));
  } finally {
    button.disabled = false;
    found.removeAttribute("aria-busy");
  }
});

// The big screen as it would look, while its look is chosen
const look = document.getElementById("look");
function dress() {
  const [layout, theme, font, background, accent] = ["layout", "theme", "font", "background", "accent"].map((key) => form.elements[`stage.${key}`].value.trim());
  const stage = look.lastElementChild, colour = (text) => (/^#[0-9a-f]{6}$/i.test(text) ? text : "");
  wear(stage, { background: colour(background), accent: colour(accent), theme, font });
  stage.dataset.layout = layout;
  stage.querySelector("b").textContent = title.value;
  stage.querySelector("em").textContent = hashtags.value.trim().split(/[\s,;]+/)[0].replace(/^(?=[^#])/, "#");
}
if (look) {
  form.addEventListener("input", dress);
  dress();
  look.hidden = false;
}

// A logo is drawn anew, as small as it has to be
const MOST_LETTERS = 40_000, HIGHEST = 180; // px
async function drawn(file) {
  const picture = await createImageBitmap(file), canvas = document.createElement("canvas");
  for (let height = Math.min(HIGHEST, picture.height); height > 16; height *= .8) {
    canvas.height = height;
    canvas.width = Math.min(picture.width / picture.height, 6) * height;
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const address = canvas.toDataURL("image/webp", .9);
    if (address.length <= MOST_LETTERS) return address;
  }
  throw new RangeError("no size will do");
}
const file = form.querySelector("input[type=file]");
if (file) {
  const held = form.elements["stage.logo"], shown = form.querySelector("img.logo"), none = file.nextElementSibling;
  const hold = (address) => {
    held.value = address;
    shown.hidden = none.hidden = !address;
    shown.src = address;
    file.value = "";
  };
  file.addEventListener("change", async () => {
    none.nextElementSibling.hidden = true;
    try { hold(await drawn(file.files[0])); } catch { none.nextElementSibling.hidden = false; }
  });
  none.addEventListener("click", () => { hold(""); file.focus(); });
}
