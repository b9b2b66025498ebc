// The streams of all tabs of a browser: a browser opens six connections to a server at most, and each stream holds one. Runs in a
// SharedWorker (where there is none, in the page): lists of all tabs come in one stream, a wall that several tabs show comes once.
const AGAIN_MS = 2000;
const tabs = new Map(); // port -> what it wants: { scopes, window }, or the { url } of the stream of an event
const sources = new Map(); // address -> { stream, last: newest messages by what they are about }

function addressOf({ url }) {
  if (url) return url;
  const lists = [...tabs.values()].filter((wish) => wish.scopes), all = (values) => [...new Set(values)].sort();
  const query = [...all(lists.flatMap((wish) => wish.scopes)).map((scope) => ["scope", scope]), ...all(lists.map((wish) => wish.window)).map((window) => ["window", window])];
  return `/api/v1/stream?${new URLSearchParams(query)}`;
}

const wants = (wish, { list }) => !list || (wish.scopes.includes(list.scope) && wish.window === list.window);

function tell(address, message) {
  for (const [port, wish] of tabs) if (addressOf(wish) === address && wants(wish, message)) port.postMessage(message);
}

function open(address) {
  const stream = new EventSource(address), last = new Map();
  stream.addEventListener("open", () => {
    tell(address, { open: true });
    if (last.delete("firing")) tell(address, { firing: 0 }); // while it was away they may be over: else it says so at once
  });
  for (const kind of ["list", "now", "firing"]) {
    stream.addEventListener(kind, ({ data }) => {
      const told = { [kind]: JSON.parse(data) };
      last.set(kind === "list" ? `${told.list.scope} ${told.list.window}` : kind, told);
      tell(address, told);
    });
  }
  stream.addEventListener("gone", ({ data }) => tell(address, { gone: JSON.parse(data) }));
  stream.addEventListener("error", () => {
    tell(address, { away: true });
    if (stream.readyState !== EventSource.CLOSED) return; // it tries again by itself
    setTimeout(() => {
      if (sources.get(address)?.stream === stream) sources.set(address, open(address));
    }, AGAIN_MS);
  });
  return { stream, last };
}

// Opens what is wanted and not open, closes what nobody wants any more
function renew() {
  const wanted = new Set([...tabs.values()].map(addressOf));
  for (const [address, { stream }] of sources) if (!wanted.has(address)) { stream.close(); sources.delete(address); }
  for (const address of wanted) if (!sources.has(address)) sources.set(address, open(address));
}

// A tab tells what it wants, each time anew; null: nothing any more
export function connect(port) {
  port.onmessage = ({ data: wish }) => {
    if (wish) tabs.set(port, wish); else tabs.delete(port);
    renew();
    if (!wish) return;
    const { stream, last } = sources.get(addressOf(wish));
    if (stream.readyState === EventSource.OPEN) port.postMessage({ open: true });
    for (const told of last.values()) if (wants(wish, told)) port.postMessage(told);
  };
}

if ("SharedWorkerGlobalScope" in globalThis) globalThis.onconnect = ({ ports: [port] }) => connect(port);
