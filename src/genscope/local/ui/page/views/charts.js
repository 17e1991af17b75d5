// How calls go over time: how many, how fast, how dear, how good. Every piece leads to its traces.

import { ask } from "../api.js";
import { filtersIn, go, to } from "../address.js";
import { card, chart, empty, ranking } from "../chart.js";
import { el, said } from "../dom.js";
import { filterBar } from "../filters.js";
import { amount, count, duration, money, plural, round, short, words } from "../format.js";
import { nothing } from "../notices.js";

const PACE = 3000;
const OUTSIDE = "(none)";
const PERCENTILES = ["p50", "p95", "p99"];

export default { open: (opened) => new Charts(opened).open() };

class Charts {
  #waiting = null;

  constructor({ place, stage, signal, live }) {
    Object.assign(this, { place, stage, signal, live, filters: filtersIn(place.query) });
    this.cards = el("div", { class: "cards" });
  }

  async open() {
    this.stage.append(el("h1", { class: "unseen" }, "Charts"), filterBar(this.place, this.signal), this.cards);
    this.live(await this.#draw());
    return {
      news: () => (this.#waiting ??= setTimeout(() => this.#look(), PACE)),
      close: () => clearTimeout(this.#waiting),
    };
  }

  async #look() {
    this.#waiting = null;
    if (this.cards.contains(document.activeElement) || this.cards.querySelector("details[open]")) return; // somebody reads
    await this.#draw().catch(() => {}); // what is shown stays
  }

  /** Returns the position of what is shown. */
  async #draw() {
    const of = (by) => ask("chart", { ...this.filters, by }, this.signal);
    const all = await of();
    if (all.since_ns === null) {
      this.cards.replaceChildren(await nothing("calls", this.filters, () => go(to("charts")), this.signal));
      return all.position;
    }
    const { since, until, service } = this.filters;
    const [byModel, byUser, users, scores, prompts] = await Promise.all([
      of("model"),
      of("user"),
      ask("totals", { ...this.filters, by: "user", limit: 50 }, this.signal),
      ask("scores", { since, until, service, by: all.step_ns >= 86_400e9 ? "day" : "hour" }, this.signal),
      ask("repeated", { ...this.filters, limit: 10 }, this.signal),
    ]);
    this.cards.replaceChildren(...this.#drawn(all, byModel, byUser, users.totals, scores.scores, prompts.prompts));
    return all.position;
  }

  #drawn(all, byModel, byUser, users, scores, prompts) {
    const [line] = all.lines;
    const kinds = {};
    for (const piece of line.pieces)
      for (const [kind, many] of Object.entries(piece.errors_by_kind)) kinds[kind] = (kinds[kind] ?? 0) + many;
    const errors = Object.keys(kinds).sort((one, other) => kinds[other] - kinds[one]);
    const currency = Object.keys(line.pieces.find((piece) => Object.keys(piece.cost).length)?.cost ?? {})[0] ?? "USD";
    const cost = (piece) => piece.cost[currency] ?? null;
    const percentiles = (name) =>
      PERCENTILES.map((part) => this.#series(all, line, part, (piece) => piece[name]?.[part] ?? null));
    return [
      this.#chart(
        "Calls",
        "bars",
        all,
        [
          { ...this.#series(all, line, "succeeded", (piece) => piece.calls - piece.errors), tone: "tone-0" },
          { ...this.#series(all, line, "failed", (piece) => piece.errors), tone: "tone-bad" },
        ],
        short,
      ),
      this.#chart("Duration", "lines", all, percentiles("duration_ns"), duration),
      this.#chart("Time to first token", "lines", all, percentiles("ttft_ns"), duration),
      this.#chart(
        "Tokens by model",
        "bars",
        byModel,
        this.#each(byModel, (piece) => piece.input_tokens + piece.output_tokens),
        short,
      ),
      this.#chart("Cost by model", "bars", byModel, this.#each(byModel, cost), (value) => amount(value, currency)),
      this.#chart("Cost by user", "bars", byUser, this.#each(byUser, cost), (value) => amount(value, currency)),
      ranking(
        "Users by cost",
        users.map((one) => ({
          name: one.key ?? OUTSIDE,
          value: one.cost[currency] ?? 0,
          link: one.key === null ? null : this.#to({ user: one.key }),
        })),
        (value) => amount(value, currency),
      ),
      this.#chart(
        "Errors by kind",
        "bars",
        all,
        errors.map((kind) => this.#series(all, line, words(kind), (piece) => piece.errors_by_kind[kind] ?? null)),
        count,
        { failed: "true" },
      ),
      ranking(
        "Errors",
        errors.map((kind) => ({
          name: words(kind),
          value: kinds[kind],
          link: this.#to(kind === "unknown" ? { failed: "true" } : { error_kind: kind }),
        })),
        count,
      ),
      this.#evaluations(scores, all),
      repeated(prompts),
    ];
  }

  #to(changes) {
    return to("traces", "", { ...this.filters, ...changes });
  }

  #chart(title, kind, found, series, show, changes = {}) {
    const times = timesOf(found);
    const link = (at) => this.#to({ ...changes, since: times[at], until: times[at] + found.step_ns });
    return chart({ title, kind, times, step: found.step_ns, series, show, link });
  }

