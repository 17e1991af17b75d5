// A list, page by page: as many rows as fit a page are there, however many there are in the store.

import { ask } from "./api.js";
import { filtersIn, go, to } from "./address.js";
import { button, el, tell } from "./dom.js";
import { filterBar } from "./filters.js";
import { plural } from "./format.js";
import { nothing } from "./notices.js";

const ROWS = 50;
const FAR = 120; // pixels from the top: whoever has scrolled is reading
const PACE = 400;

/** A view of a list. `columns` have `title`, `cell(item)` and `kind`; `key(item)` tells items apart. */
export function listView({ path, what, title, columns, key }) {
  return { open: (opened) => new List({ path, what, title, columns, key }, opened).open() };
}

class List {
  #known = new Map(); // by key: the item as JSON, and its row
  #waiting = null;
  #held = false;

  constructor(about, { place, stage, signal, live }) {
    Object.assign(this, about, { place, stage, signal, live });
    this.filters = filtersIn(place.query);
    this.body = el("tbody");
    this.fresh = button("", () => this.#showNews(), { class: "fresh", hidden: true });
    this.foot = el("nav", { class: "pages", "aria-label": "Pages" });
  }

  async open() {
    const found = await this.#asked();
    this.stage.append(
      el("h1", { class: "unseen" }, this.title),
      filterBar(this.place, this.signal),
      el("div", { class: "freshness" }, this.fresh),
    );
    await this.#draw(found);
    this.live(found.position);
    return { title: this.title, news: (news) => this.#news(news), close: () => clearTimeout(this.#waiting) };
  }

  #asked() {
    return ask(this.path, { ...this.filters, limit: ROWS, after: this.place.query.after }, this.signal);
  }

  async #draw(found) {
    this.stage.querySelector(".notice")?.remove();
    if (!found.items.length) {
      this.table?.remove();
      this.table = null;
      this.foot.remove();
      this.stage.append(await nothing(this.what, this.filters, () => go(to(this.place.view)), this.signal));
      return;
    }
    this.table ??= this.#table();
    if (!this.table.isConnected) this.stage.append(this.table, this.foot);
    this.#fill(found.items);
    this.#turn(found);
  }

  #table() {
    const head = this.columns.map(({ title, kind }) =>
      el("th", { scope: "col", role: "columnheader", class: kind }, title),
    );
    return el(
      "table",
      { class: `list ${this.path}`, role: "table" },
      el("caption", { class: "unseen" }, `${this.title}, newest first`),
      el("thead", { role: "rowgroup" }, el("tr", { role: "row" }, head)),
      this.body,
    );
  }

  /** Rows of what has not changed stay the elements they are: the focus, and the eye, stay with them. */
  #fill(items) {
    const rows = items.map((item) => this.#row(item));
    rows.forEach((row, at) => {
      if (this.body.children[at] !== row) this.body.insertBefore(row, this.body.children[at] ?? null);
    });
    while (this.body.children.length > rows.length) this.body.lastElementChild.remove();
    this.#known = new Map(items.map((item, at) => [this.key(item), { text: JSON.stringify(item), row: rows[at] }]));
  }

  #row(item) {
    const known = this.#known.get(this.key(item));
    if (known?.text === JSON.stringify(item)) return known.row;
    const cells = this.columns.map(({ title, kind, cell }) =>
      el("td", { class: kind, role: "cell", "data-label": title || null }, cell(item)),
    );
    const row = el(
      "tr",
      {
        role: "row",
        "data-key": this.key(item),
        class: item.errors || item.error_kind || item.status === "error" ? "failed" : null,
        click: (event) =>
          event.target.closest("a, button, input") || getSelection().toString() || row.querySelector("a").click(),
      },
      cells,
    );
    const focused = known?.row.contains(document.activeElement);
    if (known?.row.isConnected) known.row.replaceWith(row);
    if (focused) row.querySelector("a")?.focus({ preventScroll: true });
    return row;
  }

  #turn({ items, next }) {
    const { after, ...query } = this.place.query;
    this.foot.replaceChildren(
      el("span", {}, `${plural(items.length, "row")}${after || next ? " on this page" : ""}`),
      after ? el("a", { href: to(this.place.view, "", query), "data-page": "newest" }, "Newest") : "",
      next
        ? el(
            "a",
            { href: to(this.place.view, "", { ...query, after: next }), "data-page": "older", rel: "next" },
            "Older",
          )
        : "",
    );
  }

  /** Not at once: of much that comes one look is enough. */
  #news() {
    this.#waiting ??= setTimeout(() => this.#look(), PACE);
  }

  async #look() {
    this.#waiting = null;
    if (this.place.query.after || this.signal.aborted) return; // an older page: nothing comes there
    try {
      const found = await this.#asked();
      const added = found.items.filter((item) => !this.#known.has(this.key(item)));
      if (added.length && this.table && this.#reading()) {
        for (const item of found.items) if (this.#known.has(this.key(item))) this.#renew(item);
        this.#hold(added.length === found.items.length ? `${added.length}+` : added.length, found);
      } else {
        this.#release();
        await this.#draw(found);
        if (added.length) tell(`${plural(added.length, "row")} new`);
      }
    } catch (fault) {
      if (fault.name !== "AbortError") tell(fault.message); // what is shown stays; the next news tries again
    }
  }

  /** Whether something new on top would move what somebody looks at. */
  #reading() {
    const row = document.activeElement?.closest?.("tr[data-key]");
    return this.#held || scrollY > FAR || (row && row !== this.body.firstElementChild) || !getSelection().isCollapsed;
  }

  #renew(item) {
    const row = this.#row(item);
    this.#known.set(this.key(item), { text: JSON.stringify(item), row });
  }

  #hold(many, found) {
    this.#held = true;
    this.latest = found;
    this.fresh.hidden = false;
    this.fresh.textContent = `${many} new ↑`;
  }

  #release() {
    this.#held = false;
    this.fresh.hidden = true;
  }

  #showNews() {
    this.#release();
    this.#draw(this.latest);
    scrollTo(0, 0);
    this.body.querySelector("a")?.focus({ preventScroll: true });
  }
}
