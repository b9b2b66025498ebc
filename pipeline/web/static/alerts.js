// The last alerts, those that receivers did not get, and the mutes in force, below the lists: nothing moves when one comes. Who is signed in as a moderator mutes and acknowledges.
import { say } from "./messages.js";
import { ago, alertText, clean, clock, colon, fault, hearClock, make, named, now, t } from "./texts.js";

const EVERY_MS = 30000, MUTED_S = 7200, SNOOZED_S = 900; // the stream tells what changes: this is for mutes that end

const standing = (alert) => `${alert.status === "firing" ? t.firing : t.over}${alert.acknowledged ? ` (${t.seen} ${clean(alert.acknowledged, 40)})` : ""}`;

// Where one sees why: the topic's page, the event's board, or the list of what it is about
function placeOf({ topic, scope, window, title }, linkOf) {
  if (topic) return linkOf({ topic, scope, window });
  const lang = new URLSearchParams(location.search).get("lang"), asked = lang ? { lang } : {}, [kind, name] = scope.split(":");
  if (kind === "event" && title) return `/events/${name}${lang ? `?${new URLSearchParams(asked)}` : ""}`;
  return `/?${new URLSearchParams({ scope, window, ...asked })}`;
}

export const alertLine = (alert) => `${clock(alert.fired)} · ${standing(alert)} · ${alertText(alert)}`;

// `console`: its limit, which are wanted and who hears of them, where the strip is the whole page; returns what draws it anew
export function alertStrip(box, status, linkOf, screen, console = null) {
  let drawn = "", signed = { csrf: "", rights: "" };

  async function asked(path) {
    const answer = await fetch(`/api/v1/alerts${path}`);
    hearClock(answer);
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

  function button(action, text, name, about, for_s) {
    const made = make("button", { type: "button", "aria-label": `${text}${colon} ${name}`, "data-key": `${text} ${about.rule} ${about.topic}` }, text);
    made.addEventListener("click", () => give(action, { ...about, for_s }));
    return made;
  }

  function alertItem(alert, muted) {
    const line = make("bdi", {}, (console ? alertText : alertLine)(alert)), about = { rule: alert.rule, topic: named(alert.topic) };
    const item = make("li", { class: `${alert.status} ${alert.severity}` });
    if (console) item.append(make("span", { class: `tag ${alert.status === "firing" ? alert.severity : ""}` }, t.severities[alert.severity]), " ", make("span", { class: "quiet" }, `${standing(alert)} · ${ago(alert.fired)} · ${clock(alert.fired)} · ${clean(alert.rule, 60)}`));
    const told = screen ? line : make("a", { href: placeOf(alert, linkOf) }, line);
    item.append(console ? make("p", {}, told) : told);
    if (signed.rights !== "write" || alert.status !== "firing" || screen) return item;
    const name = clean(`${alert.rule} ${alert.display}`, 80);
    if (!alert.acknowledged) item.append(" ", button("ack", t.ack, name, about));
    if (muted.has(`${alert.rule} ${alert.topic}`)) return item;
    if (console) item.append(" ", button("mute", t.snooze, name, about, SNOOZED_S));
    item.append(" ", button("mute", t.mute, name, about, MUTED_S));
    return item;
  }

  function muteItem(order) {
    const name = clean(`${order.rule} ${order.topic}`, 80);
    const item = make("li", {}, make("bdi", {}, `${name} · ${say("page.until", { at: order.until })} · ${clean(order.by, 40)}`));
    if (signed.rights === "write" && !screen) item.append(" ", button("unmute", t.unmute, name, { rule: order.rule, topic: named(order.topic) }));
    return item;
  }

  function lostItem([lost, ...others]) {
    const more = others.length ? ` · ${say("page.more", { n: others.length })}` : "";
    const about = clean(`${lost.rule} ${lost.topic || lost.scope}`, 80), state = lost.status === "firing" ? t.firing : t.over;
    return make("li", { class: "lost" }, make("bdi", {}, `${clock(lost.at)} · ${clean(lost.receiver, 60)}${colon} ${fault(lost.why)} · ${about} (${state}, ${clock(lost.fired)})${more}`));
  }

  async function renew() {
    let alerts, lost, mutes;
    const paths = [`?limit=${console?.limit ?? 8}&text=${document.documentElement.lang}`, "/mutes", ...(screen ? [] : [`/given-up?limit=${console?.limit ?? 8}`])]; // a room need not know whose telephone is off
    try { [alerts, mutes, lost] = await Promise.all(paths.map(asked)); } catch { return; /* the stream says that the server is away */ }
    if (console) {
      console.heard(alerts ?? []);
      alerts = alerts?.filter(console.wanted);
    }
    const found = JSON.stringify([alerts, mutes, lost, signed.rights, console && Math.floor(now() / 60000)]);
    if (found === drawn) return;
    drawn = found;
    const held = box.contains(document.activeElement) ? document.activeElement.dataset.key ?? "" : null;
    const muted = new Set((mutes ?? []).map((order) => `${order.rule} ${order.topic}`));
    box.replaceChildren(
      ...(console && !alerts?.length ? [make("p", { class: "empty" }, t.noAlerts)] : []),
      ...section(t.alerts, (alerts ?? []).map((alert) => alertItem(alert, muted))), ...section(t.lost, alike(lost ?? []).map(lostItem)), ...section(t.mutes, (mutes ?? []).map(muteItem)));
    if (held !== null) ([...box.querySelectorAll("button")].find((one) => one.dataset.key === held) ?? box.querySelector("h2"))?.focus();
  }

  // Messages that failed for one reason at one receiver, together: the newest first
  function alike(all) {
    const groups = new Map();
    for (const lost of all) {
      const key = JSON.stringify([lost.receiver, lost.why]);
      groups.set(key, [...(groups.get(key) ?? []), lost]);
    }
    return [...groups.values()];
  }

  // on the page of alerts its heading says the first title already
  const section = (title, items) => (items.length ? [make("h2", { tabindex: "-1", class: console && title === t.alerts ? "unseen" : false }, title), make("ul", {}, ...items)] : []);

  async function run() {
    await renew();
    setTimeout(run, EVERY_MS);
  }
  (screen ? Promise.resolve(null) : asked("/session").catch(() => null)).then((found) => { signed = found ?? signed; run(); });
  addEventListener("firing", renew);
  return renew;
}
