// The page: which view is shown, and what keeps it up to date.

import { go, here, to } from "./address.js";
import { el, tell } from "./dom.js";
import { listenToKeys, showHelp } from "./keyboard.js";
import { Live } from "./live.js";
import { trouble } from "./notices.js";
import calls from "./views/calls.js";
import charts from "./views/charts.js";
import compare from "./views/compare.js";
import conversation from "./views/conversation.js";
import conversations from "./views/conversations.js";
import trace from "./views/trace.js";
import traces from "./views/traces.js";

/** By the first part of the address. `open(stage)` fills the stage; what it returns may have `news(news)` for what has
 * come, `moved(place)`, true if it is shown there already, `key(key)`, true if it meant something, and `close()`. */
const VIEWS = { traces, calls, conversations, charts, trace, conversation, compare };
const LISTED = { traces: "Traces", calls: "Calls", conversations: "Conversations", charts: "Charts" };
/** Under which of them a view is. */
const UNDER = { trace: "traces", conversation: "conversations", compare: "calls" };
const LIVE = {
  on: ["Live", "What comes is shown at once"],
  lost: ["Connecting…", "The connection is lost; trying again"],
  paused: ["Paused", ""],
};

const main = document.getElementById("main");
const kept = new Map(); // by entry of the history: how far it was scrolled, and what had the focus
let shown = null;
let entry = 0;
let leaving = new AbortController();
history.scrollRestoration = "manual";

const live = new Live(
  (news) => shown?.view?.news?.(news),
  (state) => {
    if (state === "on" && shown?.fault) show(); // there is somebody again who answers
    const [label, title] = LIVE[state];
    const light = document.getElementById("live");
    light.dataset.state = state;
    light.title = title;
    light.textContent = label;
  },
);

async function show() {
  if (shown && !/^(#\/|#?$)/.test(location.hash)) return; // a place in the page, such as that of the skipping link
  const place = here();
  if (shown?.name === place.view && shown.view?.moved?.(place)) return;
  remember();
  shown?.view?.close?.();
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  const view = VIEWS[place.view];
  const now = { name: place.view, view: null };
  shown = now;
  drawNavigation(place);
  const slow = setTimeout(() => main.replaceChildren(el("p", { class: "loading" }, "Loading…")), 200);
  try {
    if (view === undefined)
      throw Object.assign(new Error(`There is no view ${place.view.slice(0, 40)}`), { status: 404 });
    const stage = el("div", { class: `view-${place.view}` });
    const found = await view.open({ place, stage, signal, live: (position) => live.from(position) });
    if (signal.aborted) return;
    clearTimeout(slow);
    now.view = found ?? null;
    const typing = document.activeElement?.id === "search" ? document.activeElement : null;
    main.replaceChildren(stage);
    document.title = `${found?.title ?? LISTED[place.view]} · genscope`;
    restore();
    if (typing) goOnTyping(typing);
  } catch (fault) {
    clearTimeout(slow);
    if (fault.name === "AbortError" || signal.aborted) return;
    now.fault = fault;
    main.replaceChildren(trouble(fault, show));
    tell(fault.message);
  }
}

function drawNavigation(place) {
  const current = UNDER[place.view] ?? place.view;
  document
    .getElementById("nav")
    .replaceChildren(
      ...Object.entries(LISTED).map(([name, label]) =>
        el("a", { href: to(name), "aria-current": name === current ? "page" : null }, label),
      ),
    );
}

function remember() {
  kept.set(entry, { top: scrollY, key: document.activeElement?.closest?.("[data-key]")?.dataset.key });
}

/** An entry that was here before looks as it was left; a new one begins at its top. */
function restore() {
  const known = history.state?.entry;
  entry = known ?? (kept.size ? Math.max(...kept.keys(), entry) + 1 : 1);
  if (known === undefined) history.replaceState({ entry }, "");
  const before = kept.get(entry);
  scrollTo(0, before?.top ?? 0);
  const last = before?.key ? main.querySelector(`[data-key="${CSS.escape(before.key)}"]`) : null;
  (last?.querySelector("a") ?? last ?? main).focus({ preventScroll: true });
}

/** Somebody types on while what was found so far is shown: the new field takes over from the old one. */
function goOnTyping(old) {
  const field = document.getElementById("search");
  if (!field) return;
  const { value, selectionStart, selectionEnd } = old;
  field.focus({ preventScroll: true });
  if (field.value === value) return field.setSelectionRange(selectionStart, selectionEnd);
  field.value = value;
  field.setSelectionRange(selectionStart, selectionEnd);
  field.dispatchEvent(new Event("input"));
}

/** To where one came from, but never out of the page: else to the list that the view belongs to. */
function back() {
  const list = UNDER[here().view];
  if (!list) document.activeElement?.blur();
  else if (entry > 1) history.back();
  else go(to(list));
}

const theme = document.getElementById("theme");
const THEMES = { system: ["light", "Auto"], light: ["dark", "Light"], dark: ["system", "Dark"] };
function drawTheme() {
  const [, label] = THEMES[globalThis.genscopeTheme.get()];
  theme.textContent = label;
  theme.title = "Colours: as the system, light, dark";
  theme.setAttribute("aria-label", `Colours: ${label}`);
}
theme.addEventListener("click", () => {
  globalThis.genscopeTheme.set(THEMES[globalThis.genscopeTheme.get()][0]);
  drawTheme();
});
drawTheme();

document.getElementById("help").addEventListener("click", showHelp);
listenToKeys({
  key: (key) => shown?.view?.key?.(key) ?? false,
  go: (name) => go(to(name)),
  back,
  views: Object.keys(LISTED),
});
addEventListener("hashchange", show);
show();
