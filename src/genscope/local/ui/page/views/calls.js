// All calls of models, the newest first.

import { to } from "../address.js";
import { el, said } from "../dom.js";
import { duration, moment, money, tokens, words } from "../format.js";
import { listView } from "../list.js";
import { box, nameOf } from "../marks.js";
import { costOf } from "../spans.js";

const columns = [
  { title: "", kind: "choice", cell: box },
  { title: "Began", kind: "time", cell: (call) => moment(call.start_ns) },
  {
    title: "Call",
    kind: "name",
    cell: (call) =>
      el("a", { href: to("trace", call.trace_id, { span: call.span_id }) }, said(call.name || "(no name)")),
  },
  { title: "Provider", kind: "text", cell: (call) => said(call.provider ?? "") },
  { title: "Service", kind: "text", cell: (call) => said(call.service ?? "") },
  { title: "Duration", kind: "number", cell: (call) => duration(call.duration_ns) },
  { title: "First token", kind: "number", cell: (call) => duration(call.ttft_ns) },
  { title: "Tokens", kind: "number", cell: (call) => tokens(call.input_tokens, call.output_tokens) },
  { title: "Cost", kind: "number", cell: (call) => money(costOf(call)) },
  { title: "Ended", kind: "text ended", cell: ended },
  { title: "For", kind: "text whom", cell: (call) => said([call.user, call.conversation].filter(Boolean).join(" · ")) },
];

function ended(call) {
  return [
    call.error_kind || call.status === "error"
      ? el("span", { class: "bad" }, "✕ ", said(words(call.error_kind ?? call.error_type ?? "error")))
      : said(call.finish_reasons.map(words).join(", ")),
    call.defects.map((defect) => el("span", { class: "odd" }, " ⚠ ", said(words(defect)))),
    call.outcome && call.outcome !== "completed" ? el("span", { class: "odd" }, " ⚠ ", said(call.outcome)) : "",
    call.retries ? el("span", { class: "odd", title: `${call.retries} retries` }, ` ↻${call.retries}`) : "",
  ];
}

export default listView({ path: "calls", what: "calls", title: "Calls", columns, key: nameOf });
