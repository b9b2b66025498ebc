// Cards of any height in columns. Each is put where it stands by a transform alone: those below glide down when one comes in, and
// nothing of the layout moves.
const GAP = 12, NARROWEST = 304; // px
const places = new WeakMap(); // list -> Map of a card's key to its column
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
