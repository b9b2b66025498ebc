// Lists of cards: filled anew, in columns, and whether somebody reads them.
import { refocus } from "./texts.js";

// Keeps the nodes of what stays, so that nothing jumps and a reader's focus is not lost
export function fill(list, items, key, draw) {
  const old = new Map([...list.children].map((node) => [node.dataset.key, node]));
  let place = list.firstChild;
  for (const item of items) {
    const id = key(item);
    let node = old.get(id);
    old.delete(id);
    if (node && node.dataset.print !== JSON.stringify(item)) {
      const fresh = drawn(item, key, draw), held = node.contains(document.activeElement) && document.activeElement;
      if (place === node) place = fresh;
      node.replaceWith(fresh);
      refocus(held, fresh);
      node = fresh;
    } else if (!node) node = drawn(item, key, draw);
    if (node === place) place = place.nextSibling;
    else list.insertBefore(node, place);
  }
  for (const node of old.values()) node.remove();
}

// The same for a screen that people read from afar: what stays keeps its place, what is new takes a place that is free
export function fillPlaces(list, items, key, draw) {
  const wanted = new Map(items.map((item) => [key(item), item]));
  const free = [];
  for (const node of [...list.children]) {
    const item = wanted.get(node.dataset.key);
    wanted.delete(node.dataset.key);
    if (item === undefined) free.push(node);
    else if (node.dataset.print !== JSON.stringify(item)) node.replaceWith(drawn(item, key, draw));
  }
  for (const item of wanted.values()) {
    const place = free.shift();
    if (place) place.replaceWith(drawn(item, key, draw)); else list.append(drawn(item, key, draw));
  }
  for (const node of free) node.remove();
}

export function drawn(item, key, draw) {
  const node = draw(item);
  node.dataset.key = key(item);
  node.dataset.print = JSON.stringify(item);
  return node;
}

// --- columns of cards of any height. Each card is put where it stands by a transform alone: those below glide down when one comes in,
// and nothing of the layout moves.
const GAP = 12, NARROWEST = 304; // px
const places = new WeakMap(); // of a list: a Map of keys of cards to their columns
const watched = new ResizeObserver((changed) => {
  for (const list of new Set(changed.map(({ target }) => target.parentElement))) if (list) arrange(list);
});

// Who is there keeps their column; who is new stands in the one that is shortest
export function arrange(list) {
  const count = Math.max(1, Math.floor((list.clientWidth + GAP) / (NARROWEST + GAP))), cards = [...list.children];
  const before = Number(list.dataset.count) === count ? places.get(list) : new Map(), columns = new Map();
  list.style.setProperty("--width", `calc((100% - ${(count - 1) * GAP}px) / ${count})`);
  const heights = cards.map((card) => card.offsetHeight + GAP), full = Array(count).fill(0), top = Array(count).fill(0);
  const put = (n, column) => { columns.set(cards[n].dataset.key, column); full[column] += heights[n]; };
  cards.forEach((card, n) => { if (before.has(card.dataset.key)) put(n, before.get(card.dataset.key)); });
  for (let n = cards.length - 1; n >= 0; n -= 1) {
    const card = cards[n], isNew = !before.has(card.dataset.key);
    if (isNew) put(n, full.indexOf(Math.min(...full)));
    card.classList.toggle("come", isNew && before.size > 0);
    watched.observe(card);
  }
  cards.forEach((card, n) => {
    const column = columns.get(card.dataset.key);
    card.classList.toggle("glides", Boolean(card.style.transform));
    card.style.transform = `translate(calc(${column} * (100% + ${GAP}px)), ${top[column]}px)`;
    top[column] += heights[n];
  });
  list.style.height = `${Math.max(...top, GAP) - GAP}px`;
  list.dataset.count = count;
  places.set(list, columns);
}

// --- whether somebody reads a list: the focus, a selection, or a pointer that moved in it not long ago
const RESTS_MS = 10000; // a pointer that lies still for so long reads nothing

export function readBy(list) {
  let pointed = 0;
  list.addEventListener("pointermove", () => { pointed = Date.now(); });
  return () => list.querySelector(":focus") || (list.matches(":hover") && Date.now() - pointed < RESTS_MS)
    || (!getSelection().isCollapsed && list.contains(getSelection().anchorNode));
}
