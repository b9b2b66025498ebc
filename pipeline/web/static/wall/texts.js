// What the pages of events say, in their language.
import { catalogue } from "../messages.js";

export const text = catalogue.wall;
const lang = document.documentElement.lang;
export const number = (value, digits = 0) => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);

const locale = navigator.language.startsWith(lang) ? navigator.language : lang;
let clock;
try {
  clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: document.body?.dataset.zone || "UTC" });
} catch {
  clock = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit", timeZone: "UTC" });
}
export const moment = (ms) => clock.format(new Date(ms));
