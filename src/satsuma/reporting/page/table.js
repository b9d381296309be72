// The table of instances: filtered and sorted as a whole, shown a page at a time.

const PAGE = 25;
const ORDER = new Intl.Collator("en", { numeric: true });

// What is searched: words in any order, and what stands in quotation marks as it stands.
function searched(text) {
  return [...text.toLowerCase().matchAll(/"([^"]+)"|[^\s"]+/g)].map((found) => found[1] ?? found[0]);
}

class Table {
  constructor(instances, lineages) {
    Object.assign(this, { instances, lineages, page: 0, sort: null, only: null });
    this.options();
    const refresh = () => this.filter();
    byId("search").addEventListener("input", later(refresh, 120));
    for (const id of ["dataset", "label", "context", "changed", "with-lineage"]) byId(id).addEventListener("change", refresh);
    byId("filters").addEventListener("submit", (event) => event.preventDefault());
    byId("filters").addEventListener("reset", () => {
      this.only = null;
      setTimeout(refresh);
    });
    this.filter();
  }

  // A filter is offered where there is something to choose.
  options() {
    const { instances } = this;
    this.choices("dataset", instances.dataset, (value) => small.datasets[value]);
    this.choices("label", instances.label, (value) => value ?? "no label");
    this.choices("context", instances.context, (value) => value || "no context");
    const any = (holds) => instances.id.some((_, place) => holds(place));
    byId("by-changed").hidden = !any((place) => instances.changed(place));
    byId("by-lineage").hidden = !any((place) => this.lineages.has(place)) || !any((place) => !this.lineages.has(place));
  }

  choices(id, values, name) {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
    byId(`by-${id}`).hidden = counts.size < 2 || counts.size > 500;
    const sorted = [...counts].sort((one, other) => other[1] - one[1]);
    this[`${id}s`] = sorted.map(([value]) => value);
    byId(id).replaceChildren(make("option", { value: "" }, "all"));
    sorted.forEach(([value, count], at) => {
      const shown = name(value);
      const short = shown.length > 60 ? `${shown.slice(0, 60)}…` : shown;
      byId(id).append(make("option", { value: String(at) }, `${short} (${number(count)})`));
    });
  }

  filter() {
    const wanted = searched(byId("search").value);
    const chosen = (id) => (byId(id).value === "" ? undefined : this[`${id}s`][Number(byId(id).value)]);
    const [dataset, label, context] = ["dataset", "label", "context"].map(chosen);
    const { instances } = this;
    this.found = [];
    for (const place of this.only ?? instances.id.keys()) {
      if (dataset !== undefined && instances.dataset[place] !== dataset) continue;
      if (label !== undefined && instances.label[place] !== label) continue;
      if (context !== undefined && instances.context[place] !== context) continue;
      if (byId("changed").checked && !instances.changed(place)) continue;
      if (byId("with-lineage").checked && !this.lineages.has(place)) continue;
      if (wanted.length && !wanted.every((word) => instances.haystack(place).includes(word))) continue;
      this.found.push(place);
    }
    this.page = 0;
    this.order();
    this.show();
  }

  // Only these, as chosen on the map.
  restrict(places) {
    this.only = [...places].sort((one, other) => one - other);
    this.filter();
  }

  order() {
    if (!this.sort) return;
    const { values, down } = this.sort;
    const compare = (one, other) => ORDER.compare(String(values[one] ?? ""), String(values[other] ?? ""));
    this.found.sort((one, other) => (down ? compare(other, one) : compare(one, other)));
  }

  sortBy(name, values) {
    const down = this.sort?.name === name && !this.sort.down;
    this.sort = { name, values, down };
    this.page = 0;
    this.order();
    this.show();
    byId("table-place").querySelector(`[aria-sort] button`)?.focus();
  }

  show() {
    const pages = Math.max(1, Math.ceil(this.found.length / PAGE));
    const from = this.page * PAGE;
    const shown = this.found.slice(from, from + PAGE);
    const some = this.only ? " chosen on the map" : "";
    const all = number(this.found.length);
    const last = number(from + shown.length);
    byId("count").textContent = shown.length ? `${number(from + 1)} to ${last} of ${all} instances${some}` : "No instance fits. Clear the filters to see all.";
    byId("table-place").replaceChildren(shown.length ? this.table(shown) : "");
    this.buttons(pages);
  }

  columns() {
    const { instances } = this;
    const used = instances.fields.filter((field) => this.found.some((place) => field.values[place] !== ""));
    const texts = used.map((field) => ({ name: field.name, values: field.values, cell: (place) => words(field.values[place], "div", "words clip") }));
    const label = { name: "label", values: instances.label, cell: (place) => this.label(place) };
    const dataset = { name: "dataset", values: instances.dataset, cell: (place) => small.datasets[instances.dataset[place]] };
    return [...texts, label, ...(small.datasets.length > 1 ? [dataset] : [])];
  }

  label(place) {
    const { instances } = this;
    const chip = make("span", { class: "chip" }, instances.label[place] ?? "none");
    if (!instances.changed(place)) return chip;
    const was = make("span", { class: "was" }, instances.asked[place]);
    return make("span", {}, make("span", { class: "unseen" }, "asked for "), was, make("span", { class: "unseen" }, ", corrected to"), " ", chip);
  }

  // Roles are written out, since rows are cards on a narrow screen and would lose their meaning.
  table(shown) {
    const columns = this.columns();
    const head = columns.map(({ name, values }) => {
      const sorted = this.sort?.name === name ? (this.sort.down ? "descending" : "ascending") : null;
      const button = make("button", { type: "button", on: { click: () => this.sortBy(name, values) } }, name);
      return make("th", { scope: "col", role: "columnheader", "aria-sort": sorted }, button);
    });
    const rows = shown.map((place) => this.row(columns, place));
    const caption = make("caption", { class: "unseen" }, "Instances; the button of a row opens it with its lineage");
    const open = make("th", { scope: "col", role: "columnheader" }, make("span", { class: "unseen" }, "Open"));
    return make("table", { class: "rows", role: "table" }, caption,
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...head, open)),
      make("tbody", { role: "rowgroup" }, ...rows));
  }

  row(columns, place) {
    const cells = columns.map(({ name, cell }) => make("td", { role: "cell", "data-name": name }, cell(place)));
    const open = make("button", { type: "button", class: "plain", "data-open": String(place) }, "Open", make("span", { class: "unseen" }, ` ${this.instances.id[place]}`));
    return make("tr", { role: "row" }, ...cells, make("td", { role: "cell" }, open));
  }

  buttons(pages) {
    const go = (name, to, off) => make("button", { type: "button", disabled: off, on: { click: () => this.turn(to, name) } }, name);
    const place = make("span", {}, `Page ${number(this.page + 1)} of ${number(pages)}`);
    const first = this.page === 0;
    const last = this.page >= pages - 1;
    byId("pages").replaceChildren(go("First", 0, first), go("Previous", this.page - 1, first), place, go("Next", this.page + 1, last), go("Last", pages - 1, last));
  }

  turn(page, name) {
    this.page = page;
    this.show();
    const buttons = [...byId("pages").querySelectorAll("button:not(:disabled)")];
    (buttons.find((button) => button.textContent === name) ?? buttons[0])?.focus({ preventScroll: true });
    byId("instances").scrollIntoView();
  }
}
