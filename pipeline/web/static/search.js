// The search field: it filters what is on the page, and offers topics and posts that are not; Enter opens the first of them.
import { say } from "./messages.js";
import { clean, keyOf, make, t } from "./texts.js";

const WAIT_MS = 200;

const sinceOf = (found) => (found.posts_since ? make("p", { class: "quiet" }, say("page.postsSince", { at: found.posts_since })) : "");

// `filter` is told what is typed, `link` makes the address of a topic, `scope` says where to look, `open` follows an address
export function searchField({ filter, link, scope, open }) {
  const input = make("input", { type: "search", id: "q", autocomplete: "off", placeholder: t.search, "aria-label": t.search });
  const hits = make("div", { id: "hits", hidden: "" }), status = make("p", { class: "quiet", role: "status" });
  let asked = 0, soon = 0, first = null;

  const close = () => { hits.hidden = true; first = null; asked += 1; clearTimeout(soon); };

  async function look() {
    const turn = ++asked, q = input.value.trim();
    if (!q) return null;
    const answer = await fetch(`/api/v1/search?${new URLSearchParams({ q, scope: scope() })}`).catch(() => null);
    if (turn !== asked || !answer?.ok) return null;
    const found = await answer.json(), { example } = await import("./topic.js");
    if (turn !== asked) return null;
    const number = found.topics.length + found.posts.length;
    status.textContent = number ? "" : t.nothingFound;
    const topics = found.topics.map((it) => make("li", {}, make("a", { href: link(it.topic) }, make("bdi", {}, clean(it.display, 60))), " ", make("span", { class: "quiet" }, it.now ? t.listedNow : say("page.listedLast", { at: it.at }))));
    hits.replaceChildren(status, make("ul", { class: "links" }, ...topics), ...found.posts.map(example), sinceOf(found), found.more ? olderOf(q, turn, new Set(found.posts.map(keyOf)), example) : "");
    hits.hidden = false;
    first = found.topics[0] ?? null;
    return first;
  }

  // What only the log of posts holds: the server looks through it for whoever asks for it, one after the other
  function olderOf(q, turn, there, example) {
    const button = make("button", { type: "button" }, t.postsOlder), told = make("p", { class: "quiet", role: "status" }), box = make("div", { class: "older" }, button, told);
    button.addEventListener("click", async () => {
      told.textContent = t.postsLooking;
      const answer = await fetch(`/api/v1/search/past?${new URLSearchParams({ q, scope: scope() })}`).catch(() => null);
      if (turn !== asked) return;
      if (!answer?.ok) { told.textContent = answer?.status === 503 ? t.postsBusy : t.away; return; }
      const found = await answer.json(), more = found.posts.filter((post) => !there.has(keyOf(post)));
      told.textContent = `${more.length ? "" : `${t.nothingFound} `}${found.whole ? t.postsAll : sinceOf(found).textContent ?? ""}`;
      box.replaceChildren(...more.map(example), told);
    });
    return box;
  }

  input.addEventListener("input", () => {
    filter(input.value);
    clearTimeout(soon);
    if (input.value.trim()) soon = setTimeout(look, WAIT_MS); else close();
  });
  input.addEventListener("keydown", async (event) => {
    if (event.key === "Escape") close();
    if (event.key !== "Enter" || !input.value.trim()) return;
    clearTimeout(soon);
    const hit = await look();
    if (!hit) return;
    close();
    open(link(hit.topic));
  });
  addEventListener("gone", ({ detail }) => { for (const hit of hits.querySelectorAll("[data-post]")) if (detail.has(hit.dataset.post)) hit.remove(); });
  hits.addEventListener("click", (event) => { if (event.target.closest("a")) close(); });
  document.addEventListener("pointerdown", ({ target }) => { if (!box.contains(target)) close(); });
  const box = make("div", { class: "search" }, input, hits);
  return { box, input };
}
