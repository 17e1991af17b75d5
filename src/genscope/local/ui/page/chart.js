// Charts of pieces of time, as SVG: stacked bars, and lines. Every piece leads somewhere; the numbers are a table, too.

import { el, fold, said, svg } from "./dom.js";
import { iso, tick } from "./format.js";

const SIZE = { width: 560, height: 180, left: 64, right: 8, top: 10, bottom: 22 };
const WIDE = SIZE.width - SIZE.left - SIZE.right;
const HIGH = SIZE.height - SIZE.top - SIZE.bottom;
const LABELS = 4; // of the axis of time
const MARKS = ["circle", "square", "triangle", "diamond"];

/** `series` are `{ name, values }` with one value, or null, for each of `times`, where pieces of `step` ns begin.
 * `show(value)` writes one out, `link(at)` is where a piece leads. */
export function chart({ title, kind, times, step, series, show, link, named = series.length > 1 }) {
  const top = highest(kind, series);
  if (!top) return empty(title);
  const ceiling = nice(top);
  const drawn = { kind, times, step, series, show, link, ceiling, slot: WIDE / times.length };
  const labels = named ? legend(series, kind) : "";
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, role: "group", "aria-label": title, class: `plot ${kind}` },
    grid(drawn),
    axis(drawn),
    kind === "bars" ? bars(drawn) : lines(drawn),
    targets(drawn),
  );
  return card(
    title,
    labels,
    picture,
    fold("As a table", () => numbers(drawn)),
  );
}

export function card(title, ...content) {
  return el("section", { class: "card" }, el("h2", {}, title), ...content);
}

export function empty(title, text = "Nothing in this time.") {
  return card(title, el("p", { class: "dim" }, text));
}

function highest(kind, series) {
  const values = series.map((one) => one.values);
  if (kind === "lines") return Math.max(0, ...values.flat().filter((value) => value !== null));
  return Math.max(0, ...(values[0]?.map((_, at) => values.reduce((sum, one) => sum + (one[at] ?? 0), 0)) ?? [0]));
}

/** The next round number, of which half is one, too. */
function nice(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return size * [2, 4, 6, 8, 10].find((one) => value <= one * size * 1.0000001);
}

const across = (drawn, at) => SIZE.left + drawn.slot * (at + 0.5);
const up = (drawn, value) => SIZE.top + HIGH * (1 - value / drawn.ceiling);

function grid(drawn) {
  return [0, 0.5, 1].map((part) => {
    const y = up(drawn, drawn.ceiling * part);
    return [
      svg("line", { class: "grid", x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: y, y2: y }),
      svg(
        "text",
        { class: "scale", x: SIZE.left - 6, y: y + 3.5, "text-anchor": "end" },
        part ? drawn.show(drawn.ceiling * part) : "0",
      ),
    ];
  });
}

function axis({ times, step, slot }) {
  const stride = Math.ceil(times.length / LABELS);
  const at = times.map((_, place) => place).filter((place) => place % stride === 0);
  return at.map((place) =>
    svg(
      "text",
      { class: "scale", x: SIZE.left + slot * place, y: SIZE.height - 6, "text-anchor": place ? "middle" : "start" },
      tick(times[place], step),
    ),
  );
}

function bars(drawn) {
  const width = Math.max(1, Math.min(28, drawn.slot * 0.78));
  return drawn.times.map((_, at) => {
    let below = 0;
    return drawn.series.map(({ values, tone }, index) => {
      const value = values[at] ?? 0;
      if (!value) return "";
      const [low, high] = [up(drawn, below), up(drawn, (below += value))];
      return svg("rect", {
        class: tone ?? `tone-${index}`,
        x: across(drawn, at) - width / 2,
        y: high,
        width,
        height: Math.max(0.75, low - high),
      });
    });
  });
}

