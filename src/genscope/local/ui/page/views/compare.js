// Two calls side by side; what differs is marked.

import { ask } from "../api.js";
import { to } from "../address.js";
import { el, said } from "../dom.js";
import { difference } from "../difference.js";
import { amount, change, count, duration, moment, words } from "../format.js";
import { messagesOf } from "../messages.js";
import { notice } from "../notices.js";
import { plain, settingsOf } from "../panel.js";
import { contentOf } from "../spans.js";

export default {
  async open({ place, stage, signal, live }) {
    const { a, b } = place.query;
    if (!a || !b) {
      stage.append(
        notice(
          "Choose two calls",
          el(
            "p",
            {},
            "Mark two calls in the list, by their boxes or with the key ",
            el("kbd", {}, "x"),
            ", and compare them.",
          ),
          el("p", {}, el("a", { href: to("calls") }, "All calls")),
        ),
      );
      return { title: "Compare" };
    }
    const { calls, position } = await ask("compare", { a, b }, signal);
    stage.append(
      el("h1", {}, "Two calls ", el("a", { class: "swap", href: to("compare", "", { a: b, b: a }) }, "swap")),
      figures(calls),
      messages(calls),
    );
    live(position);
    return { title: "Compare" };
  },
};

function figures(calls) {
  const number = (label, name, show) =>
    row(
      label,
      calls.map((call) => call[name]),
      show,
      calls.map((call) => call[name]),
    );
  const text = (label, name) =>
    row(
      label,
      calls.map((call) => call[name] ?? ""),
      said,
    );
  const texts = (label, name) =>
    row(
      label,
      calls.map((call) => call[name].map(words).join(", ")),
      said,
    );
  const settings = calls.map((call) => Object.fromEntries(settingsOf(call)));
  const names = [...new Set(settings.flatMap(Object.keys))].sort();
  return el(
    "table",
    { class: "compare" },
    el("caption", { class: "unseen" }, "Settings, tokens, cost and times of two calls"),
    el(
      "thead",
      {},
      el(
        "tr",
        {},
        el("th", { scope: "col" }, el("span", { class: "unseen" }, "What")),
        calls.map((call, at) =>
          el(
            "th",
            { scope: "col" },
            el("span", { class: "dim" }, `${"AB"[at]} `),
            el("a", { href: to("trace", call.trace_id, { span: call.span_id }) }, said(call.name)),
            el("div", { class: "dim" }, moment(call.start_ns)),
          ),
        ),
        el("th", { scope: "col", class: "number" }, "B to A"),
      ),
    ),
    el(
      "tbody",
      {},
      text("Model", "model"),
      text("Answered by", "response_model"),
      text("Provider", "provider"),
      text("Service", "service"),
      number("Duration", "duration_ns", duration),
      number("First token", "ttft_ns", duration),
      number("Input tokens", "input_tokens", count),
      number("of them cached", "cache_read_tokens", count),
      number("Output tokens", "output_tokens", count),
      number("of them reasoning", "reasoning_tokens", count),
      row(
        "Cost",
        calls.map((call) => call.cost),
        null,
        calls.map((call) => call.cost),
        calls.map((call) => (call.cost === null ? "" : amount(call.cost, call.currency ?? ""))),
      ),
      number("Retries", "retries", count),
      texts("Ended", "finish_reasons"),
      text("Stream", "outcome"),
      text("Error", "error_kind"),
      texts("Defects", "defects"),
      names.map((name) =>
        row(
          words(name.split(".").slice(2).join(" ") || name),
          settings.map((one) => (name in one ? plain(one[name]) : "")),
          said,
        ),
      ),
    ),
  );
}

/** A line of the table; none where neither call has such a thing. Times and sizes tell how much, the others that. */
function row(
  label,
  values,
  show,
  numbers = null,
  shown = values.map((value) => (value === null || value === "" ? "" : show(value))),
) {
  if (values.every((value) => value === null || value === "")) return "";
  const differs = values[0] !== values[1];
  return el(
    "tr",
    { class: differs ? "differs" : null },
    el("th", { scope: "row" }, label),
    shown.map((value) => el("td", {}, value === "" ? el("span", { class: "dim" }, "—") : value)),
    el(
      "td",
      { class: "number" },
      differs
        ? [numbers ? change(numbers[0], numbers[1]) : "", el("span", { class: "mark", title: "They differ" }, " ≠")]
        : el("span", { class: "dim", title: "The same" }, "="),
    ),
  );
}

function messages(calls) {
  const [one, other] = calls.map(lines);
  const many = Math.max(one.length, other.length);
  if (!many) return el("p", { class: "dim" }, "No content was recorded of either.");
  return el(
    "section",
    {},
    el("h2", {}, "Messages"),
    el(
      "div",
      { class: "sides" },
      Array.from({ length: many }, (_, at) => pair(one[at], other[at])),
    ),
  );
}

/** What was sent and answered, each message as a role and a text. Answers stand side by side, whatever went before. */
function lines(call) {
  const content = contentOf(call, call.logs);
  const given = [...messagesOf(content.instructions, "system"), ...messagesOf(content.input)].map((message) => ({
    role: message.role,
    text: textOf(message),
  }));
  return [
    ...given,
    ...messagesOf(content.output, "assistant").map((message) => ({
      role: `${message.role}, answering`,
      text: textOf(message),
    })),
  ];
}

function textOf(message) {
  return message.parts
    .map((part) => {
      if (part.type === "text" || part.type === "reasoning")
        return `${part.type === "reasoning" ? "[reasoning] " : ""}${plain(part.content ?? "")}`;
      const { id, ...rest } = part; // ids differ always
      return JSON.stringify(rest, null, 2);
    })
    .join("\n");
}

function pair(one, other) {
  const pieces = difference(one?.text ?? "", other?.text ?? "");
  const isSame = one?.text === other?.text && one?.role === other?.role;
  const side = (line, name, tag) =>
    el(
      "div",
      { class: `side ${name}` },
      line === undefined
        ? el("p", { class: "dim" }, "(no such message)")
        : [
            el("h4", {}, said(line.role), isSame ? "" : el("span", { class: "mark", title: "They differ" }, " ≠")),
            el(
              "pre",
              { class: "prose", dir: "auto" },
              pieces
                .filter((piece) => piece.side !== (name === "a" ? "b" : "a"))
                .map((piece) => (piece.side === "both" ? piece.text : el(tag, {}, piece.text))),
            ),
          ],
    );
  return el("div", { class: `pair${isSame ? "" : " differs"}` }, side(one, "a", "del"), side(other, "b", "ins"));
}
