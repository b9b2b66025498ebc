// Whether somebody reads a list: the focus, a selection, or a pointer that moved in it not long ago.
const RESTS_MS = 10000; // a pointer that lies still for so long reads nothing

export function readBy(list) {
  let pointed = 0;
  list.addEventListener("pointermove", () => { pointed = Date.now(); });
  return () => list.querySelector(":focus") || (list.matches(":hover") && Date.now() - pointed < RESTS_MS)
    || (!getSelection().isCollapsed && list.contains(getSelection().anchorNode));
}
