// Numbers and times as people read them. Times are nanoseconds, null is what nobody said.

import { el } from "./dom.js";

const NBSP = "\u00a0";

export function count(number) {
  return number === null || number === undefined ? "" : number.toLocaleString();
}

/** A score, a mean. */
export function round(number) {
  return number.toLocaleString(undefined, { maximumFractionDigits: 3 });
}

/** Few characters, for what is many. */
export function short(number) {
  if (number === null || number === undefined) return "";
  if (Math.abs(number) < 10_000) return count(number);
  return number.toLocaleString(undefined, { notation: "compact", maximumFractionDigits: 1 });
}

export function duration(ns) {
  if (ns === null || ns === undefined) return "";
  if (ns === 0) return `0${NBSP}ms`;
  const ms = ns / 1e6;
  if (ms < 0.1) return `${(ns / 1e3).toFixed(ns < 1e4 ? 1 : 0)}${NBSP}µs`;
  if (ms < 999.5) return `${ms.toFixed(ms < 9.95 ? 1 : 0)}${NBSP}ms`;
  const s = ms / 1e3;
  if (s < 99.95) return `${s.toFixed(s < 9.995 ? 2 : 1)}${NBSP}s`;
  const minutes = Math.round(s) / 60;
  if (minutes < 60) return `${Math.floor(minutes)}${NBSP}m${NBSP}${Math.round(s) % 60}${NBSP}s`;
  return `${Math.floor(minutes / 60)}${NBSP}h${NBSP}${Math.round(minutes) % 60}${NBSP}m`;
}

/** Digits enough to tell small amounts apart. */
export function amount(value, currency) {
  const size = Math.abs(value);
  const digits = size === 0 || size >= 1 ? 2 : Math.min(12, Math.max(2, 1 - Math.floor(Math.log10(size))));
  const options = { minimumFractionDigits: Math.min(2, digits), maximumFractionDigits: digits };
  try {
    return value.toLocaleString(undefined, {
      style: "currency",
      currency,
      currencyDisplay: "narrowSymbol",
      ...options,
    });
  } catch {
    return `${value.toLocaleString(undefined, options)} ${currency ?? ""}`.trim(); // no currency that anybody knows
  }
}

/** Of a sum by currency. */
export function money(cost) {
  return Object.entries(cost ?? {})
    .map(([currency, value]) => amount(value, currency))
    .join(" + ");
}

export function tokens(input, output) {
  if (input === null && output === null) return "";
  return output === null ? count(input) : `${count(input) || "?"} → ${count(output)}`;
}

export function bytes(number) {
  if (number < 1000) return `${number}${NBSP}B`;
  const power = Math.min(4, Math.floor(Math.log10(number) / 3));
  return `${(number / 1000 ** power).toFixed(1)}${NBSP}${" kMGT"[power]}B`;
}

export function iso(ns) {
  const date = new Date(ns / 1e6);
  return Number.isNaN(date.getTime()) ? String(ns) : date.toISOString();
}

/** The local time, with the day where it is not today, and all of it in the title. */
export function moment(ns, { fraction = true } = {}) {
  const date = new Date(ns / 1e6);
  if (Number.isNaN(date.getTime())) return el("time", {}, String(ns));
  const clock = date.toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
    ...(fraction && { fractionalSecondDigits: 3 }),
  });
  const today = date.toDateString() === new Date().toDateString();
  const day = date.toLocaleDateString(undefined, {
    month: "short",
    day: "numeric",
    ...(farFrom(date) && { year: "numeric" }),
  });
  return el(
    "time",
    { datetime: iso(ns), title: iso(ns) },
    today ? clock : [el("span", { class: "day" }, day), " ", clock],
  );
}

function farFrom(date) {
  return Math.abs(Date.now() - date.getTime()) > 300 * 86_400_000;
}

/** Of a place on the axis of a chart that has pieces of so many nanoseconds. */
export function tick(ns, step) {
  const date = new Date(ns / 1e6);
  const day = { month: "short", day: "numeric" };
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" };
  if (step >= 86_400e9) return date.toLocaleDateString(undefined, day);
  if (step >= 3600e9) return date.toLocaleString(undefined, { ...day, ...clock });
  return date.toLocaleTimeString(undefined, step < 60e9 ? { ...clock, second: "2-digit" } : clock);
}

/** How much more or less the second is, as a part of the first. */
export function change(first, second) {
  if (first === null || second === null || first === second || !first) return "";
  const part = (second - first) / first;
  return `${part > 0 ? "+" : "−"}${Math.abs(part * 100).toLocaleString(undefined, { maximumFractionDigits: Math.abs(part) < 0.1 ? 1 : 0 })}${NBSP}%`;
}

export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/** A word of the conventions as words: rate_limit is rate limit. */
export function words(name) {
  return name.replaceAll("_", " ");
}
