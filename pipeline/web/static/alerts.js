// The last alerts, those that receivers did not get, and the mutes in force, below the lists: nothing moves when one comes. Who is signed in as a moderator mutes and acknowledges.
import { clean, clock, fault, make, t } from "./texts.js";
import { alertLine } from "./topic.js";

const EVERY_MS = 5000, MUTED_S = 7200;

export function alertStrip(box, status, linkOf, screen) {
  let drawn = "", signed = { csrf: "", rights: "" };

  async function asked(path) {
    const answer = await fetch(`/api/v1/alerts${path}`);
    return answer.ok ? answer.json() : null;
  }

  async function give(action, about) {
    const headers = { "content-type": "application/json", "x-upswell-csrf": signed.csrf };
    let said = t.away;
    try {
      const answer = await fetch(`/api/v1/alerts/${action}`, { method: "POST", headers, body: JSON.stringify(about) });
      said = answer.ok ? t.done : clean((await answer.json()).detail ?? answer.status, 200);
      if (answer.status === 401 || answer.status === 403) signed = await asked("/session") ?? signed;
    } catch { /* said already */ }
    await renew();
    status.textContent = said;
  }

  function button(action, text, name, about) {
    const made = make("button", { type: "button", "aria-label": `${text}: ${name}`, "data-key": `${action} ${about.rule} ${about.topic}` }, text);
    made.addEventListener("click", () => give(action, action === "mute" ? { ...about, for_s: MUTED_S } : about));
    return made;
  }

  function alertItem(alert, muted) {
    const line = make("bdi", {}, alertLine(alert)), about = { rule: alert.rule, topic: alert.topic };
    const item = make("li", { class: `${alert.status} ${alert.severity}` }, alert.topic && !screen
      ? make("a", { href: linkOf({ topic: alert.topic, scope: alert.scope, window: alert.window }) }, line) : line);
    if (signed.rights !== "write" || alert.status !== "firing" || screen) return item;
    const name = clean(`${alert.rule} ${alert.display}`, 80);
    if (!alert.acknowledged) item.append(" ", button("ack", t.ack, name, about));
    if (!muted.has(`${alert.rule} ${alert.topic}`)) item.append(" ", button("mute", t.mute, name, about));
    return item;
  }

  function muteItem(order) {
    const name = clean(`${order.rule} ${order.topic}`, 80);
    const item = make("li", {}, make("bdi", {}, `${name} · ${t.until} ${clock(order.until)} · ${clean(order.by, 40)}`));
    if (signed.rights === "write" && !screen) item.append(" ", button("unmute", t.unmute, name, { rule: order.rule, topic: order.topic }));
    return item;
  }

  function lostItem(lost) {
    const about = clean(`${lost.rule} ${lost.topic || lost.scope}`, 80), state = lost.status === "firing" ? t.firing : t.over;
    return make("li", { class: "lost" }, make("bdi", {}, `${clock(lost.at)} · ${clean(lost.receiver, 60)}${t.colon} ${fault(lost.why)} · ${about} (${state}, ${clock(lost.fired)})`));
  }

  async function renew() {
    let alerts, lost, mutes;
    const paths = ["?limit=8", "/mutes", ...(screen ? [] : ["/given-up?limit=8"])]; // a room need not know whose telephone is off
    try { [alerts, mutes, lost] = await Promise.all(paths.map(asked)); } catch { return; /* the stream says that the server is away */ }
    const now = JSON.stringify([alerts, mutes, lost, signed.rights]);
    if (now === drawn) return;
    drawn = now;
    const held = box.contains(document.activeElement) ? document.activeElement.dataset.key ?? "" : null;
    const muted = new Set((mutes ?? []).map((order) => `${order.rule} ${order.topic}`));
    box.replaceChildren(
      ...section(t.alerts, (alerts ?? []).map((alert) => alertItem(alert, muted))), ...section(t.lost, (lost ?? []).map(lostItem)), ...section(t.mutes, (mutes ?? []).map(muteItem)));
    if (held !== null) ([...box.querySelectorAll("button")].find((one) => one.dataset.key === held) ?? box.querySelector("h2"))?.focus();
  }

  const section = (title, items) => (items.length ? [make("h2", { tabindex: "-1" }, title), make("ul", {}, ...items)] : []);

  async function run() {
    await renew();
    setTimeout(run, EVERY_MS);
  }
  (screen ? Promise.resolve(null) : asked("/session").catch(() => null)).then((found) => { signed = found ?? signed; run(); });
}
