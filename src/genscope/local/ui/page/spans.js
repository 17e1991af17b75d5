// What is known of spans, as the rest of the page needs it.

import * as names from "./names.js";

export function costOf(span) {
  return span.cost === null ? {} : { [span.currency ?? ""]: span.cost };
}

export function hasFailed(span) {
  return span.status === "error" || span.error_kind !== null;
}

const AGENTS = ["invoke_agent", "create_agent"];
const FLOWS = ["invoke_workflow", "task"];
const CALLS = ["chat", "generate_content", "text_completion", "embeddings"];

/** Of four: call, agent, tool, other. */
export function kindOf(span) {
  if (CALLS.includes(span.operation)) return "call";
  if (AGENTS.includes(span.operation) || FLOWS.includes(span.operation)) return "agent";
  if (["execute_tool", "retrieval", "rerank"].includes(span.operation)) return "tool";
  return "other";
}

export const isAgent = (span) => AGENTS.includes(span.operation);
export const isCall = (span) => kindOf(span) === "call";

/** The spans of a trace as they are nested, depth first: `{ span, parent, level, children, lost }`.
 *
 * A parent that is not there, or that is its own descendant, leaves a span at the top; `lost` is the former. */
export function nested(spans) {
  const rows = new Map(
    spans.map((span) => [span.span_id, { span, parent: null, level: 1, children: [], lost: false }]),
  );
  const tops = [];
  for (const row of rows.values()) {
    const parent = rows.get(row.span.parent_id);
    row.lost = row.span.parent_id !== null && parent === undefined;
    if (parent === undefined) tops.push(row);
    else parent.children.push(row);
  }
  const found = [];
  const seen = new Set();
  const walk = (top) => {
    const open = [[top, null]];
    while (open.length) {
      const [row, parent] = open.pop();
      if (seen.has(row)) continue;
      seen.add(row);
      row.parent = parent;
      row.level = parent ? parent.level + 1 : 1;
      found.push(row);
      for (const child of row.children.toSorted(later).reverse()) open.push([child, row]);
    }
  };
  tops.sort(later).forEach(walk);
  for (const row of rows.values()) if (!seen.has(row)) walk(row);
  for (const row of found) row.children = row.children.filter((child) => child.parent === row).sort(later);
  return found;
}

function later(one, other) {
  return one.span.offset_ns - other.span.offset_ns;
}

/** What was said in a span: on the span, else in the logs that belong to it. */
export function contentOf(span, logs = []) {
  const said = { ...span.content };
  for (const log of logs) {
    if (log.span_id !== span.span_id) continue;
    for (const [name, value] of Object.entries(log.content ?? {})) said[name] ??= value;
  }
  return Object.fromEntries(Object.entries(names.CONTENT).map(([meaning, name]) => [meaning, said[name] ?? null]));
}

/** What went wrong, in the words of whoever says so: `{ type, message, stack }`; null if nothing did. */
export function errorOf(span, logs = []) {
  if (!hasFailed(span)) return null;
  const told =
    [...(span.events ?? []), ...logs.filter((log) => log.span_id === span.span_id)]
      .map((one) => one.attributes ?? {})
      .find((attributes) => names.EXCEPTION_MESSAGE in attributes || names.EXCEPTION_TYPE in attributes) ?? {};
  return {
    type: text(told[names.EXCEPTION_TYPE]) ?? span.error_type,
    message: text(told[names.EXCEPTION_MESSAGE]) ?? span.status_message,
    stack: text(told[names.EXCEPTION_STACKTRACE]),
  };
}

function text(value) {
  return value === undefined || value === null ? null : String(value);
}

/** `rate_limit 429, waited 0.4 s` for each attempt that was not the last. */
export function retriesOf(span) {
  const attributes = span.attributes ?? {};
  const [kinds, statuses, delays] = [names.RETRY_KINDS, names.RETRY_STATUSES, names.RETRY_DELAYS].map((name) =>
    list(attributes[name]),
  );
  const many = Math.min(50, Math.max(span.retries ?? 0, 0));
  return Array.from({ length: many }, (_, at) => ({
    kind: kinds[at] ?? null,
    status: statuses[at] ?? null,
    delay: delays[at] ?? null,
  }));
}

export function list(value) {
  return Array.isArray(value) ? value : [];
}

/** Sums over the calls of a trace. */
export function sums(spans) {
  const calls = spans.filter(isCall);
  const sum = (name) => calls.reduce((found, call) => (call[name] === null ? found : (found ?? 0) + call[name]), null);
  const cost = {};
  for (const call of calls)
    if (call.cost !== null) cost[call.currency ?? ""] = (cost[call.currency ?? ""] ?? 0) + call.cost;
  return {
    calls: calls.length,
    input: sum("input_tokens"),
    output: sum("output_tokens"),
    cost,
    retries: sum("retries"),
    errors: spans.filter(hasFailed).length,
  };
}
