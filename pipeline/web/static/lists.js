// One list as a table. Its rows are places that are filled anew, so that nothing on the page moves when the list changes.
import { say } from "./messages.js";
import { draw, sparkline } from "./sparks.js";
import { ago, beside, called, clean, clock, face, isOver, keyOf, make, network, now, photos, refocus, reasonOf, t, told, waits, why } from "./texts.js";

const fold = (text) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

export class ListView {
  constructor(scope, name, linkOf) {
    this.scope = scope;
    this.linkOf = linkOf;
    this.heading = make("h2", {}, make("bdi", {}, name));
    this.caption = make("caption");
    this.body = make("tbody");
    const head = make("tr", {}, ...Object.entries(t.heads).map(([column, name]) => make("th", { scope: "col", class: column }, name || make("span", { class: "unseen" }, "±"))));
    this.table = make("table", {}, this.caption, make("thead", {}, head), this.body);
    this.tools = make("span", { class: "tools" });
    this.section = make("section", { class: "list", "data-scope": scope }, make("div", { class: "title" }, this.heading, this.tools), this.table);
  }

  // `before`: the list some minutes ago, for the movement; `query`: show only what matches; `past`: it is not the current one
  show(list, before, query, past, came) {
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.topic : null;
    const wanted = fold(query.replace(/^[#＃$]/, ""));
    const rows = list.trends.filter((row) => !wanted || [row.topic, row.display, ...row.variants].some((text) => fold(text).includes(wanted)));
    const ranks = before && new Map(before.trends.map((row) => [row.topic, row.rank]));
    this.caption.replaceChildren(...captionOf(list, past, rows.length, came));
    while (this.body.rows.length < rows.length) this.body.append(place());
    while (this.body.rows.length > rows.length) this.body.lastChild.remove();
    this.lead?.show(list, past);
    if (this.lead) this.lead.hidden = Boolean(query); // who looks for something sees what is found first
    const most = Math.max(1, ...rows.map((row) => row.authors));
    rows.forEach((row, n) => this.fill(this.body.rows[n], row, ranks, row.authors / most));
    if (focused) this.body.querySelector(`a[data-topic="${CSS.escape(focused)}"]`)?.focus();
  }

  fill(line, row, ranks, part) {
    const [rank, move, topic, course, people, posts, state, reason] = line.cells;
    line.className = row.trending ? row.state : "fill";
    rank.textContent = row.rank;
    const was = ranks?.get(row.topic);
    const up = was === undefined ? 0 : was - row.rank;
    move.textContent = !ranks || up === 0 && was !== undefined ? "" : was === undefined ? "★" : up > 0 ? `▲${up}` : `▼${-up}`;
    const said = was === undefined ? t.fresh : `${up > 0 ? t.up : t.down} ${Math.abs(up)}`;
    if (move.textContent) { move.setAttribute("aria-label", said); move.title = said; } else { move.removeAttribute("aria-label"); move.removeAttribute("title"); }
    move.className = `move ${up > 0 ? "up" : up < 0 ? "down" : ""}`;
    const link = topic.firstChild;
    link.href = this.linkOf({ topic: row.topic, scope: this.scope });
    link.dataset.topic = row.topic;
    link.firstChild.textContent = clean(row.display, 80);
    topic.lastChild.textContent = row.flags.map((flag) => t.flags[flag] ?? "").join(", ");
    draw(course.firstChild, row.spark);
    people.textContent = told(row.authors);
    people.style.setProperty("--part", part.toFixed(3));
    posts.textContent = told(row.posts);
    state.firstChild.className = row.trending ? `tag ${row.state}` : "tag";
    state.firstChild.textContent = row.trending ? t.states[row.state] ?? "" : row.flags.includes("suspect") ? t.flags.suspect : t.usual;
    reason.firstChild.textContent = reason.firstChild.title = reasonOf(row, beside(row));
  }
}

const STALE_MS = 150000; // lists come every minute: after so long something is away

function captionOf(list, past, shown, came) {
  const parts = [], inside = document.body.dataset.view !== "screen"; // an audience sees nothing of how it is made
  const stale = inside && !past && Date.now() - came > STALE_MS;
  if (list.at) parts.push(make("span", { class: past ? "live past" : stale ? "live stale" : "live" }, `${clock(list.at)}${past ? ` (${t.past})` : inside && list.final === false ? ` (${t.soFar})` : ""}`));
  if (stale && list.at) parts.push(make("span", {}, isOver() ? t.over : say("page.last", { ago: ago(now() - Date.now() + came) })));
  if (list.posts) parts.push(make("span", {}, `${say("count.posts", { n: list.posts })} · ${say("count.people", { n: list.authors })}`));
  if (list.flag && inside) parts.push(make("span", { class: "tag" }, waits(list)));
  if (!shown) parts.push(make("span", { class: "empty" }, list.trends.length ? t.noMatch : list.at ? t.nothing : t.waiting));
  return parts;
}

function place() {
  const line = make("tr");
  for (const name in t.heads) line.append(make(name === "topic" ? "th" : "td", name === "topic" ? { class: name, scope: "row" } : { class: name }));
  line.cells[2].append(make("a", {}, make("bdi")), make("span", { class: "flags" }));
  line.cells[3].append(sparkline());
  line.cells[6].append(make("span", { class: "tag" }));
  line.cells[7].append(make("div", { class: "reason" }));
  return line;
}

// What is on now, in words: the strongest topic, since when, why, its course as bars with what is usual, and a post that says it
export function leadOf(linkOf) {
  const title = make("h2"), state = make("p", { class: "state" }), reason = make("p", { class: "why" }), bars = make("div", { class: "bars", "aria-hidden": "true" }), legend = make("figcaption", { class: "quiet" }), figure = make("figure", {}, bars, legend), post = make("blockquote", { hidden: "" });
  const lead = make("section", { class: "headline card" }, make("div", {}, state, title, reason), figure, post);
  let asked = "", shown = "";
  addEventListener("gone", function leave({ detail }) {
    if (!lead.isConnected) removeEventListener("gone", leave);
    if (!detail.has(shown)) return;
    post.hidden = true;
    post.replaceChildren();
    asked = shown = ""; // another one comes with the next list
  });

  async function example(list, row) {
    const key = `${list.scope} ${list.window} ${row.topic}`;
    if (key === asked) return;
    asked = key;
    post.hidden = true;
    try {
      const answer = await fetch(`/api/v1/topics?${new URLSearchParams({ key: row.topic, scope: list.scope, window: list.window })}`);
      const [best] = answer.ok ? (await answer.json()).posts : [];
      if (asked !== key || !best) return;
      post.replaceChildren(photos(best.pictures.slice(0, 1)), make("p", { dir: "auto" }, clean(best.text, 240)), make("footer", { class: "quiet" }, face(best.author, best.name, best.avatar), make("bdi", {}, called(best)), make("span", {}, best.name && `· ${network(best.source)}`)));
      shown = keyOf(best);
      post.hidden = false;
    } catch { asked = ""; }
  }

  lead.show = (list, past) => {
    const row = list.trends.find((it) => it.trending);
    figure.hidden = !row;
    if (!row) {
      title.textContent = list.trends.length ? t.calm : list.at ? t.nothing : t.waiting;
      state.textContent = "";
      reason.textContent = list.at ? "" : say("page.first", { played: Boolean(document.body.dataset.clock) });
      post.hidden = true;
      asked = "";
      return;
    }
    state.replaceChildren(make("span", { class: `tag ${row.state}` }, t.states[row.state] ?? ""), ` ${row.since ? say("page.begun", { ago: ago(row.since) }) : ""}`);
    if (past || now() - list.at > 7200000) state.lastChild.textContent = row.since ? ` ${say("page.lasts", { at: row.since })}` : "";
    const held = title.contains(document.activeElement) && document.activeElement;
    title.replaceChildren(make("a", { href: linkOf({ topic: row.topic, scope: list.scope }) }, make("bdi", {}, clean(row.display, 80))));
    refocus(held, title);
    reason.textContent = why(row.why);
    const most = Math.max(1, row.usual, ...row.spark);
    bars.replaceChildren(...row.spark.map((at) => bar(at / most)));
    bars.style.setProperty("--usual", (row.usual / most).toFixed(3));
    bars.classList.toggle("known", row.usual >= 0.05);
    legend.textContent = say("page.bars", { step: list.window === "24h" ? "hour" : "minute", now: row.spark.at(-1) ?? 0, usual: row.usual, known: row.usual >= 0.05 });
    if (!past) example(list, row); else post.hidden = true;
  };
  return lead;
}

function bar(part) {
  const made = make("i");
  made.style.setProperty("--part", part.toFixed(3));
  return made;
}
