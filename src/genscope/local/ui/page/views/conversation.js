// One conversation, over all its traces.

import { ask } from "../api.js";
import { to } from "../address.js";
import { el, facts, said as text } from "../dom.js";
import { count, duration, moment, money, plural, tokens } from "../format.js";
import { verdicts } from "../panel.js";
import { said } from "../said.js";
import { sums } from "../spans.js";

const PACE = 500;

export default {
  async open({ place, stage, signal, live }) {
    const id = place.query.id ?? "";
    const body = el("div");
    let calls = "";
    const look = async () => {
      const found = await ask("conversation", { id }, signal);
      const now = JSON.stringify(found.calls.map((call) => [call.span_id, call.duration_ns]));
      if (now !== calls) body.replaceChildren(...drawn(id, found));
      calls = now;
      return found.position;
    };
    const position = await look();
    stage.append(body);
    live(position);
    let waiting = null;
    const again = () => {
      waiting = null;
      look().catch(() => {}); // what is shown stays
    };
    return { title: id, news: () => (waiting ??= setTimeout(again, PACE)), close: () => clearTimeout(waiting) };
  },
};

function drawn(id, found) {
  const sum = sums(found.calls);
  const traces = new Set(found.calls.map((call) => call.trace_id)).size;
  const last = found.calls.at(-1);
  const users = [...new Set(found.calls.map((call) => call.user).filter(Boolean))];
  return [
    el("h1", {}, el("span", { class: "dim" }, "conversation "), text(id)),
    facts(
      [
        ["Began", moment(found.start_ns)],
        ["Lasted", duration(last.offset_ns + last.duration_ns)],
        ["Calls", count(sum.calls)],
        ["Traces", el("a", { href: to("traces", "", { conversation: id }) }, count(traces))],
        ["Tokens", tokens(sum.input, sum.output)],
        ["Cost", money(sum.cost)],
        ["Errors", sum.errors ? el("span", { class: "bad" }, `✕ ${sum.errors}`) : null],
        [
          "User",
          users.length ? users.map((user) => [el("a", { href: to("traces", "", { user }) }, text(user)), " "]) : null,
        ],
      ],
      { class: "facts line" },
    ),
    found.cut ? el("p", { class: "odd" }, `⚠ Only the last ${plural(found.calls.length, "call")} are shown.`) : "",
    said(found.calls),
    verdicts(found.evaluations),
  ];
}
