// The newest traces, kept up to date. Everything from outside becomes text, never markup.

const state = document.getElementById("state");
const rows = document.getElementById("traces");

const seconds = (nanoseconds) => `${(nanoseconds / 1e9).toFixed(2)} s`;
const money = (cost) => Object.entries(cost).map(([currency, amount]) => `${amount.toFixed(4)} ${currency}`).join(", ");
const tokens = (trace) => (trace.input_tokens === null ? "" : `${trace.input_tokens} → ${trace.output_tokens ?? 0}`);

function row(trace) {
  const line = document.createElement("tr");
  const cells = [
    new Date(trace.start_ns / 1e6).toLocaleTimeString(), trace.name, trace.service ?? "",
    seconds(trace.duration_ns), trace.calls, trace.errors, tokens(trace), money(trace.cost),
  ];
  cells.forEach((value, at) => {
    const cell = document.createElement("td");
    cell.textContent = value;
    if (at > 2) cell.className = "number";
    line.append(cell);
  });
  return line;
}

async function show() {
  const answer = await fetch("/api/traces");
  const page = await answer.json();
  if (!answer.ok) throw new Error(page.error);
  rows.replaceChildren(...page.items.map(row));
  state.textContent = page.items.length ? "" : "Nothing has been recorded yet. Try: genscope demo";
  return page.position;
}

const failed = (reason) => { state.textContent = String(reason); };

show().then((position) => {
  const live = new EventSource(`/api/live?after=${position}`);
  live.addEventListener("news", () => show().catch(failed));
  live.onerror = () => { state.textContent = "The connection is lost; trying again…"; };
  live.onopen = () => { state.textContent = ""; };
}).catch(failed);
