// One trace: over time, as what was said, or as the turns of its agents; beside it the span that is looked at.

import { ask } from "../api.js";
import { go, here, to } from "../address.js";
import { button, el, facts, said, tell } from "../dom.js";
import { count, duration, moment, money, round, tokens } from "../format.js";
import { toggle } from "../marks.js";
import { answersIn, messagesOf } from "../messages.js";
import { TOOL_CALL_ID } from "../names.js";
import { logsOf, panel, verdicts } from "../panel.js";
import { said as saidIn } from "../said.js";
import { contentOf, hasFailed, isCall, nested, sums } from "../spans.js";
import { turns } from "../turns.js";
import { Waterfall } from "../waterfall.js";

const TABS = { waterfall: ["Waterfall", "w"], messages: ["Messages", "m"], turns: ["Turns", "t"] };
const PACE = 400;

export default { open: (opened) => new TraceView(opened).open() };

class TraceView {
  #waiting = null;

  constructor({ place, stage, signal, live }) {
    Object.assign(this, { stage, signal, live, id: place.id, query: place.query });
    this.waterfall = new Waterfall((span) => this.#choose(span));
    this.top = el("div", { class: "top" });
    this.tabs = el("div", {
      class: "tabs",
      role: "tablist",
      "aria-label": "The trace as",
      keydown: (event) => this.#turnTabs(event),
    });
    this.body = el("div", { class: "tabpanel", role: "tabpanel" });
    this.side = el("aside", { class: "side", "aria-label": "Span" });
  }

  async open() {
    const found = await this.#asked();
    this.stage.append(this.top, this.tabs, el("div", { class: "halves" }, this.body, this.side));
    this.#draw(found);
    this.live(found.position);
    return {
      title: this.trace.spans[0]?.name ?? "Trace",
      news: (news) =>
        (news.reset || news.traces.includes(this.id)) && (this.#waiting ??= setTimeout(() => this.#look(), PACE)),
      moved: (place) => this.#moved(place),
      key: (key) => this.#key(key),
      close: () => clearTimeout(this.#waiting),
    };
  }

  #asked() {
    return ask(`traces/${encodeURIComponent(this.id)}`, {}, this.signal);
  }

  async #look() {
    this.#waiting = null;
    try {
      this.#draw(await this.#asked());
    } catch (fault) {
      if (fault.name !== "AbortError") tell(fault.message);
    }
  }

  #draw(trace) {
    this.trace = trace;
    this.rows = nested(trace.spans);
    this.answers = answersOf(trace);
    this.top.replaceChildren(heading(trace, this.rows));
    this.#show();
  }

  /** The part that the address tells: the tab, and the span. */
  #show() {
    const tab = Object.hasOwn(TABS, this.query.as ?? "") ? this.query.as : "waterfall";
    this.tabs.replaceChildren(
      ...Object.entries(TABS).map(([name, [label]]) =>
        button(label, () => this.#go({ as: name === "waterfall" ? "" : name }), {
          role: "tab",
          id: `tab-${name}`,
          "aria-selected": String(name === tab),
          tabindex: name === tab ? 0 : -1,
        }),
      ),
    );
    this.body.setAttribute("aria-labelledby", `tab-${tab}`);
    const span = this.trace.spans.find((one) => one.span_id === this.query.span) ?? this.#first();
    const place = (one) => to("trace", this.id, { ...this.query, span: one.span_id });
    if (tab === "waterfall") {
      if (!this.body.contains(this.waterfall.element)) this.body.replaceChildren(this.waterfall.element);
      if (this.drawn !== this.trace) this.waterfall.draw(this.rows, this.trace.duration_ns, span?.span_id);
      else this.waterfall.choose(span?.span_id);
      this.drawn = this.trace;
    } else if (tab === "messages")
      this.body.replaceChildren(
        saidIn(this.rows.map((row) => row.span).filter(isCall), {
          logs: this.trace.logs,
          answers: this.answers,
          place,
        }),
      );
    else this.body.replaceChildren(turns(this.rows, this.trace.logs, place));
    this.#showSpan(span);
  }

  /** What somebody most likely wants to see: what failed, else the first call. */
  #first() {
    const spans = this.rows.map((row) => row.span);
    return (
      spans.find((span) => isCall(span) && hasFailed(span)) ?? spans.find(hasFailed) ?? spans.find(isCall) ?? spans[0]
    );
  }

  async #showSpan(span) {
    const text = JSON.stringify([span, this.trace.logs.length, this.trace.evaluations.length]);
    if (text === this.shown) return; // nothing new: what is open in it stays open
    this.shown = text;
    if (!span) return this.side.replaceChildren(logsOf(this.trace.logs));
    if (span.whole === false) {
      this.side.replaceChildren(el("p", { class: "loading" }, "Loading…"));
      try {
        Object.assign(span, await ask(`traces/${this.id}/spans/${span.span_id}`, {}, this.signal));
      } catch (fault) {
        if (fault.name !== "AbortError") this.side.replaceChildren(el("p", {}, fault.message));
        return;
      }
      if (this.shown !== text) return;
    }
    this.side.replaceChildren(panel(span, { ...this.trace, answers: this.answers }));
    this.side.scrollTop = 0;
  }

  #choose(span) {
    this.#go({ span: span.span_id }, true);
    tell(`Shown: ${span.name}`);
    if (matchMedia("(max-width: 900px)").matches) this.side.scrollIntoView({ block: "start" });
  }

  #go(changes, replace = false) {
    go(to("trace", this.id, { ...this.query, ...changes }), { replace });
  }

  #moved(place) {
    if (place.id !== this.id) return false;
    this.query = place.query;
    this.#show();
    return true;
  }

  #key(key) {
    const tab = Object.entries(TABS).find(([, [, short]]) => short === key);
    if (tab) this.#go({ as: tab[0] === "waterfall" ? "" : tab[0] });
    else if (key === "x") {
      const span = this.trace.spans.find((one) => one.span_id === here().query.span) ?? this.#first();
      if (!span || !isCall(span)) return false;
      toggle(span);
    } else return false;
    return true;
  }

  #turnTabs(event) {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    const all = [...this.tabs.children];
    const at = (all.indexOf(event.target) + by + all.length) % all.length;
    all[at].click();
    event.preventDefault();
    setTimeout(() => this.tabs.children[at].focus());
  }
}

