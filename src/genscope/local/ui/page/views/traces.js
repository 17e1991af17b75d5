// All traces, the newest first.

import { filtersIn, here, to } from "../address.js";
import { el, said } from "../dom.js";
import { count, duration, moment, money, plural, tokens } from "../format.js";
import { listView } from "../list.js";

const columns = [
  { title: "Began", kind: "time", cell: (trace) => moment(trace.start_ns) },
  { title: "Trace", kind: "name", cell: name },
  { title: "Service", kind: "text", cell: (trace) => said(trace.service ?? "") },
  { title: "Model", kind: "text models", cell: (trace) => said(trace.models.join(", ")) },
  {
    title: "Duration",
    kind: "number",
    cell: (trace) => [
      trace.ended ? "" : el("span", { class: "state", title: "Its root has not ended yet" }, "◌ "),
      duration(trace.duration_ns),
    ],
  },
  { title: "Calls", kind: "number", cell: (trace) => count(trace.calls) },
  { title: "Tokens", kind: "number", cell: (trace) => tokens(trace.input_tokens, trace.output_tokens) },
  { title: "Cost", kind: "number", cell: (trace) => money(trace.cost) },
  {
    title: "Errors",
    kind: "number errors",
    cell: (trace) => (trace.errors ? el("span", { class: "bad" }, `✕ ${trace.errors}`) : ""),
  },
  { title: "For", kind: "text whom", cell: whom },
];

function name(trace) {
  const label = `${plural(trace.spans, "span")}`;
  return el("a", { href: to("trace", trace.trace_id), title: label }, said(trace.name || "(no name)"));
}

function whom(trace) {
  const filters = filtersIn(here().query);
  return [
    trace.user
      ? el("a", { class: "by", href: to("traces", "", { ...filters, user: trace.user }) }, said(trace.user))
      : "",
    trace.user && trace.conversation ? " · " : "",
    trace.conversation
      ? el("a", { class: "by", href: to("conversation", "", { id: trace.conversation }) }, said(trace.conversation))
      : "",
  ];
}

export default listView({ path: "traces", what: "traces", title: "Traces", columns, key: (trace) => trace.trace_id });
