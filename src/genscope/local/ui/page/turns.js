// What agents did, turn by turn: a call of the model, then the tools that it asked for.

import { el, facts, said } from "./dom.js";
import { count, duration, money, plural, tokens, words } from "./format.js";
import { messagesOf } from "./messages.js";
import { HANDOFF_TO } from "./names.js";
import { contentOf, costOf, hasFailed, isAgent, isCall, sums } from "./spans.js";

const EXCERPT = 220;

/** `rows` of `spans.nested`; `place(span)` is where one leads. Without an agent the whole trace counts as one. */
export function turns(rows, logs, place) {
  const agents = rows.filter((row) => isAgent(row.span));
  const groups = (agents.length ? agents : [null]).map((agent) =>
    section(
      agent,
      rows.filter((row) => row !== agent && agentOf(row) === agent),
      logs,
      place,
    ),
  );
  const loose = agents.length ? rows.filter((row) => agentOf(row) === null && isCall(row.span)) : [];
  return el(
    "div",
    { class: "turns" },
    groups,
    loose.length ? section(null, loose, logs, place, "Outside of agents") : "",
  );
}

/** The nearest agent above; null for none. */
function agentOf(row) {
  let above = row.parent;
  while (above !== null && !isAgent(above.span)) above = above.parent;
  return above;
}

function section(agent, rows, logs, place, title = "No agent in this trace: its calls in order") {
  const work = rows
    .map((row) => row.span)
    .filter(
      (span) => isCall(span) || isAgent(span) || span.operation === "execute_tool" || span.operation === "retrieval",
    )
    .sort((one, other) => one.offset_ns - other.offset_ns);
  const calls = work.filter(isCall);
  const total = sums(calls);
  const name = agent?.span.agent ?? agent?.span.name;
  return el(
    "section",
    { class: "run" },
    el("h3", {}, agent ? [el("span", { class: "dim" }, "agent "), link(agent.span, name, place)] : title),
    facts(
      [
        ["Turns", count(calls.filter((call) => call.operation !== "embeddings").length)],
        ["Duration", duration(agent?.span.duration_ns)],
        ["Tokens", tokens(total.input, total.output)],
        ["Cost", money(total.cost)],
        ["Tools", plural(work.filter((span) => span.operation === "execute_tool").length, "run")],
      ],
      { class: "facts line" },
    ),
    el(
      "ol",
      { class: "steps" },
      numbered(work).map(({ span, turn }) => step(span, turn, logs, place)),
    ),
  );
}

function numbered(work) {
  let turn = 0;
  return work.map((span) => ({ span, turn: isCall(span) && span.operation !== "embeddings" ? (turn += 1) : null }));
}

function step(span, turn, logs, place) {
  return el(
    "li",
    { class: `step ${turn ? "turn" : "between"}${hasFailed(span) ? " failed" : ""}`, "data-key": span.span_id },
    el(
      "div",
      { class: "caption" },
      turn ? el("span", { class: "number" }, `Turn ${turn}`) : "",
      link(span, span.name, place),
      hasFailed(span)
        ? el("span", { class: "bad" }, "✕ ", said(words(span.error_kind ?? span.error_type ?? "failed")))
        : "",
      el("span", {}, duration(span.duration_ns)),
      span.ttft_ns === null ? "" : el("span", { class: "dim" }, `first token ${duration(span.ttft_ns)}`),
      el("span", {}, tokens(span.input_tokens, span.output_tokens)),
      el("span", {}, money(costOf(span))),
      span.attributes?.[HANDOFF_TO]
        ? el("span", { class: "odd" }, "→ ", said(String(span.attributes[HANDOFF_TO])))
        : "",
    ),
    gist(span, contentOf(span, logs)),
  );
}

/** In a line or two: what the model says and asks for, or what went in and out of a tool. */
function gist(span, content) {
  if (isCall(span)) {
    const parts = messagesOf(content.output, "assistant").flatMap((message) => message.parts);
    return parts.map((part) => {
      if (part.type === "text") return el("p", { dir: "auto" }, excerpt(part.content));
      if (part.type === "tool_call")
        return el(
          "p",
          {},
          el("span", { class: "dim" }, "asks for "),
          el("code", {}, said(`${part.name}(${excerpt(part.arguments)})`)),
        );
      if (part.type === "reasoning") return el("p", { class: "dim", dir: "auto" }, excerpt(part.content));
      return "";
    });
  }
  const inward = content.asked ?? content.query ?? content.given;
  const outward = content.answered ?? content.documents ?? content.returned;
  return [
    inward === null ? "" : el("p", {}, el("span", { class: "dim" }, "with "), el("code", {}, said(excerpt(inward)))),
    outward === null
      ? ""
      : el("p", {}, el("span", { class: "dim" }, "answered "), el("code", {}, said(excerpt(outward)))),
  ];
}

function excerpt(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value ?? null);
  return text.length > EXCERPT ? `${text.slice(0, EXCERPT)}…` : text;
}

function link(span, label, place) {
  return el("a", { href: place(span) }, said(label));
}