/** A line ends where there is nothing; a mark stands at every value, so that lines are told apart without colour. */
function lines(drawn) {
  return drawn.series.map(({ values }, index) => {
    const points = values.map((value, at) => (value === null ? null : [across(drawn, at), up(drawn, value)]));
    let path = "";
    points.forEach(
      (point, at) =>
        (path += point ? `${at && points[at - 1] ? "L" : "M"}${point[0].toFixed(1)} ${point[1].toFixed(1)}` : ""),
    );
    return svg(
      "g",
      { class: `tone-${index}` },
      svg("path", { class: "line", d: path }),
      points.map((point) => (point ? mark(MARKS[index % MARKS.length], ...point) : "")),
    );
  });
}

function mark(shape, x, y, r = 2.6) {
  const paths = {
    square: `M${x - r} ${y - r}h${2 * r}v${2 * r}h${-2 * r}z`,
    triangle: `M${x} ${y - r * 1.2}L${x + r * 1.2} ${y + r}H${x - r * 1.2}z`,
    diamond: `M${x} ${y - r * 1.4}L${x + r * 1.4} ${y}L${x} ${y + r * 1.4}L${x - r * 1.4} ${y}z`,
  };
  return paths[shape] ? svg("path", { d: paths[shape] }) : svg("circle", { cx: x, cy: y, r });
}

/** Over each piece a field that says what is there, and leads to it. */
function targets(drawn) {
  return drawn.times.map((start, at) => {
    if (drawn.series.every(({ values }) => !values[at])) return "";
    const told = [
      `${iso(start).slice(0, 19).replace("T", " ")} UTC`,
      ...drawn.series
        .filter(({ values }) => values[at])
        .map(({ name, values }) => `${name}: ${drawn.show(values[at])}`),
    ].join("\n");
    const field = svg("rect", {
      class: "target",
      x: SIZE.left + drawn.slot * at,
      y: SIZE.top,
      width: drawn.slot,
      height: HIGH,
    });
    return svg("a", { href: drawn.link(at), "aria-label": told.replaceAll("\n", ", ") }, svg("title", {}, told), field);
  });
}

function legend(series, kind) {
  return el(
    "ul",
    { class: "legend" },
    series.map(({ name, tone }, index) =>
      el(
        "li",
        {},
        svg(
          "svg",
          { viewBox: "0 0 12 12", class: tone ?? `tone-${index}`, "aria-hidden": "true" },
          kind === "lines"
            ? mark(MARKS[index % MARKS.length], 6, 6, 4)
            : svg("rect", { x: 1, y: 1, width: 10, height: 10, rx: 2, class: tone ?? `tone-${index}` }),
        ),
        said(name),
      ),
    ),
  );
}

function numbers({ times, series, show, link }) {
  return el(
    "div",
    { class: "scrolls" },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          el("th", { scope: "col" }, "From"),
          series.map(({ name }) => el("th", { scope: "col", class: "number" }, said(name))),
        ),
      ),
      el(
        "tbody",
        {},
        times.map((start, at) =>
          series.some(({ values }) => values[at])
            ? el(
                "tr",
                {},
                el("th", { scope: "row" }, el("a", { href: link(at) }, iso(start).slice(0, 19).replace("T", " "))),
                series.map(({ values }) => el("td", { class: "number" }, values[at] === null ? "" : show(values[at]))),
              )
            : "",
        ),
      ),
    ),
  );
}

/** Named amounts as bars that lie, the largest first: `{ name, value, link }`. */
export function ranking(title, items, show) {
  const shown = items
    .filter((one) => one.value > 0)
    .sort((one, other) => other.value - one.value)
    .slice(0, 12);
  if (!shown.length) return empty(title);
  return card(
    title,
    el(
      "ul",
      { class: "ranking" },
      shown.map(({ name, value, link }) =>
        el(
          "li",
          {},
          link ? el("a", { href: link }, said(name)) : said(name),
          el("span", { class: "amount" }, show(value)),
          el("i", { style: { width: `${(value / shown[0].value) * 100}%` } }),
        ),
      ),
    ),
  );
}
