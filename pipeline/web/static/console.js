// The page of alerts: all that fire and were over of late, by severity, state and words; who is signed in looks after them, mutes and snoozes.
import { alertStrip } from "./alerts.js";
import { alertText } from "./texts.js";

const box = document.getElementById("alerts"), status = document.getElementById("status"), form = document.getElementById("filters");
const query = new URLSearchParams(location.search), fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const { severity, state, q: search } = form.elements;
for (const field of form.elements) field.value = query.get(field.name) ?? "";
form.addEventListener("submit", (event) => event.preventDefault());

const wanted = (alert) => (!severity.value || alert.severity === severity.value) && (!state.value || alert.status === state.value)
  && fold(`${alert.rule} ${alert.display} ${alertText(alert)}`).includes(fold(search.value));
const renew = alertStrip(box, status, ({ topic, scope, window }) => `/?${new URLSearchParams({ scope, window, topic })}`, false, { limit: 100, wanted });
form.addEventListener("input", () => {
  for (const field of form.elements) if (field.value) query.set(field.name, field.value); else query.delete(field.name);
  history.replaceState(null, "", `?${query}`); // a link to it shows the same
  renew();
});
