// Keeps the server's table current: whenever a list changes, and after the server was away.
const main = document.getElementById("main");
const status = document.getElementById("status");
const view = new URLSearchParams(location.search);
const wanted = new URLSearchParams({ scope: view.get("scope") ?? "all", window: view.get("window") ?? "1h" });
let busy = false, again = false, source;

async function renew() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href);
    if (answer.ok) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
      const focused = main.contains(document.activeElement) && document.activeElement.getAttribute("href");
      main.replaceChildren(...fresh.childNodes);
      if (focused) main.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
    }
  } catch { /* the stream says that the server is away */ }
  busy = false;
  if (again) { again = false; renew(); }
}

function listen() {
  source = new EventSource(`/api/v1/stream?${wanted}`);
  source.addEventListener("open", () => { status.textContent = ""; renew(); });
  source.addEventListener("list", renew);
  source.addEventListener("error", () => {
    status.textContent = document.documentElement.lang === "fr" ? "Reconnexion…" : "Reconnecting…";
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 2000);
  });
}
listen();

async function stayAwake() {
  if (document.body.dataset.view === "screen" && document.visibilityState === "visible")
    await navigator.wakeLock?.request("screen").catch(() => {});
}
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
