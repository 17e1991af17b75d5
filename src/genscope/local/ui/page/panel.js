// All that is known of one span.

import { to } from "./address.js";
import { el, facts, fold, said } from "./dom.js";
import { amount, count, duration, moment, plural, round, words } from "./format.js";
import { box } from "./marks.js";
import { answersIn, definitions, longText, messagesOf, transcript, value } from "./messages.js";
import { COST_SOURCE, NO_SETTINGS, OMITTED_MESSAGES, SETTINGS } from "./names.js";
import { contentOf, errorOf, hasFailed, isCall, retriesOf } from "./spans.js";

/** `about` has `logs` and `evaluations` of the trace, and `answers` of its tools by the id of the call. */
export function panel(span, about) {
  const logs = about.logs.filter((log) => log.span_id === span.span_id);
  const evaluations = about.evaluations.filter((one) => one.span_id === span.span_id);
  const content = contentOf(span, logs);
  return el(
    "article",
    { class: "panel", "aria-label": `Span ${span.name}` },
    el(
      "header",
      {},
      el("h2", {}, said(span.name)),
      isCall(span) ? el("label", { class: "check" }, box(span), "Compare") : "",
    ),
    failure(span, logs),
    retries(span),
    figures(span),
    verdicts(evaluations),
    conversation(content, about.answers, span),
    otherContent(content),
    Array.isArray(content.tools) && content.tools.length
      ? fold(`Tools on offer · ${content.tools.length}`, () => definitions(content.tools))
      : "",
    settings(span),
    events(span),
    links(span),
    logsOf(logs),
    table("Attributes", span.attributes, span.scope && `${span.scope} ${span.scope_version ?? ""}`),
    table("Resource", span.resource),
  );
}

function failure(span, logs) {
  const error = errorOf(span, logs);
  if (!error) return "";
  return el(
    "section",
    { class: "failure", role: "note" },
    el("h3", {}, "✕ ", said(words(span.error_kind ?? error.type ?? "failed"))),
    error.type && error.type !== span.error_kind ? el("p", {}, el("code", {}, said(error.type))) : "",
    error.message ? longText(error.message) : "",
    error.stack ? fold("Stack", () => longText(error.stack, "json")) : "",
  );
}

function retries(span) {
  const tried = retriesOf(span);
  if (!tried.length) return "";
  const line = ({ kind, status, delay }) =>
    el(
      "li",
      {},
      said([status, kind && words(String(kind))].filter(Boolean).join(" ") || "failed"),
      delay === null ? "" : `, then waited ${duration(delay * 1e9)}`,
    );
  return el(
    "section",
    { class: "retries" },
    el("h3", {}, `↻ ${plural(span.retries, "retry", "retries")}`),
    el("ol", {}, tried.map(line)),
  );
}

function figures(span) {
  const by = (view, name, label = span[name]) =>
    span[name] ? el("a", { href: to(view, "", { [name]: span[name] }) }, said(label)) : null;
  const answered = span.response_model && span.response_model !== span.model ? [" → ", said(span.response_model)] : "";
  const used = (number, ...parts) => {
    const said = parts
      .filter(([part]) => part)
      .map(([part, name]) => `${count(part)} ${name}`)
      .join(", ");
    return number === null ? null : `${count(number)} tokens${said && ` (${said})`}`;
  };
  return facts([
    ["Began", moment(span.start_ns)],
    ["Duration", duration(span.duration_ns)],
    ["First token", duration(span.ttft_ns)],
    ["Model", span.model && [by("calls", "model"), answered]],
    ["Provider", by("calls", "provider")],
    [
      "Input",
      used(span.input_tokens, [span.cache_read_tokens, "from the cache"], [span.cache_write_tokens, "written to it"]),
    ],
    ["Output", used(span.output_tokens, [span.reasoning_tokens, "reasoning"])],
    ["Cost", cost(span)],
    ["Ended", span.finish_reasons.map((one) => words(one)).join(", ")],
    ["Stream", span.outcome && words(span.outcome)],
    [
      "Defects",
      span.defects.length ? el("span", { class: "odd" }, "⚠ ", said(span.defects.map(words).join(", "))) : null,
    ],
    ["Agent", by("traces", "agent")],
    ["Tool", by("traces", "tool")],
    ["Workflow", by("traces", "workflow")],
    ["User", by("traces", "user")],
    ["Tenant", by("traces", "tenant")],
    [
      "Conversation",
      span.conversation &&
        el("a", { href: to("conversation", "", { id: span.conversation }) }, said(span.conversation)),
    ],
    ["Service", by("traces", "service")],
    ["Prompt hash", span.content_hash && el("code", {}, said(span.content_hash))],
  ]);
}