  #series(found, line, name, value) {
    const pieces = new Map(line.pieces.map((piece) => [piece.start_ns, piece]));
    return { name, values: timesOf(found).map((start) => (pieces.has(start) ? value(pieces.get(start)) : null)) };
  }

  #each(found, value) {
    return found.lines.map((line) => this.#series(found, line, line.others ? "others" : (line.key ?? OUTSIDE), value));
  }

  #evaluations(scores, all) {
    const timed = scores.filter((one) => one.mean !== null && one.start_ns !== null);
    if (!timed.length) return empty("Evaluation scores", "No verdicts in this time.");
    const times = [...new Set(timed.map((one) => one.start_ns))].sort((one, other) => one - other);
    const judges = [...new Set(timed.map((one) => one.evaluation))];
    const series = judges.map((judge) => ({
      name: judge,
      values: times.map(
        (start) => timed.find((one) => one.evaluation === judge && one.start_ns === start)?.mean ?? null,
      ),
    }));
    const step = all.step_ns >= 86_400e9 ? 86_400e9 : 3600e9;
    const link = (at) => this.#to({ since: times[at], until: times[at] + step });
    return chart({
      title: "Evaluation scores (mean)",
      kind: "lines",
      times,
      step,
      series,
      show: round,
      link,
      named: true,
    });
  }
}

/** Where all pieces begin, those without a call, too. Whole seconds, so that JavaScript has them exactly. */
function timesOf(found) {
  return Array.from(
    { length: Math.round((found.until_ns - found.since_ns) / found.step_ns) },
    (_, at) => found.since_ns + at * found.step_ns,
  );
}

function repeated(prompts) {
  if (!prompts.length)
    return empty("Prompts sent more than once", "None; prompts are told apart where GENSCOPE_CONTENT_HASH=true.");
  return card(
    "Prompts sent more than once",
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          ["First of them", "Calls", "Cost", "Avoidable"].map((title, at) =>
            el("th", { scope: "col", class: at ? "number" : null }, title),
          ),
        ),
      ),
      el(
        "tbody",
        {},
        prompts.map((one) =>
          el(
            "tr",
            {},
            el(
              "td",
              {},
              el(
                "a",
                { href: to("trace", one.trace_id, { span: one.span_id }), title: plural(one.calls, "call") },
                said(one.models.join(", ") || one.content_hash),
              ),
            ),
            [count(one.calls), money(one.cost), money(one.avoidable)].map((cell) =>
              el("td", { class: "number" }, cell),
            ),
          ),
        ),
      ),
    ),
  );
}
