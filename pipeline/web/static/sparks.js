// The course of a topic as a small line.
import { svg } from "./texts.js";

export const sparkline = () => svg("svg", { viewBox: "0 0 80 20", preserveAspectRatio: "none", class: "spark", "aria-hidden": "true" }, svg("polygon"), svg("polyline"));

export function draw(line, spark) {
  const most = Math.max(1, ...spark), step = 78 / Math.max(spark.length - 1, 1);
  const points = spark.map((at, n) => `${(1 + n * step).toFixed(1)},${(19 - 18 * at / most).toFixed(1)}`).join(" ");
  line.lastChild.setAttribute("points", points);
  line.firstChild.setAttribute("points", `1,20 ${points} 79,20`);
}
