// What keys do, and the page that says so.

import { comparison } from "./marks.js";
import { go } from "./address.js";
import { button, el } from "./dom.js";

const KEYS = [
  ["j  k", "Next, previous row"],
  ["Enter", "Open it"],
  ["Esc", "Back, close"],
  ["/", "Search"],
  ["n  p", "Older, newest page"],
  ["x", "Mark a call to compare; two: c compares"],
  ["←  →", "In a trace: close, open what is under a span; between tabs"],
  ["w  m  t", "In a trace: waterfall, messages, turns"],
  ["1  2  3  4", "Traces, calls, conversations, charts"],
  ["?", "This list"],
];

/** `key(key)` asks the view first; `views` are those of the digits. */
export function listenToKeys({ key, go: open, back, views }) {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
    const at = event.target;
    if (document.querySelector("dialog[open]")) return;
    if (at.matches?.("input:not([type=checkbox]), select, textarea")) {
      if (event.key === "Escape") at.blur();
      return;
    }
    if (acts(event.key, { key, open, back, views })) event.preventDefault();
  });
}

function acts(pressed, { key, open, back, views }) {
  if (key(pressed)) return true;
  const search = document.getElementById("search");
  if (pressed === "?") showHelp();
  else if (pressed === "/" && search) search.focus();
  else if (pressed === "j" || pressed === "k") return step(pressed === "j" ? 1 : -1);
  else if (pressed === "c" && comparison()) go(comparison());
  else if (pressed === "n" || pressed === "p") return follow(pressed === "n" ? "older" : "newest");
  else if (pressed === "x") return press(document.activeElement?.closest("[data-key]")?.querySelector("input.mark"));
  else if (pressed === "Escape") back();
  else if (views[Number(pressed) - 1]) open(views[Number(pressed) - 1]);
  else return false;
  return true;
}

/** The focus moves from row to row; without one it is on the first. */
function step(by) {
  const rows = [...document.querySelectorAll("#main [data-key]")].filter((row) => row.checkVisibility?.() ?? true);
  const at = rows.indexOf(document.activeElement?.closest("[data-key]"));
  const row = rows[at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + by))];
  const target = row?.querySelector("a, button") ?? row;
  target?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
  return row !== undefined;
}

function follow(rel) {
  return press(document.querySelector(`#main a[data-page="${rel}"]`));
}

function press(element) {
  element?.click();
  return Boolean(element);
}

export function showHelp() {
  const dialog = el(
    "dialog",
    {
      "aria-labelledby": "keys",
      close: () => dialog.remove(),
      click: (event) => event.target === dialog && dialog.close(),
    },
    el("h2", { id: "keys" }, "Keyboard"),
    el(
      "table",
      {},
      el(
        "tbody",
        {},
        KEYS.map(([keys, does]) =>
          el(
            "tr",
            {},
            el(
              "th",
              { scope: "row" },
              keys.split("  ").map((one) => [el("kbd", {}, one), " "]),
            ),
            el("td", {}, does),
          ),
        ),
      ),
    ),
    button("Close", () => dialog.close(), { autofocus: true }),
  );
  document.body.append(dialog);
  dialog.showModal();
}
