// The tour of the demo: one step at a time, over the page that it is about. The browser's tab remembers where somebody is in it, and that they have ended it.
const box = document.getElementById("tour"), steps = [...box.querySelectorAll("[data-path]")];
const [end, back, next] = ["end", "back", "next"].map((name) => box.querySelector(`.${name}`));
const page = ({ dataset }) => dataset.path, PLACE = "upswell-tour", GOES = "upswell-tour-goes", OVER = "upswell-tour-over";
let place = Number(sessionStorage.getItem(PLACE) ?? 0), marked = null;

function show(focus) {
  const step = steps[place];
  sessionStorage.setItem(PLACE, place);
  for (const it of steps) it.hidden = it !== step;
  back.disabled = !place;
  next.hidden = place === steps.length - 1;
  box.hidden = false;
  mark(step.dataset.shows);
  if (focus) step.querySelector("h2").focus();
}

// What the step is about is outlined, once the page has drawn it
function mark(selector) {
  marked?.classList.remove("toured");
  marked = selector ? document.querySelector(selector) : null;
  marked?.classList.add("toured");
  marked?.scrollIntoView({ block: "nearest" });
  if (selector && !marked) setTimeout(() => { if (selector === steps[place].dataset.shows && !box.hidden) mark(selector); }, 300);
}

function go(by) {
  place += by;
  sessionStorage.setItem(PLACE, place);
  if (page(steps[place]) === location.pathname) return show(true);
  const lang = new URLSearchParams(location.search).get("lang");
  sessionStorage.setItem(GOES, "1");
  location.assign(page(steps[place]) + (lang ? `?lang=${lang}` : ""));
}

function finish() {
  sessionStorage.setItem(OVER, "1");
  box.hidden = true;
  mark("");
}

end.addEventListener("click", finish);
back.addEventListener("click", () => go(-1));
next.addEventListener("click", () => go(1));
box.addEventListener("keydown", (event) => { if (event.key === "Escape") finish(); });

if (!steps[place] || page(steps[place]) !== location.pathname) place = page(steps[0]) === location.pathname ? 0 : -1; // who has strayed begins anew
if (place >= 0 && !sessionStorage.getItem(OVER)) show(Boolean(sessionStorage.getItem(GOES)));
sessionStorage.removeItem(GOES);
