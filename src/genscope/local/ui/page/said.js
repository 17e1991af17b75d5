// What was said over several calls, each message once, under the call that first had it.

import { to } from "./address.js";
import { el, said as text } from "./dom.js";
import { duration, moment, money, plural, tokens, words } from "./format.js";
import { box } from "./marks.js";
import { answersIn, heardBefore, messagesOf, signature, transcript } from "./messages.js";
import { contentOf, costOf, hasFailed } from "./spans.js";

/** `calls` oldest first; `answers` of tools, beside those in the messages; `place(call)` is where a call leads. */
export function said(calls, { logs = [], answers = new Map(), place = ofTrace } = {}) {
  if (!calls.length) return el("p", { class: "dim" }, "No calls of a model.");
  const told = toldOnce(calls, logs);
  const known = new Map([...answersIn(told.flatMap((one) => one.all)), ...answers]);
  const asked = new Set();
  return el(
    "ol",
    { class: "said" },
    told.map(({ call, messages, before }) => {
      const rest = withoutKnownAnswers(messages, asked);
      return el(
        "li",
        { "data-key": call.span_id },
        caption(call, place),
        before ? el("p", { class: "dim earlier" }, `after ${plural(before, "message")} from above`) : "",
        rest.length ? transcript(rest, known) : el("p", { class: "dim" }, missing(call, messages)),
      );
    }),
  );
}

function missing(call, messages) {
  if (call.whole === false) return "too long to come along: open the call";
  return messages.length ? "nothing new" : "no content recorded";
}

/** An answer of a tool stands with the call that asked for it, which an earlier call of the model has. */
function withoutKnownAnswers(messages, asked) {
  const kept = messages
    .map((message) => ({
      ...message,
      parts: message.parts.filter((part) => !(part.type === "tool_call_response" && asked.has(String(part.id)))),
    }))
    .filter((message, at) => message.parts.length || !messages[at].parts.length);
  for (const part of messages.flatMap((message) => message.parts))
    if (part.type === "tool_call" && part.id) asked.add(String(part.id));
  return kept;
}

function ofTrace(call) {
  return to("trace", call.trace_id, { span: call.span_id });
}

function caption(call, place) {
  return el(
    "div",
    { class: "caption" },
    box(call),
    el("a", { href: place(call) }, text(call.name)),
    moment(call.start_ns),
    hasFailed(call) ? el("span", { class: "bad" }, "✕ ", text(words(call.error_kind ?? "failed"))) : "",
    el("span", {}, duration(call.duration_ns)),
    el("span", {}, tokens(call.input_tokens, call.output_tokens)),
    el("span", {}, money(costOf(call))),
  );
}

/** The messages of calls in their order, each told once: `{ call, messages, before }`, with how many had been told. */
function toldOnce(calls, logs) {
  const transcripts = [];
  const numbers = new Map(); // of long texts, which are soon compared
  const numbered = (message) => {
    const text = signature(message);
    if (!numbers.has(text)) numbers.set(text, numbers.size);
    return numbers.get(text);
  };
  return calls.map((call) => {
    const content = contentOf(call, logs);
    const given = [...messagesOf(content.instructions, "system"), ...messagesOf(content.input)];
    const output = messagesOf(content.output, "assistant");
    const before = heardBefore(given.map(numbered), transcripts);
    transcripts.push([...given, ...output].map(numbered));
    return { call, messages: [...given.slice(before), ...output], all: [...given, ...output], before };
  });
}
