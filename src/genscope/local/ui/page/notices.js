// What is shown when there is nothing to show: what has happened, and what to do next.

import { to } from "./address.js";
import { ask } from "./api.js";
import { button, el } from "./dom.js";

export function notice(title, ...content) {
  return el("section", { class: "notice" }, el("h2", {}, title), ...content);
}

export function command(line) {
  const copy = button("Copy", async () => {
    if (!navigator.clipboard) return getSelection().selectAllChildren(copy.previousElementSibling); // not on https
    await navigator.clipboard.writeText(line);
    copy.textContent = "Copied";
  });
  return el("div", { class: "command" }, el("code", {}, line), copy);
}

export function trouble(fault, again) {
  const retry = button("Try again", again);
  if (fault.status === 0)
    return notice(
      "genscope ui does not answer",
      el("p", {}, "It may have been ended. To start it:"),
      command("genscope ui"),
      retry,
    );
  if (fault.status === 401) return notice("A token is needed", el("p", {}, fault.message));
  if (fault.status === 404)
    return notice(
      fault.message,
      el("p", {}, "It may have been dropped: the store keeps things for some time only."),
      el("p", {}, el("a", { href: to("traces") }, "All traces")),
    );
  if (fault.status === 400)
    return notice(
      "This cannot be asked",
      el("p", {}, fault.message),
      el("p", {}, el("a", { href: to("traces") }, "All traces")),
    );
  if (fault.status === 503) return notice("The store cannot be read now", el("p", {}, fault.message), retry);
  return notice("Something went wrong", el("p", {}, fault.message), retry);
}

/** `what` was looked for in vain; `filters` is where it was looked for. */
export async function nothing(what, filters, clear, signal) {
  if (Object.keys(filters).length) {
    return notice(
      `No ${what} like that`,
      el("p", {}, "Nothing that is recorded matches all of the filters."),
      button("Clear the filters", clear),
    );
  }
  const info = await ask("info", {}, signal);
  if (info.rows.spans)
    return notice(
      `No ${what} yet`,
      el("p", {}, "Other spans have been recorded: "),
      el("p", {}, el("a", { href: to("traces") }, "All traces")),
    );
  return start();
}

/** The one line before an application. */
function start() {
  const standard = location.port === "4318";
  const endpoint = standard
    ? ""
    : `OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf OTEL_EXPORTER_OTLP_ENDPOINT=${location.origin} `;
  return notice(
    "Nothing has been recorded yet",
    el("p", {}, "Put one line before your application, and its calls appear here by themselves:"),
    command("genscope run app.py"),
    el("p", {}, "Any program with OpenTelemetry, in any language, can send here:"),
    command(`${endpoint}opentelemetry-instrument python app.py`),
    el("p", {}, "To look around first, without a key or a network:"),
    command("genscope demo"),
  );
}
