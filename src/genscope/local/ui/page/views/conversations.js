// Conversations, those first that cost most.

import { ask } from "../api.js";
import { filtersIn, go, to } from "../address.js";
import { el, said } from "../dom.js";
import { filterBar } from "../filters.js";
import { count, duration, money, plural, tokens } from "../format.js";
import { notice, nothing } from "../notices.js";

const MOST = 200;
const PACE = 2000;

export default {
  async open({ place, stage, signal, live }) {
    const filters = filtersIn(place.query);
    const body = el("tbody");
    const look = async () => {
      const { totals, position } = await ask("totals", { ...filters, by: "conversation", limit: MOST }, signal);
      const found = totals.filter((one) => one.key !== null);
      body.replaceChildren(...found.map(row));
      return { many: found.length, position };
    };
    stage.append(el("h1", { class: "unseen" }, "Conversations"), filterBar(place, signal));
    const { many, position } = await look();
    if (many) stage.append(table(body));
    else if (Object.keys(filters).length)
      stage.append(await nothing("conversations", filters, () => go(to("conversations")), signal));
    else {
      const missing = await nothing("conversations", filters, () => {}, signal);
      stage.append(missing.textContent.startsWith("Nothing") ? missing : advice());
    }
    live(position);
    let waiting = null;
    const again = () => {
      waiting = null;
      look().catch(() => {}); // what is shown stays
    };
    return { news: () => (waiting ??= setTimeout(again, PACE)), close: () => clearTimeout(waiting) };
  },
};

function advice() {
  return notice(
    "No conversations yet",
    el("p", {}, "Calls belong together when the application says so:"),
    el("pre", {}, 'with genscope.context(conversation_id="c1", user_id="u1"):\n    ...'),
  );
}

function table(body) {
  const titles = ["Conversation", "Calls", "Tokens", "Cost", "Median", "p95", "Errors"];
  return el(
    "table",
    { class: "list conversations", role: "table" },
    el("caption", { class: "unseen" }, "Conversations, those first that cost most"),
    el(
      "thead",
      { role: "rowgroup" },
      el(
        "tr",
        { role: "row" },
        titles.map((title, at) =>
          el("th", { scope: "col", role: "columnheader", class: at ? "number" : "name" }, title),
        ),
      ),
    ),
    body,
  );
}

function row(one) {
  const cells = [
    count(one.calls),
    tokens(one.input_tokens, one.output_tokens),
    money(one.cost),
    duration(one.duration_ns?.p50),
    duration(one.duration_ns?.p95),
  ];
  const labels = ["Calls", "Tokens", "Cost", "Median", "p95"];
  const line = el(
    "tr",
    {
      "data-key": one.key,
      role: "row",
      class: one.errors ? "failed" : null,
      click: (event) => event.target.closest("a") || line.querySelector("a").click(),
    },
    el(
      "td",
      { class: "name", role: "cell" },
      el("a", { href: to("conversation", "", { id: one.key }), title: plural(one.calls, "call") }, said(one.key)),
    ),
    cells.map((cell, at) => el("td", { class: "number", role: "cell", "data-label": labels[at] }, cell)),
    el(
      "td",
      { class: "number errors", role: "cell", "data-label": "Errors" },
      one.errors ? el("span", { class: "bad" }, `✕ ${one.errors}`) : "",
    ),
  );
  return line;
}
