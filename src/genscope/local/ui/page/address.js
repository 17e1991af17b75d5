// Where the page is, as its address says: `#/view/ID?name=value`. So links, the back button and bookmarks just work.

/** Parameters that say what is looked for, as the API knows them. */
export const FILTERS = [
  "text",
  "service",
  "model",
  "provider",
  "operation",
  "user",
  "conversation",
  "error_kind",
  "outcome",
  "tenant",
  "workflow",
  "agent",
  "tool",
  "failed",
  "since",
  "until",
];

export function here() {
  const [path, ...rest] = location.hash.replace(/^#\/?/, "").split("?");
  const [view = "", ...id] = path.split("/");
  return {
    view: view || "traces",
    id: plain(id.join("/")),
    query: Object.fromEntries(new URLSearchParams(rest.join("?"))),
  };
}

function plain(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed it
  }
}

/** Values that are empty are left out. */
export function to(view, id = "", query = {}) {
  const there = Object.entries(query).filter(
    ([, value]) => value !== "" && value !== null && value !== undefined && value !== false,
  );
  const parameters = new URLSearchParams(there.map(([name, value]) => [name, String(value)])).toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${parameters ? `?${parameters}` : ""}`;
}

export function go(address, { replace = false } = {}) {
  if (address === location.hash) return;
  if (!replace) {
    location.hash = address;
    return;
  }
  history.replaceState(history.state, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

/** The part of a query that says what is looked for. */
export function filtersIn(query) {
  return Object.fromEntries(FILTERS.filter((name) => query[name]).map((name) => [name, query[name]]));
}
