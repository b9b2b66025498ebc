// What somebody writes waits in this browser until the server has it: over a bad network, and over a reload. A post keeps
// its id, so however often it is sent, it is on the wall once.
import { catalogue } from "./messages.js";

const text = catalogue.room, name = document.body.dataset.event, MOST = 20, LONGEST_S = 60;
const QUEUE = `upswell.room.${name}`, CALLED = "upswell.room.name";
const form = document.getElementById("write"), status = document.getElementById("status"), list = document.getElementById("waiting");
let memory = [], busy = false, timer = 0, pause = 1;

function queue() {
  try { return JSON.parse(localStorage.getItem(QUEUE)) ?? []; } catch { return memory; }
}
function keep(posts) {
  memory = posts;
  try { localStorage.setItem(QUEUE, JSON.stringify(posts)); } catch { /* a private window: until it is closed */ }
  list.replaceChildren(...posts.map((one) => Object.assign(document.createElement("li"), { textContent: one.text })));
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
      if (answer?.ok) {
        without(one.id);
        pause = 1;
        status.textContent = (await answer.json()).waits ? text.waits : text.sent;
      } else if (!answer || answer.status === 429 || answer.status >= 500) {
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

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const said = form.elements.text.value.trim(), called = form.elements.name.value.trim(), posts = queue();
  if (!said) return;
  if (posts.length >= MOST) { status.textContent = text.slow; return; }
  keep([...posts, { id: newId(), text: said, name: called }]);
  try { localStorage.setItem(CALLED, called); } catch { /* asked again next time */ }
  form.elements.text.value = "";
  send();
});
addEventListener("online", () => { pause = 1; send(); });
addEventListener("pageshow", send);
try { form.elements.name.value = localStorage.getItem(CALLED) ?? ""; } catch { /* as above */ }
keep(queue());
