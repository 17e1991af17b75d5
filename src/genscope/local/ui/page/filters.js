// What is looked for: controls above a list, which write it into the address.

import { ask } from "./api.js";
import { filtersIn, go, to } from "./address.js";
import { button, el, fold, said } from "./dom.js";
import { iso, words } from "./format.js";

/** With few values a menu, with many a field that proposes some. */
const MENUS = { service: "Service", model: "Model", provider: "Provider", operation: "Operation", error_kind: "Error" };
const FIELDS = { user: "User", conversation: "Conversation" };
const AGES = {
  "15m": "Last 15 minutes",
  "1h": "Last hour",
  "24h": "Last 24 hours",
  "7d": "Last 7 days",
  "30d": "Last 30 days",
};
const PATIENCE = 300;
const FRESH = 10_000;
const known = new Map();

/** The bar of a view, which stays what it is for the view's life; `look()` is called when the address has changed. */
export function filterBar(place, signal) {
  const query = filtersIn(place.query);
  const change = (changes, replace = false) =>
    go(to(place.view, "", { ...kept(place.query), ...query, ...changes }), { replace });
  const search = searchField(query, change);
  const others = el(
    "div",
    { class: "others" },
    menus(query, change, signal),
    fieldsOf(query, change, signal),
    ageMenu(query, change),
    failedBox(query, change),
  );
  const inUse = Object.keys(query).filter((name) => name !== "text").length;
  const narrow = matchMedia("(max-width: 700px)").matches;
  return el(
    "search",
    { class: "filters" },
    search,
    narrow ? fold(inUse ? `Filters (${inUse})` : "Filters", () => others) : others,
    chips(query, change),
    Object.keys(query).length
      ? button("Clear all", () => go(to(place.view, "", kept(place.query))), { class: "quiet" })
      : null,
  );
}

/** What an address says beside filters, but for the place in a list: another search begins at its top. */
function kept(query) {
  return query.by ? { by: query.by } : {};
}

function searchField(query, change) {
  let waiting;
  const field = el("input", {
    type: "search",
    id: "search",
    placeholder: "Search prompts, answers, names",
    "aria-label": "Search",
    maxlength: 500,
    value: query.text,
    input: () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => field.isConnected && change({ text: field.value.trim() }, true), PATIENCE);
    },
  });
  return field;
}

function menus(query, change, signal) {
  return Object.entries(MENUS).map(([name, label]) => {
    const menu = el(
      "select",
      { "aria-label": label, "data-filter": name, change: () => change({ [name]: menu.value }) },
      el("option", { value: "" }, label),
    );
    if (query[name]) menu.append(el("option", { value: query[name] }, query[name]));
    menu.value = query[name] ?? "";
    menu.classList.toggle("set", Boolean(query[name]));
    values(name, signal).then((found) => {
      for (const { value, calls } of found) {
        if (value !== query[name]) menu.append(el("option", { value }, `${value} (${calls.toLocaleString()})`));
      }
    });
    return menu;
  });
}

function fieldsOf(query, change, signal) {
  return Object.entries(FIELDS).map(([name, label]) => {
    const list = el("datalist", { id: `values-${name}` });
    const field = el("input", {
      type: "text",
      list: list.id,
      placeholder: label,
      "aria-label": label,
      "data-filter": name,
      value: query[name],
      maxlength: 500,
      class: query[name] ? "set" : null,
      autocomplete: "off",
      change: () => change({ [name]: field.value.trim() }),
    });
    field.addEventListener(
      "focus",
      async () => {
        const found = await values(name, signal);
        list.replaceChildren(...found.map(({ value, calls }) => el("option", { value, label: `${value} (${calls})` })));
      },
      { once: true },
    );
    return [field, list];
  });
}

/** None where they cannot be had: the filter works all the same. What was asked a moment ago is not asked again. */
async function values(of, signal) {
  const before = known.get(of);
  if (before && performance.now() - before.at < FRESH) return before.values;
  try {
    const { values } = await ask("values", { of }, signal);
    known.set(of, { at: performance.now(), values });
    return values;
  } catch {
    return [];
  }
}

function ageMenu(query, change) {
  const menu = el(
    "select",
    { "aria-label": "Time", "data-filter": "since", change: () => change({ since: menu.value, until: "" }) },
    el("option", { value: "" }, "Any time"),
    Object.entries(AGES).map(([age, label]) => el("option", { value: age }, label)),
  );
  if (query.since && !AGES[query.since]) menu.append(el("option", { value: query.since }, pieceOf(query)));
  menu.value = query.since ?? "";
  menu.classList.toggle("set", Boolean(query.since));
  return menu;
}

/** A bucket of a chart, or an age that somebody has typed. */
function pieceOf({ since, until }) {
  if (!/^\d+$/.test(since)) return `Last ${since}`;
  const end = /^\d+$/.test(until ?? "") ? ` – ${iso(Number(until)).slice(11, 19)}` : "";
  return `${iso(Number(since)).slice(0, 19).replace("T", " ")}${end} UTC`;
}

function failedBox(query, change) {
  const box = el("input", {
    type: "checkbox",
    checked: query.failed === "true",
    "data-filter": "failed",
    change: () => change({ failed: box.checked ? "true" : "" }),
  });
  return el("label", { class: "check" }, box, "Errors only");
}

/** Filters that have no control of their own: they come with a link. */
function chips(query, change) {
  const without = Object.keys(query).filter(
    (name) => ["outcome", "tenant", "workflow", "agent", "tool"].includes(name) || (name === "until" && !query.since),
  );
  return without.map((name) =>
    button(el("span", {}, `${words(name)}: `, said(query[name]), " ✕"), () => change({ [name]: "" }), {
      class: "chip",
      "aria-label": `Remove ${words(name)} ${query[name]}`,
    }),
  );
}
