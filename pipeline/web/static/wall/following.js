// How a page of an event hears what the server's stream says, and how it shows that it does not.
import { name, view } from "./cards.js";
import { text } from "./texts.js";
import { follow } from "../stream.js";

const status = document.getElementById("status");
const inside = !document.body.dataset.alone && (view === "board" || view === "moderate"); // an audience sees nothing of how it is made

export function heard(draw, { now, away }) {
  document.body.classList.toggle("away", Boolean(away));
  if (inside && (now || away)) status.textContent = away ? text.reconnecting : "";
  if (now) draw(now);
}

// `lost` is called when the server does not answer
export async function followed(draw, lost = () => {}) {
  (await follow((told) => { if (told.away) lost(); heard(draw, told); }))({ url: `/api/v1/events/${name}/stream?view=${view}` });
}
