// Figures of an event and its course in bars, on the board and on the stage.
import { make, svg } from "../texts.js";
import { moment, number, text } from "./texts.js";
import { say } from "../messages.js";

const SHORTEST = 30; // minutes: a bar stays a bar when an event begins
export const figure = (value, what) => make("p", { class: "big" }, make("b", {}, number(value)), " ", make("span", {}, say(`figure.${what}`, { n: value })));

// Posts and people of the last minute that is whole, by the clock that the posts run by: none, when nothing came for two
export function perMinute(data) {
  const [at, posts, people] = data.minutes.findLast(([begins]) => begins + 60000 <= data.at) ?? [0, 0, 0];
  return data.at - at <= 120000 ? [posts, people] : [0, 0];
}

export function bars(minutes) {
  const most = Math.max(1, ...minutes.map((minute) => minute[1])), first = minutes.length ? minutes[0][0] : 0;
  const span = Math.max(SHORTEST, minutes.length ? (minutes.at(-1)[0] - first) / 60000 + 1 : 1);
  const line = svg("svg", { viewBox: `0 0 ${span} 40`, preserveAspectRatio: "none", class: "bars", role: "img", "aria-label": say("figure.posts_a_minute", { n: most }) });
  for (const [at, posts] of minutes) {
    const height = (posts / most) * 40;
    line.append(svg("rect", { x: (at - first) / 60000, y: 40 - height, width: 0.9, height }));
  }
  if (!minutes.length) return line;
  return make("div", {}, line, make("p", { class: "scale quiet" }, make("span", {}, moment(first)), make("span", {}, say("wall.most", { n: number(most) })), make("span", {}, moment(first + (span - 1) * 60000))));
}
