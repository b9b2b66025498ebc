// The look of an event's big screen: ink follows the background, and an accent that could not be read on it is not used.
const channels = (colour) => (colour.startsWith("#") ? [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16)) : colour.match(/[\d.]+/g).slice(0, 3).map(Number));
function luminance(colour) {
  const [red, green, blue] = channels(colour).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const FONTS = {
  serif: 'Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif',
  rounded: 'ui-rounded, "SF Pro Rounded", Quicksand, Comfortaa, Manjari, "Arial Rounded MT Bold", Calibri, sans-serif',
  narrow: 'Bahnschrift, "DIN Alternate", "Roboto Condensed", "Liberation Sans Narrow", "Arial Narrow", sans-serif-condensed, sans-serif',
};

// `node` is what the background is drawn on; colours are #rrggbb, or "" for ours
export function wear(node, { background, accent, theme, font }) {
  const set = (name, value) => (value ? node.style.setProperty(name, value) : node.style.removeProperty(name));
  const dark = background && contrast(background, "#ffffff") > contrast(background, "#15181e");
  node.style.colorScheme = background ? (dark ? "dark" : "light") : { light: "light", dark: "dark" }[theme] ?? "";
  set("font-family", FONTS[font]);
  set("--paper", background);
  set("--card", background && `color-mix(in srgb, ${background} 88%, #fff)`);
  set("--quiet", background && "var(--ink)");
  const apart = accent && contrast(accent, getComputedStyle(node).backgroundColor); // 3 for what is drawn, 4.5 for what is read
  set("--brand", apart >= 3 ? accent : "");
  set("--accent", apart >= 4.5 ? accent : "");
}
