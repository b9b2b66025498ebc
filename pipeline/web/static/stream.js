// What a page hears of the server, through the one stream that all tabs of the browser share.
// What it would say first the page may hold already.
// `heard` is called with { list }, { now }, { gone }, { open } or { away }; returns how to say what is wanted.
export async function follow(heard) {
  const first = document.getElementById("first");
  if (first) {
    await null; // until the module that asks is there
    for (const told of JSON.parse(first.textContent)) heard(told);
  }
  let port, wish = null;
  if (window.SharedWorker) port = new SharedWorker("/static/hub.js", { type: "module", name: "upswell" }).port;
  else {
    const { port1, port2 } = new MessageChannel();
    (await import("./hub.js")).connect(port2);
    port = port1;
  }
  port.onmessage = ({ data }) => {
    if (!("firing" in data)) heard(data);
    else if (ring(data.firing)) dispatchEvent(new Event("firing"));
  };
  addEventListener("pagehide", () => port.postMessage(null));
  addEventListener("pageshow", (event) => { if (event.persisted && wish) port.postMessage(wish); });
  return (wanted) => port.postMessage(wish = wanted);
}

// How many alerts fire: in the bar, and in the title, where it is seen whatever page of the browser is in front.
const bell = document.getElementById("bell");
let count = Number(document.body.dataset.firing ?? 0), first = true;

// Whether this tells something that the page did not come with
export function ring(now) {
  const fresh = !first || now !== count;
  first = false;
  count = now;
  if (bell) {
    bell.hidden = !count;
    bell.textContent = count || "";
    entitle(document.title.replace(/^\(\d+\) /, ""));
  }
  return fresh;
}

export function entitle(title) {
  document.title = bell && count ? `(${count}) ${title}` : title;
}

entitle(document.title);
