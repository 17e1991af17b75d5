// What was said, as a conversation: who speaks, tools with what they were asked and what they answered.

import { el, fold, said } from "./dom.js";
import { count, plural, words } from "./format.js";
import { reference } from "./media.js";
import { list } from "./spans.js";

const LONG = 1500; // characters of a text that are shown at once
const CALLS = ["tool_call", "server_tool_call"];
const RESPONSES = ["tool_call_response", "server_tool_call_response"];

/** Messages whatever they are: those of the conventions, those that have a `content`, and texts that were cut off. */
export function messagesOf(value, role = "user") {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value)) return [{ role, parts: [asPart(value)] }];
  if (value.length && value.every((one) => isRecord(one) && "type" in one && !("role" in one)))
    return [{ role, parts: value }];
  return value.map((one) => {
    if (!isRecord(one)) return { role, parts: [asPart(one)] };
    const parts = Array.isArray(one.parts)
      ? one.parts
      : [one.content ?? one.parts].flat().filter((part) => part !== undefined && part !== null);
    return { ...one, role: String(one.role ?? role), parts: parts.map(asPart) };
  });
}

function asPart(value) {
  return isRecord(value) ? value : { type: "text", content: value };
}

const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What tools answered, by the id of the call that asked, beside what is known already. */
export function answersIn(messages, known = new Map()) {
  for (const part of messages.flatMap((message) => message.parts)) {
    if (RESPONSES.includes(part.type) && part.id && !known.has(String(part.id)))
      known.set(String(part.id), { value: responseOf(part) });
  }
  return known;
}

/** Messages one below the other. `answers` joins results to the calls of tools; those that are joined are not told again. */
export function transcript(messages, answers = answersIn(messages)) {
  const asked = new Set(
    messages
      .flatMap((one) => one.parts)
      .filter((part) => CALLS.includes(part.type) && part.id)
      .map((part) => String(part.id)),
  );
  const isJoined = (part) =>
    RESPONSES.includes(part.type) && asked.has(String(part.id)) && answers.has(String(part.id));
  const shown = messages
    .map((message) => ({
      ...message,
      parts: message.parts.filter((part) => !isJoined(part)),
      joined: message.parts.some(isJoined),
    }))
    .filter((message) => message.parts.length || !message.joined);
  return el(
    "ol",
    { class: "transcript" },
    shown.map((message) => messageOf(message, answers)),
  );
}

function messageOf(message, answers) {
  const role = ["system", "user", "assistant", "tool", "developer"].includes(message.role) ? message.role : "other";
  const ended =
    message.finish_reason && message.finish_reason !== "stop"
      ? el("span", { class: "ending" }, said(words(String(message.finish_reason))))
      : null;
  return el(
    "li",
    { class: `message ${role}` },
    el(
      "h4",
      {},
      said(message.role),
      message.name ? [" ", el("span", { class: "dim" }, said(String(message.name)))] : "",
      ended,
    ),
    message.parts.length ? message.parts.map((part) => partOf(part, answers)) : el("p", { class: "dim" }, "(nothing)"),
  );
}

function partOf(part, answers) {
  if (part.type === "text") return longText(part.content);
  if (part.type === "reasoning")
    return fold(`Reasoning · ${plural(String(part.content ?? "").length, "character")}`, () => longText(part.content), {
      class: "reasoning",
      open: String(part.content ?? "").length < 400,
    });
  if (CALLS.includes(part.type)) return toolCall(part, answers.get(String(part.id)));
  if (RESPONSES.includes(part.type))
    return el(
      "div",
      { class: "toolcall" },
      el("p", {}, "Result of ", el("code", {}, said(String(part.id ?? "a call without an id")))),
      value(responseOf(part)),
    );
  if (["uri", "file", "blob"].includes(part.type)) return reference(part);
  if (part.type === "compaction")
    return el(
      "div",
      { class: "toolcall" },
      el("p", { class: "dim" }, "Older messages were put in short"),
      part.content ? longText(part.content) : null,
    );
  if (part.type === "generic") return el("p", { class: "dim" }, "[", said(words(String(part.generic_type))), "]");
  return el(
    "div",
    { class: "toolcall" },
    el("p", { class: "dim" }, said(words(String(part.type ?? "part")))),
    value(part),
  );
}

function responseOf(part) {
  return part.response ?? part.server_tool_call_response ?? part.result ?? part.content ?? null;
}

function toolCall(part, answer) {
  const where = part.type === "server_tool_call" ? "the provider's tool" : "tool";
  return el(
    "div",
    { class: "toolcall" },
    el(
      "p",
      {},
      el("span", { class: "dim" }, `${where} `),
      el("strong", {}, said(String(part.name ?? "?"))),
      part.id ? [" ", el("code", { class: "id" }, said(String(part.id)))] : "",
    ),
    value(part.arguments ?? part.server_tool_call ?? null),
    answer
      ? el(
          "div",
          { class: "answer" },
          el("p", { class: "dim" }, "answered", answer.note ? [" ", answer.note] : ""),
          value(answer.value),
        )
      : el("p", { class: "dim" }, "no answer seen"),
  );
}

/** Any JSON: a text as it is, the rest in lines. */
export function value(json) {
  if (json === null || json === undefined) return el("p", { class: "dim" }, "(nothing)");
  if (typeof json === "string") {
    const lines = structured(json);
    return longText(lines, lines === json ? "prose" : "json");
  }
  return longText(JSON.stringify(json, null, 2), "json");
}

/** A text that is JSON, in lines. */
function structured(text) {
  if (!/^\s*[[{]/.test(text) || text.length > 200_000) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

export function longText(content, kind = "prose") {
  const text =
    typeof content === "string"
      ? content
      : content === null || content === undefined
        ? ""
        : JSON.stringify(content, null, 2);
  if (text.length <= LONG) return el("pre", { class: kind, dir: "auto" }, text);
  const block = el("pre", { class: kind, dir: "auto" }, `${text.slice(0, LONG)}…`);
  const more = el(
    "button",
    {
      type: "button",
      class: "more",
      click: () => {
        block.textContent = text;
        more.remove();
      },
    },
    `Show all ${count(text.length)} characters`,
  );
  return [block, more];
}

/** A message told apart from others by what it says; thoughts are not always said again. */
export function signature(message) {
  const parts = message.parts
    .filter((part) => part.type !== "reasoning")
    .map((part) => [
      part.type,
      part.id,
      part.name,
      part.content,
      part.arguments,
      part.response,
      part.uri,
      part.file_id,
    ]);
  return JSON.stringify([message.role, parts]);
}

/** How many of the messages, from the first on, have been said already in one of the `transcripts`. */
export function heardBefore(messages, transcripts) {
  return Math.max(
    0,
    ...transcripts.map((told) => {
      const end = messages.findIndex((one, at) => one !== told[at]);
      return end < 0 ? messages.length : end;
    }),
  );
}

export function definitions(tools) {
  return el(
    "ul",
    { class: "definitions" },
    list(tools).map((tool) => {
      const about = isRecord(tool) ? tool : { name: String(tool) };
      return el(
        "li",
        {},
        el("strong", {}, said(String(about.name ?? about.type ?? "?"))),
        about.description ? [" ", said(String(about.description))] : "",
        about.parameters ? fold("Parameters", () => value(about.parameters)) : "",
      );
    }),
  );
}
