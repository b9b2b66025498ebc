// The course of a topic as a small line.
const SVG = "http://www.w3.org/2000/svg";

export function sparkline() {
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of [["viewBox", "0 0 80 20"], ["preserveAspectRatio", "none"], ["class", "spark"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
  svg.append(document.createElementNS(SVG, "polygon"), document.createElementNS(SVG, "polyline"));
  return svg;
}

export function draw(svg, spark) {
  const most = Math.max(1, ...spark), step = 78 / Math.max(spark.length - 1, 1);
  const points = spark.map((at, n) => `${(1 + n * step).toFixed(1)},${(19 - 18 * at / most).toFixed(1)}`).join(" ");
  svg.lastChild.setAttribute("points", points);
  svg.firstChild.setAttribute("points", `1,20 ${points} 79,20`);
}
