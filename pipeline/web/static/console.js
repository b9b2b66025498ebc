// The page of alerts: all that fire and were over of late, by severity, state and words; who is signed in looks after them, mutes and snoozes.
// Who wants is told of a new one by a sound, or by the system, whatever page is in front.
import { alertStrip } from "./alerts.js";
import { follow } from "./stream.js";
import { alertText, t } from "./texts.js";

const box = document.getElementById("alerts"), status = document.getElementById("status"), form = document.getElementById("filters");
const query = new URLSearchParams(location.search), fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const { severity, state, q: search } = form.elements;
for (const field of form.elements) field.value = query.get(field.name) ?? "";
form.addEventListener("submit", (event) => event.preventDefault());

const KEPT = "upswell.alerts.notify";
const { sound, notify } = document.getElementById("tell").elements;
const known = new Set();
let began = false, audio = null; // a browser lets a page sound once somebody has clicked there: so it is chosen anew each time

function beep() {
  for (const [n, pitch] of [660, 880].entries()) {
    const tone = audio.createOscillator(), volume = audio.createGain(), at = audio.currentTime + n * 0.22;
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.25, at);
    volume.gain.exponentialRampToValueAtTime(0.001, at + 0.2);
    tone.connect(volume).connect(audio.destination);
    tone.start(at);
    tone.stop(at + 0.2);
  }
}
sound.addEventListener("change", () => { if (sound.checked) { audio ??= new AudioContext(); beep(); } });

// True where the system may be asked to show something
async function allowed(ask) {
  const found = !globalThis.Notification ? "denied" : ask ? await Notification.requestPermission() : Notification.permission;
  return found === "granted";
}
async function choose(ask) {
  const wants = ask ? notify.checked : localStorage.getItem(KEPT) === "on";
  notify.checked = wants && await allowed(ask);
  if (ask) {
    localStorage.setItem(KEPT, notify.checked ? "on" : "");
    status.textContent = wants && !notify.checked ? t.notifyDenied : "";
  }
}
notify.addEventListener("change", () => choose(true));
try { await choose(false); } catch { /* a private window: nothing is kept */ }

// Of what the filters let through; what fired before the page was opened is on it
function heard(alerts) {
  const fresh = began ? alerts.filter((alert) => alert.status === "firing" && !alert.acknowledged && !known.has(alert.key) && wanted(alert)) : [];
  for (const alert of alerts) known.add(alert.key);
  began = true;
  if (fresh.length && sound.checked) beep();
  for (const alert of notify.checked ? fresh : []) {
    try {
      new Notification(t.severities[alert.severity], { body: alertText(alert), tag: alert.key, icon: "/static/wave.svg" }).onclick = () => focus();
    } catch { notify.checked = false; /* a phone, which lets workers alone do so */ }
  }
}

const wanted = (alert) => (!severity.value || alert.severity === severity.value) && (!state.value || alert.status === state.value)
  && fold(`${alert.rule} ${alert.display} ${alertText(alert)}`).includes(fold(search.value));
function linkOf({ topic, scope, window }) {
  const lang = new URLSearchParams(location.search).get("lang");
  return `/?${new URLSearchParams({ scope, window, topic, ...(lang ? { lang } : {}) })}`;
}
const renew = alertStrip(box, status, linkOf, false, { limit: 100, wanted, heard });
form.addEventListener("input", () => {
  for (const field of form.elements) if (field.value) query.set(field.name, field.value); else query.delete(field.name);
  history.replaceState(null, "", `?${query}`); // a link to it shows the same
  renew();
});
(await follow(() => {}))({ scopes: ["all"], window: "1h" });
