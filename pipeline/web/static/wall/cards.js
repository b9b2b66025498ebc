// What the pages of events are built of. Texts of posts only ever become text nodes.
import { called, clean, colon, face, handle, make, marked, network, photos } from "../texts.js";
import { moment, text } from "./texts.js";
import { say } from "../messages.js";

export const { view, event: name, csrf, token, rights } = document.body.dataset;
export const canDecide = rights === "write";

export function card(post, ...more) {
  const time = make("time", { datetime: new Date(post.time).toISOString() }, moment(post.time));
  return make(
    "article", { class: post.pinned ? "post pinned" : "post", tabindex: view === "moderate" ? "0" : false },
    make("div", { class: "who" }, face(post.author, post.name, post.avatar), make("div", {}, make("strong", {}, make("bdi", {}, called(post))), make("bdi", { class: "quiet" }, handle(post)))),
    make("p", { class: "said", dir: "auto" }, post.text),
    photos(post.pictures),
    make("p", { class: "foot" }, ...marked(post.source), " · ",
      post.url && view !== "screen" ? make("a", { href: post.url, rel: "noopener noreferrer nofollow", target: "_blank" }, time) : time,
      post.copies ? ` · ${say("wall.copies", { n: post.copies })}` : "", post.pinned ? ` · ${text.pinned}` : "",
      post.why ? ` · ${text.whys[post.why] ?? post.why}${post.word ? ` ${post.word}${colon} “${post.piece}”` : ""}` : ""),
    ...more,
  );
}

// Decisions, each with the post that it is about, where that is known
export const withPosts = (decisions, decided) => decisions.map((it) => ({ ...it, about: ["post", "pin", "account", "trust"].includes(it.kind) ? decided[it.target] : undefined }));

// A decision in words: of a post that is known, whose it is and how it begins
export function told(decision, about) {
  const when = make("time", { class: "quiet" }, moment(decision.at));
  const account = ["account", "trust"].includes(decision.kind);
  if (!about || account) return make("span", {}, when, ` ${decision.by}${colon} ${text.kinds[decision.kind]} `, make("bdi", {}, about ? clean(about.name, 40) : decision.target ?? ""), about ? ` (${network(decision.target.split("/")[0])})` : "", ` ${text.verdicts[decision.verdict ?? ""]} `);
  const places = { "\u{1}": clean(about.name, 40) || network(decision.target.split("/")[0]), "\u{2}": clean(about.text, 60) };
  const act = decision.verdict || (decision.kind === "pin" ? "unpinned" : "waiting");
  const parts = say("wall.said", { by: decision.by, act, name: "\u{1}", text: "\u{2}" }).split(/([\u{1}\u{2}])/u);
  return make("span", {}, when, " ", ...parts.map((part) => (part in places ? make("bdi", {}, places[part]) : part)), " ");
}

// An order to the server, and what it answers, or null. Who is signed in no more is asked to sign in again; what went wrong is told
// at the top. While no server answers (it starts anew, a phone is in a tunnel) the order is kept, and sent when one does.
const PATIENCE_MS = 120000, AGAIN_MS = 1000, AWAY = [502, 503, 504];
const kept = new Set();
export async function post(path, body) {
  const fault = document.getElementById("fault"), order = JSON.stringify([path, body]), began = Date.now();
  if (kept.has(order)) return null;
  kept.add(order);
  try {
    for (;;) {
      const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json", "X-Upswell-CSRF": csrf }, body: JSON.stringify(body) }).catch(() => null);
      if (answer?.status === 401) location.reload();
      if (answer && !AWAY.includes(answer.status)) {
        const said = await answer.json().catch(() => ({}));
        fault.textContent = answer.ok ? "" : said.detail ?? answer.statusText;
        return answer.ok ? said : null;
      }
      if (Date.now() - began > PATIENCE_MS) {
        fault.textContent = text.reconnecting;
        return null;
      }
      fault.textContent = text.kept;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  } finally { kept.delete(order); }
}

export function logoutButton() {
  return make("button", { type: "button", onclick: async () => {
    await fetch("/api/v1/moderation/logout", { method: "POST", headers: { "X-Upswell-CSRF": csrf } });
    location.reload();
  } }, text.logout);
}
