// What the pages of events say, in their language.
import { catalogue, dated, tellMoments } from "../messages.js";
import { now } from "../texts.js";

export const text = catalogue.wall;
const lang = document.documentElement.lang;
export const number = (value, digits = 0) => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);

// The time of the day by the clock of the event; of a moment that is not today, the day of the week too
const locale = navigator.language.startsWith(lang) ? navigator.language : lang;
const HOURS = { hour: "2-digit", minute: "2-digit" };
function format(what) {
  try {
    return new Intl.DateTimeFormat(locale, { ...what, timeZone: document.body?.dataset.zone || "UTC" });
  } catch {
    return new Intl.DateTimeFormat(locale, { ...what, timeZone: "UTC" });
  }
}
const named = format({ weekday: "short", day: "numeric" });
const clock = format(HOURS), onDay = format({ weekday: "short", ...HOURS }), day = format({ dateStyle: "short" });
export const moment = (ms) => clock.format(new Date(ms));
const isToday = (ms) => day.format(ms) === day.format(now());
export const dayAndMoment = (ms) => (isToday(ms) ? clock : onDay).format(ms);
tellMoments((ms) => [isToday(ms) ? "" : dated(named, ms), clock.format(ms)]);
export const weekday = (ms) => dated(named, ms);
