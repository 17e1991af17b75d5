// Calls that are marked to be compared: at most two, the third takes the place of the first.

import { to } from "./address.js";
import { button, el, tell } from "./dom.js";

const marked = new Map();

export const nameOf = (span) => `${span.trace_id}.${span.span_id}`;

export function isMarked(span) {
  return marked.has(nameOf(span));
}

export function toggle(span) {
  const name = nameOf(span);
  if (!marked.delete(name)) {
    if (marked.size === 2) marked.delete(marked.keys().next().value);
    marked.set(name, span.model ?? span.name);
  }
  show();
  tell(marked.has(name) ? `Marked, ${marked.size} of 2` : "Not marked any more");
}

export function clear() {
  marked.clear();
  show();
}

/** The address of the comparison; null before there are two. */
export function comparison() {
  const [a, b] = marked.keys();
  return marked.size === 2 ? to("compare", "", { a, b }) : null;
}

/** A box to mark a call with. */
export function box(span) {
  return el("input", {
    type: "checkbox",
    class: "mark",
    value: nameOf(span),
    checked: isMarked(span),
    "aria-label": "Mark to compare",
    change: () => toggle(span),
  });
}

function show() {
  for (const input of document.querySelectorAll("input.mark")) input.checked = marked.has(input.value);
  const bar = document.getElementById("marks");
  bar.hidden = marked.size === 0;
  const compare = comparison();
  bar.replaceChildren(
    el("span", {}, `${[...marked.values()].join(" and ")} marked`),
    compare
      ? el("a", { class: "button", href: compare }, "Compare")
      : el("span", { class: "dim" }, "mark one more to compare"),
    button("Clear", clear, { class: "quiet" }),
  );
}
