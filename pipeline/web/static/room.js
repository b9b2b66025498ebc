// What somebody writes waits in this browser until the server has it: over a bad network, and over a reload. A post keeps
// its id, so however often it is sent, it is on the wall once.
import { catalogue } from "./messages.js";

const text = catalogue.room, name = document.body.dataset.event, MOST = 20, LONGEST_S = 60;
const QUEUE = `upswell.room.${name}`, CALLED = "upswell.room.name";
const form = document.getElementById("write"), status = document.getElementById("status"), list = document.getElementById("waiting");
const SIDE = 1280, MOST_PICTURE = 1_500_000;
let memory = null, busy = false, timer = 0, pause = 1;

function queue() {
  try { return memory ?? JSON.parse(localStorage.getItem(QUEUE)) ?? []; } catch { return []; }
}
function keep(posts) {
  memory = null;
  try { localStorage.setItem(QUEUE, JSON.stringify(posts)); } catch { memory = posts; /* no room for it: until the page is closed */ }
  list.replaceChildren(...posts.map((one) => Object.assign(document.createElement("li"), { textContent: one.picture ? `${one.text} 🖼` : one.text })));
}

// The picture as base64, upright and small enough for a bad network; null where the browser cannot read it
async function shrunk(file) {
  try {
    const bitmap = await createImageBitmap(file), part = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
    const canvas = Object.assign(document.createElement("canvas"), { width: Math.max(1, Math.round(bitmap.width * part)), height: Math.max(1, Math.round(bitmap.height * part)) });
    canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.8));
    if (blob.size > MOST_PICTURE) return null;
    const bytes = new Uint8Array(await blob.arrayBuffer()), letters = [];
    for (let at = 0; at < bytes.length; at += 8192) letters.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
    return btoa(letters.join(""));
  } catch { return null; }
}
const without = (id) => keep(queue().filter((one) => one.id !== id));
const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

function later(seconds) {
  clearTimeout(timer);
  timer = setTimeout(send, seconds * 1000);
}

const post = (one) => fetch(`/api/v1/events/${name}/posts`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(one), signal: AbortSignal.timeout(20000) });

async function send() {
  if (busy) return;
  busy = true;
  try {
    let asked = false;
    for (let one = queue()[0]; one; one = queue()[0]) {
      let answer;
      try { answer = await post(one); } catch { answer = null; }
      if (answer?.status === 401 && !asked) {
        asked = true; // the cookie is gone: the page gives another
        await fetch(location.pathname, { cache: "reload" }).catch(() => null);
        continue;
      }
      const heard = answer?.ok ? await answer.json().catch(() => null) : null; // null: the sign-in page of a hotel's network
      if (heard) {
        without(one.id);
        pause = 1;
        status.textContent = heard.waits ? text.waits : text.sent;
      } else if (!answer || answer.ok || answer.status === 429 || answer.status >= 500) {
        status.textContent = answer?.status === 429 ? text.slow : text.offline;
        later(Math.max(Number(answer?.headers.get("Retry-After")) || 0, pause));
        pause = Math.min(pause * 2, LONGEST_S);
        return;
      } else {
        without(one.id);
        status.textContent = answer.status === 401 ? text.cookie : text.refused;
        if (!form.elements.text.value) form.elements.text.value = one.text;
      }
    }
  } finally {
    busy = false;
  }
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const { text: words, name: given, picture } = form.elements, button = form.querySelector("button");
  const said = words.value.trim(), called = given.value.trim(), chosen = picture?.files[0], more = {};
  if (!said) return;
  if (queue().length >= MOST) { status.textContent = text.slow; return; }
  if (chosen) {
    button.disabled = true; // a second tap sends nothing twice
    more.picture = await shrunk(chosen);
    button.disabled = false;
    picture.value = "";
    if (!more.picture) { status.textContent = text.noPicture; return; }
  }
  keep([...queue(), { id: newId(), text: said, name: called, ...more }]);
  try { localStorage.setItem(CALLED, called); } catch { /* asked again next time */ }
  words.value = "";
  send();
});
addEventListener("online", () => { pause = 1; send(); });
addEventListener("pageshow", send);
try { form.elements.name.value = localStorage.getItem(CALLED) ?? ""; } catch { /* as above */ }
keep(queue());