function heading(trace, rows) {
  const root = rows[0]?.span;
  const whom = trace.spans.find((span) => span.user);
  const talk = trace.spans.find((span) => span.conversation);
  const sum = sums(trace.spans);
  return el(
    "div",
    {},
    el(
      "h1",
      {},
      said(root?.name ?? "Logs without a span"),
      " ",
      el("code", { class: "id", title: "The id of the trace" }, trace.trace_id),
    ),
    facts(
      [
        ["Service", root?.service && said(root.service)],
        ["Began", moment(trace.start_ns)],
        ["Duration", duration(trace.duration_ns)],
        ["Spans", `${count(trace.spans.length)}${trace.cut ? " and more" : ""}`],
        ["Calls", count(sum.calls)],
        ["Tokens", tokens(sum.input, sum.output)],
        ["Cost", money(sum.cost)],
        ["Retries", sum.retries ? `↻ ${sum.retries}` : null],
        ["Errors", sum.errors ? el("span", { class: "bad" }, `✕ ${sum.errors}`) : null],
        ["User", whom && el("a", { href: to("traces", "", { user: whom.user }) }, said(whom.user))],
        [
          "Conversation",
          talk && el("a", { href: to("conversation", "", { id: talk.conversation }) }, said(talk.conversation)),
        ],
        ["Evaluations", scores(trace.evaluations)],
      ],
      { class: "facts line" },
    ),
    trace.cut
      ? el(
          "p",
          { class: "odd" },
          `⚠ The trace has more spans: the first ${count(trace.spans.length)} are shown, and the sums are theirs.`,
        )
      : "",
    verdicts(trace.evaluations.filter((one) => !one.span_id)),
  );
}

/** In a line; the span of each has all of it. */
function scores(evaluations) {
  const inLine = evaluations.filter((one) => one.span_id).slice(0, 5);
  return inLine.length
    ? inLine.map((one) => [
        el("a", { href: to("trace", one.trace_id, { span: one.span_id }) }, said(one.evaluation ?? "?")),
        " ",
        said(String(one.score === null ? (one.label ?? "") : round(one.score))),
        " ",
      ])
    : null;
}

/** What tools answered: as their own spans say, else as it was told to the model afterwards. */
function answersOf(trace) {
  const found = new Map();
  for (const span of trace.spans) answersIn(messagesOf(contentOf(span, trace.logs).input), found);
  for (const span of trace.spans) {
    const id = span.attributes?.[TOOL_CALL_ID];
    if (!id) continue;
    const link = el(
      "a",
      { href: to("trace", trace.trace_id, { span: span.span_id }) },
      `in ${duration(span.duration_ns)}`,
    );
    const content = contentOf(span, trace.logs);
    found.set(String(id), { value: content.answered ?? found.get(String(id))?.value ?? null, note: link });
  }
  return found;
}
