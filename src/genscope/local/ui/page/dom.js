// Elements. Children become text unless they are elements: nothing from outside is ever markup.

const SVG = "http://www.w3.org/2000/svg";
const SAFE = /^(#|https?:\/\/)/i;

/** `attributes`: functions listen to the event of that name, `style` is properties by name, what is null or false is not set. */
export function el(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) set(element, name, value);
  element.append(...children.flat(Infinity).filter((one) => ![null, undefined, false, ""].includes(one)));
  return element;
}

function set(element, name, value) {
  if (value === null || value === undefined || value === false) return;
  if (typeof value === "function") element.addEventListener(name, value);
  else if (name === "style")
    for (const [property, said] of Object.entries(value)) element.style.setProperty(property, said);
  else if (name === "href" && !SAFE.test(value)) throw new TypeError("a link leads to this page, or to http");
  else element.setAttribute(name, value === true ? "" : String(value));
}

export function button(label, act, attributes = {}) {
  return el("button", { type: "button", click: act, ...attributes }, label);
}

/** Text of unknown origin in a line of ours: its direction is its own affair. */
export function said(text, attributes = {}) {
  return el("bdi", attributes, text);
}

/** Opens and closes; what is in it is made when it is first opened. */
export function fold(summary, content, { open = false, ...attributes } = {}) {
  const details = el("details", attributes, el("summary", {}, summary));
  const fill = () => {
    if (details.open && details.childElementCount === 1) details.append(...[content()].flat(Infinity));
  };
  details.addEventListener("toggle", fill);
  details.open = open;
  fill();
  return details;
}

/** Pairs of a name and what it is; those without are left out. */
export function facts(pairs, attributes = {}) {
  const there = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return el(
    "dl",
    { class: "facts", ...attributes },
    there.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

/** Read out by screen readers, not seen. */
export function tell(text) {
  document.getElementById("said").textContent = text;
}
