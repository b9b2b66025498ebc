// The moderators' page of the whole installation: what never trends, what looks organised, the last decisions, alerts and mutes.
import { alertStrip } from "../alerts.js";
import { follow } from "../stream.js";
import { colon, make, named, reasonOf } from "../texts.js";
import { fill } from "../cards.js";
import { canDecide, logoutButton, post, told, token, withPosts } from "./cards.js";
import { text } from "./texts.js";

const EVERY_MS = 3000;
const main = document.getElementById("main"), status = document.getElementById("status");
let mine = null;

const kind = make("select", { name: "kind", "aria-label": text.what }, ...["topic", "word", "account"].map((it) => make("option", { value: it }, text.kinds[it])),
  make("option", { value: "suspicion" }, text.verdicts.suspect));
const field = make("input", { name: "target", required: true, maxlength: 300, "aria-label": text.target, placeholder: text.hints.topic, autocomplete: "off" });
kind.addEventListener("change", () => { field.placeholder = text.hints[kind.value] ?? text.hints.topic; });
const form = make("form", { id: "never", class: "row", onsubmit: async (submitted) => {
  submitted.preventDefault();
  if (await post("/api/v1/blocks", { kind: kind.value, target: field.value, verdict: kind.value === "suspicion" ? "suspect" : "blocked" })) field.value = "";
  await renew();
} }, kind, field, make("button", { class: "main" }, text.add));
const alerts = make("div", { id: "alerts" });

main.append(
  make("p", { id: "fault", class: "fault", role: "alert" }),
  make("div", { class: "bar" }, canDecide ? null : make("p", {}, text.lookOnly), make("span", { class: "signed" }, make("span", { class: "quiet" }, token), " ", logoutButton())),
  make("div", { class: "columns" },
    make("section", { class: "panel" }, make("h2", {}, text.never), make("p", { class: "quiet" }, text.neverMeans), canDecide ? form : null,
      make("ul", { id: "blocks" }), make("p", { id: "none", class: "empty", hidden: true }, text.noBlocks),
      make("h2", {}, text.suspects), make("p", { class: "quiet" }, text.suspectsMean), make("ul", { id: "suspects" }), make("p", { id: "no-suspects", class: "empty", hidden: true }, text.noSuspects)),
    make("aside", {}, make("h2", {}, text.decisions), make("ul", { id: "decisions", "aria-live": "polite" }))),
  alerts);

async function act(path, body) {
  await post(path, body);
  await renew();
}

// The topics that look organised now, in the lists of minutes and hours of all posts, each once
async function suspectsNow() {
  const lists = await Promise.all(["1h", "5m"].map(async (window) => {
    const answer = await fetch(`/api/v1/trends?${new URLSearchParams({ scope: "all", window })}`);
    return answer.ok ? (await answer.json()).trends : [];
  }));
  return new Map(lists.flat().filter((row) => row.flags.includes("suspect")).map((row) => [row.topic, row]));
}

async function renew() {
  let found, suspects;
  try {
    const answer = await fetch("/api/v1/blocks");
    if (answer.status === 401) return location.reload();
    [found, suspects] = await Promise.all([answer.json(), suspectsNow()]);
  } catch {
    status.textContent = text.reconnecting;
    return;
  }
  if (status.textContent === text.reconnecting) status.textContent = "";
  mine = found.decisions.find((it) => it.by === token && !it.undoes);
  document.getElementById("none").hidden = found.blocks.length > 0;
  fill(document.getElementById("blocks"), found.blocks, (it) => it.id, (it) => make("li", {},
    make("span", {}, make("b", {}, make("bdi", {}, it.target)), " ", make("span", { class: "quiet" }, `${it.kind === "suspicion" ? text.verdicts[it.verdict] : text.kinds[it.kind]} · ${it.by}`)),
    canDecide && ["topic", "word", "account", "suspicion"].includes(it.kind) ? make("button", { type: "button", "aria-label": `${text.free}${colon} ${it.target}`, onclick: () => act("/api/v1/blocks", { kind: it.kind, target: ["topic", "suspicion"].includes(it.kind) ? named(it.target) : it.target, verdict: "" }) }, text.free) : null));
  document.getElementById("no-suspects").hidden = suspects.size > 0;
  fill(document.getElementById("suspects"), [...suspects.values()], (it) => it.topic, (it) => make("li", {},
    make("span", {}, make("b", {}, make("bdi", {}, it.display)), " ", make("span", { class: "quiet" }, make("bdi", {}, reasonOf(it)))),
    canDecide ? make("button", { type: "button", "aria-label": `${text.clear}${colon} ${it.display}`, onclick: () => act("/api/v1/blocks", { kind: "suspicion", target: named(it.topic), verdict: "cleared" }) }, text.clear) : null));
  fill(document.getElementById("decisions"), withPosts(found.decisions, found.decided), (it) => it.id, (it) => make("li", {}, told(it, it.about),
    canDecide ? make("button", { type: "button", class: "undo", onclick: () => act("/api/v1/blocks/undo", { id: it.id }) }, text.undo) : null));
}

addEventListener("keydown", (pressed) => {
  if (pressed.ctrlKey || pressed.metaKey || pressed.altKey || pressed.target.closest?.("input, select, textarea")) return;
  if (pressed.key === "/" && canDecide) { pressed.preventDefault(); field.focus(); }
  if (pressed.key === "u" && canDecide && mine) act("/api/v1/blocks/undo", { id: mine.id });
});

const linkOf = ({ topic, scope, window }) => `/?${new URLSearchParams({ scope, window, topic })}`;
alertStrip(alerts, status, linkOf, false);
(await follow(() => {}))({ scopes: ["all"], window: "1h" }); // which tells of alerts, too
async function run() {
  await renew();
  setTimeout(run, EVERY_MS);
}
run();