function cost(span) {
  if (span.cost === null) return isCall(span) && !hasFailed(span) ? el("span", { class: "dim" }, "unknown") : null;
  const source = span.attributes?.[COST_SOURCE];
  return [
    amount(span.cost, span.currency ?? ""),
    source ? el("span", { class: "dim" }, " (", said(String(source)), ")") : "",
  ];
}

export function verdicts(evaluations) {
  if (!evaluations.length) return "";
  return el(
    "section",
    {},
    el("h3", {}, "Evaluations"),
    el(
      "ul",
      { class: "verdicts" },
      evaluations.map((one) =>
        el(
          "li",
          {},
          el("strong", {}, said(one.evaluation ?? "?")),
          one.score === null ? "" : [" ", el("b", { class: "score" }, round(one.score))],
          one.label ? [" ", said(one.label)] : "",
          one.explanation ? el("p", { class: "dim" }, said(one.explanation)) : "",
        ),
      ),
    ),
  );
}

function conversation(content, answers, span) {
  const given = [...messagesOf(content.instructions, "system"), ...messagesOf(content.input)];
  const output = messagesOf(content.output, "assistant");
  if (!given.length && !output.length) {
    return isCall(span) && span.whole !== false
      ? el(
          "p",
          { class: "dim" },
          "No content: it is recorded only where OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT asks for it.",
        )
      : "";
  }
  const omitted = span.attributes?.[OMITTED_MESSAGES];
  const all = [...given, ...output];
  return el(
    "section",
    {},
    el("h3", {}, "Messages"),
    omitted
      ? el("p", { class: "dim" }, `${plural(Number(omitted), "older message")} not repeated here: see the link below`)
      : "",
    transcript(all, answersIn(all, new Map(answers))),
  );
}

function otherContent(content) {
  const shown = [
    ["Asked with", content.asked],
    ["Answered", content.answered],
    ["Query", content.query],
    ["Documents", content.documents],
    ["Called with", content.given],
    ["Returned", content.returned],
  ];
  return shown
    .filter(([, said]) => said !== null)
    .map(([title, json]) => el("section", {}, el("h3", {}, title), value(json)));
}

export function settingsOf(span) {
  return Object.entries(span.attributes ?? {}).filter(
    ([name]) => SETTINGS.some((prefix) => name.startsWith(prefix)) && !NO_SETTINGS.includes(name),
  );
}

function settings(span) {
  const found = settingsOf(span).map(([name, value]) => [
    words(name.split(".").slice(2).join(" ") || name),
    said(plain(value)),
  ]);
  return found.length ? el("section", {}, el("h3", {}, "Settings"), facts(found)) : "";
}

export function plain(value) {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function events(span) {
  if (!span.events?.length) return "";
  return fold(`Events · ${span.events.length}`, () =>
    span.events.map((event) =>
      el(
        "div",
        { class: "event" },
        el("p", {}, moment(event.time_ns), " ", el("strong", {}, said(event.name))),
        rows(event.attributes),
      ),
    ),
  );
}

function links(span) {
  if (!span.links?.length) return "";
  return el(
    "section",
    {},
    el("h3", {}, "Links"),
    el(
      "ul",
      {},
      span.links.map((link) =>
        el(
          "li",
          {},
          el(
            "a",
            { href: to("trace", link.trace_id, { span: link.span_id }) },
            el("code", {}, said(`${link.trace_id}.${link.span_id}`)),
          ),
          rows(link.attributes),
        ),
      ),
    ),
  );
}

export function logsOf(logs) {
  if (!logs.length) return "";
  return fold(`Logs · ${logs.length}`, () =>
    logs.map((log) =>
      el(
        "div",
        { class: "event" },
        el(
          "p",
          {},
          moment(log.time_ns),
          " ",
          log.severity ? el("span", { class: "severity" }, said(log.severity)) : "",
          " ",
          said(log.event ?? ""),
        ),
        log.body ? longText(log.body) : "",
        rows(log.attributes),
      ),
    ),
  );
}

function table(title, attributes, about = "") {
  const many = Object.keys(attributes ?? {}).length;
  return many
    ? fold(`${title} · ${many}`, () => [about ? el("p", { class: "dim" }, said(about)) : "", rows(attributes)])
    : "";
}

function rows(attributes) {
  const entries = Object.entries(attributes ?? {}).sort(([one], [other]) => (one < other ? -1 : 1));
  if (!entries.length) return "";
  return el(
    "table",
    { class: "attributes" },
    el(
      "tbody",
      {},
      entries.map(([name, json]) =>
        el("tr", {}, el("th", { scope: "row" }, said(name)), el("td", {}, said(plain(json)))),
      ),
    ),
  );
}
