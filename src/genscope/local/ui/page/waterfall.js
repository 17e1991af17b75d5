// The spans of a trace over time: a tree on the left, a bar for each on the right, and on the bar what the call took.

import { el, said } from "./dom.js";
import { duration, money, tokens, words } from "./format.js";
import { costOf, hasFailed, kindOf, retriesOf } from "./spans.js";

const DEEPEST = 14; // levels that are still moved to the right
const STEPS = [1, 2, 5];

/** Calls `chosen(span)` when one is; `draw` may be called again and again, with the `rows` of `spans.nested`. */
export class Waterfall {
  #closed = new Set();
  #lines = new Map();

  constructor(chosen) {
    this.chosen = chosen;
    this.tree = el("div", {
      class: "tree",
      role: "tree",
      "aria-label": "Spans of the trace",
      keydown: (event) => this.#key(event),
    });
    this.element = el("div", { class: "waterfall" }, this.tree);
  }

  draw(rows, length, current) {
    const top = this.tree.scrollTop;
    const focused = document.activeElement?.closest?.("[role=treeitem]")?.dataset.key;
    this.rows = rows;
    this.length = Math.max(length, 1);
    this.#lines = new Map(rows.map((row) => [row.span.span_id, this.#line(row)]));
    this.tree.replaceChildren(...this.#lines.values());
    this.element.replaceChildren(this.#axis(), this.tree);
    this.#hide();
    this.choose(current);
    this.#lines.get(focused)?.focus({ preventScroll: true });
    this.tree.scrollTop = top;
  }

  /** Marks a span as the one that is looked at. */
  choose(id, focus = false) {
    for (const [key, line] of this.#lines) {
      line.setAttribute("aria-selected", String(key === id));
      line.tabIndex = key === id ? 0 : -1;
    }
    const line = this.#lines.get(id);
    if (!line) this.#lines.values().next().value?.setAttribute("tabindex", "0");
    else if (focus) line.focus({ preventScroll: true });
  }

  #axis() {
    const ticks = steps(this.length).map((ns) =>
      el("span", { style: { left: `${(ns / this.length) * 100}%` } }, duration(ns) || "0"),
    );
    return el(
      "div",
      { class: "axis", "aria-hidden": "true" },
      el("div", {}, "Span"),
      el("div", { class: "ticks" }, ticks),
    );
  }

  #line(row) {
    const { span } = row;
    const line = el(
      "div",
      {
        role: "treeitem",
        class: `line ${kindOf(span)}${hasFailed(span) ? " failed" : ""}`,
        "data-key": span.span_id,
        "aria-level": row.level,
        tabindex: -1,
        "aria-expanded": row.children.length ? "true" : null,
        "aria-label": told(row),
        click: (event) => this.#clicked(event, row),
        style: { "--level": Math.min(row.level - 1, DEEPEST) },
      },
      el(
        "div",
        { class: "what" },
        el("span", { class: "twist", "aria-hidden": "true" }, row.children.length ? "▾" : ""),
        el(
          "span",
          { class: "name" },
          hasFailed(span) ? el("span", { class: "bad" }, "✕ ") : "",
          said(span.name || "(no name)"),
        ),
        row.lost ? el("span", { class: "dim", title: "Its parent is not in the store" }, " ⋯") : "",
      ),
      this.#bar(span),
    );
    return line;
  }

