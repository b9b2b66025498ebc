// Posts that come while somebody looks, in columns: live where there is a mouse and nobody reads, else behind a button. What somebody
// reads stays where it is; what may not be shown any more leaves at once.
import { arrange, fill, readBy } from "./cards.js";
import { say } from "./messages.js";
import { make, t } from "./texts.js";

const PACE_MS = 2000; // between posts that come live
const moves = matchMedia("(prefers-reduced-motion: no-preference)").matches;

// `card` draws a post, `key` tells it from others; `kept`: which of those shown stay, of (shown, all); `live`: also where there is no mouse
export function coming({ card, key, kept, live: always = false, top }) {
  const live = make("input", { type: "checkbox", checked: moves && (always || matchMedia("(hover: hover)").matches), onchange: renew });
  const fresh = make("button", { type: "button", class: "main", hidden: true, onclick: takeAll });
  const posts = make("div", { class: "posts stacked", "aria-live": "off", tabindex: "-1" });
  const isRead = readBy(posts), isPassed = () => posts.getBoundingClientRect().top < 0;
  let all = [], shown = [], due = 0, soon = 0;

  function renew() {
    const stay = kept(shown, all), there = new Set(stay.map(key)), waiting = all.filter((post) => !there.has(key(post))).length;
    if (!stay.length || (waiting && live.checked && !isPassed() && !isRead() && Date.now() >= due)) take(); else draw(stay, waiting);
  }

  function take() {
    due = Date.now() + PACE_MS;
    draw(all, 0);
  }

  function takeAll() {
    take();
    top().scrollIntoView();
    posts.focus({ preventScroll: true }); // the button is gone
  }

  function draw(these, waiting) {
    shown = these;
    fill(posts, shown, key, card);
    arrange(posts);
    fresh.hidden = !waiting;
    if (waiting) fresh.textContent = say("page.coming", { n: waiting });
    clearTimeout(soon);
    if (waiting && live.checked) soon = setTimeout(renew, Math.max(due - Date.now(), 500));
  }

  const news = make("div", { class: "news" }, make("label", {}, live, ` ${t.live}`), fresh);
  return { news, posts, show(these, whole = false) { all = these; if (whole) take(); else renew(); } };
}
