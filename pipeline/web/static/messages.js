// Messages with places for values, in the catalogue that the page was served with; read and filled in as pipeline/wording/messages.py does.
export const catalogue = JSON.parse(document.getElementById("texts").textContent);
const how = catalogue.language, plurals = new Intl.PluralRules(document.documentElement.lang);
const find = (name) => name.split(".").reduce((found, part) => found[part], catalogue);
const MARK = /[{}#]/g, HEAD = /\{\s*(\w+)\s*(?:,\s*(\w+)\s*(?:,\s*([^{},]*?)\s*)?)?([},{])/y, CASE = /\s*(\w+)\s*\{/y, END = /\s*\}/y;
const read = new Map();

// Rounded to no or one digit after the point, a half upwards
export function number(value, digits = 0) {
  let [whole, rest] = Math.abs(value).toFixed(digits).split(".");
  const sign = value < 0 && /[1-9]/.test(whole + (rest ?? "")) ? "-" : "";
  if (whole.length >= how.grouped_from) whole = whole.replace(/\B(?=(\d{3})+$)/g, how.group);
  return sign + whole + (rest ? how.decimal + rest : "");
}

// A moment as this Intl.DateTimeFormat has it; the first day of a month as the language writes it beside the month's or the week's name
const NAMED = new Set(["month", "weekday"]);
export const dated = (format, ms) => {
  const parts = format.formatToParts(ms), named = parts.some(({ type, value }) => NAMED.has(type) && !/^\d/.test(value));
  return parts.map(({ type, value }) => (named && type === "day" && value === "1" ? how.first_day : value)).join("");
};

const plain = (value) => (typeof value === "number" ? number(value) : String(value));
const types = {
  number: (value, style) => (style === "percent" ? how.percent.replace("#", number(value * 100)) : number(value, style === ".0" || (style === "about" && value < 10) ? 1 : 0)),
  duration(seconds) {
    const h = Math.floor(seconds / 3600), m = Math.floor(seconds / 60) % 60;
    if (h && m) return say("unit.hours_and_minutes", { h, m, mm: String(m).padStart(2, "0") });
    return h ? say("unit.hours", { n: h }) : say("unit.minutes", { n: m });
  },
  list: (values) => values.join(how.comma),
};
// How the page writes times and scopes: it knows the viewer's clock, and titles
export const write = (type, writer) => { types[type] = writer; };

// And moments in sentences; `split` makes of ms the day (of today: nothing) and the time
export function tellMoments(split) {
  for (const kind of ["when", "since", "until"]) {
    types[kind] = (ms) => {
      const [day, time] = split(ms);
      return say(`moment.${kind}`, { day, time, dated: day !== "", one: /^0?1\D/.test(time) });
    };
  }
}

// A message of the catalogue, with these values in their places
export function say(name, values) {
  if (!read.has(name)) read.set(name, sequence(find(name), 0, "")[0]);
  return read.get(name)(values);
}

function sequence(text, at, counted) {
  const parts = [];
  for (;;) {
    MARK.lastIndex = at;
    const mark = MARK.exec(text);
    parts.push(text.slice(at, mark ? mark.index : undefined));
    at = mark ? mark.index : text.length;
    if (!mark || mark[0] === "}") return [(values) => parts.map((part) => (typeof part === "string" ? part : part(values))).join(""), at];
    const [part, end] = mark[0] === "{" ? place(text, at, counted) : [counted ? (values) => plain(values[counted]) : "#", at + 1];
    parts.push(part);
    at = end;
  }
}

function place(text, at, counted) {
  HEAD.lastIndex = at;
  const [, name, kind, style, mark] = HEAD.exec(text);
  if (mark === "}") return [(values) => (kind ? types[kind](values[name], style) : plain(values[name])), HEAD.lastIndex];
  const cases = {};
  CASE.lastIndex = text.indexOf(",", text.indexOf(kind, text.indexOf(name, at) + name.length)) + 1;
  for (let found, from = CASE.lastIndex; (CASE.lastIndex = from, found = CASE.exec(text)); from += 1) [cases[found[1]], from] = sequence(text, CASE.lastIndex, kind === "plural" ? name : counted), END.lastIndex = from + 1;
  END.exec(text);
  return [(values) => (cases[kind === "plural" ? plurals.select(values[name]) : String(values[name])] ?? cases.other)(values), END.lastIndex];
}