  #bar(span) {
    const left = clamp((span.offset_ns / this.length) * 100);
    const width = clamp((span.duration_ns / this.length) * 100, 100 - left);
    const first = span.ttft_ns !== null && span.duration_ns > 0 ? clamp((span.ttft_ns / span.duration_ns) * 100) : null;
    const [after, before] = [100 - left, left + width]; // the label begins or ends with the bar, where there is more space
    const place =
      after >= before || left < 25
        ? { left: `${left}%`, "max-width": `${after}%` }
        : { right: `${100 - before}%`, "max-width": `${before}%` };
    return el(
      "div",
      { class: "time" },
      el(
        "div",
        { class: "bar", style: { left: `${left}%`, width: `${width}%` } },
        first === null
          ? ""
          : [
              el("i", { class: "wait", style: { width: `${first}%` } }),
              el("i", {
                class: "first",
                title: `First token after ${duration(span.ttft_ns)}`,
                style: { left: `${first}%` },
              }),
            ],
      ),
      el("div", { class: "label", style: place }, labelOf(span)),
    );
  }

  #clicked(event, row) {
    if (event.target.closest(".twist") && row.children.length) this.#turn(row);
    else {
      this.choose(row.span.span_id, true);
      this.chosen(row.span);
    }
  }

  #turn(row, open = this.#closed.has(row.span.span_id)) {
    if (open) this.#closed.delete(row.span.span_id);
    else this.#closed.add(row.span.span_id);
    this.#hide();
  }

  #hide() {
    const hidden = new Set();
    for (const row of this.rows) {
      const line = this.#lines.get(row.span.span_id);
      const isHidden = row.parent !== null && (hidden.has(row.parent) || this.#closed.has(row.parent.span.span_id));
      if (isHidden) hidden.add(row);
      line.hidden = isHidden;
      if (!row.children.length) continue;
      const isOpen = !this.#closed.has(row.span.span_id);
      line.setAttribute("aria-expanded", String(isOpen));
      line.querySelector(".twist").textContent = isOpen ? "▾" : "▸";
    }
  }

  #key(event) {
    const row = this.rows.find((one) => one.span.span_id === event.target.dataset?.key);
    if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
    const shown = this.rows.filter((one) => !this.#lines.get(one.span.span_id).hidden);
    const at = shown.indexOf(row);
    const isOpen = row.children.length > 0 && !this.#closed.has(row.span.span_id);
    const target = { ArrowDown: shown[at + 1], ArrowUp: shown[at - 1], Home: shown[0], End: shown.at(-1) }[event.key];
    if (target) this.#move(target);
    else if (event.key === "Enter" || event.key === " ") this.chosen(row.span);
    else if (event.key === "ArrowRight" && row.children.length)
      isOpen ? this.#move(row.children[0]) : this.#turn(row, true);
    else if (event.key === "ArrowLeft" && (isOpen || row.parent))
      isOpen ? this.#turn(row, false) : this.#move(row.parent);
    else return;
    event.preventDefault();
  }

  #move(row) {
    const line = this.#lines.get(row.span.span_id);
    line.focus({ preventScroll: true });
    line.scrollIntoView({ block: "nearest" });
  }
}

function clamp(percent, most = 100) {
  return Math.max(0, Math.min(most, Number.isFinite(percent) ? percent : 0));
}

/** Round numbers from 0 on, about four of them. */
function steps(length) {
  const size = 10 ** Math.floor(Math.log10(length / 4));
  const step = size * (STEPS.find((one) => length / 4 <= one * size) ?? 10);
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, at) => at * step).filter((ns) => ns < length * 0.97);
}

function labelOf(span) {
  const used = tokens(span.input_tokens, span.output_tokens);
  return [
    el("b", {}, duration(span.duration_ns)),
    used ? el("span", {}, used) : "",
    span.cost === null ? "" : el("span", { class: "cost" }, money(costOf(span))),
    span.retries
      ? el(
          "span",
          {
            class: "odd",
            title: retriesOf(span)
              .map((one) => [one.status, one.kind && words(String(one.kind))].filter(Boolean).join(" "))
              .join(", "),
          },
          `↻${span.retries}`,
        )
      : "",
    span.defects.map((defect) => el("span", { class: "odd" }, "⚠ ", said(words(defect)))),
    span.error_kind ? el("span", { class: "bad" }, said(words(span.error_kind))) : "",
  ];
}

/** The line as a sentence, for those who hear it. */
function told({ span }) {
  return [
    span.name,
    hasFailed(span) ? `failed${span.error_kind ? `, ${words(span.error_kind)}` : ""}` : "",
    duration(span.duration_ns),
    span.ttft_ns === null ? "" : `first token after ${duration(span.ttft_ns)}`,
    span.input_tokens === null ? "" : `${span.input_tokens} tokens in`,
    span.output_tokens === null ? "" : `${span.output_tokens} out`,
    money(costOf(span)),
    span.retries ? `${span.retries} retries` : "",
  ]
    .filter(Boolean)
    .join(", ");
}
