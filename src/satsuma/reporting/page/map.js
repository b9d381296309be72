// The map: points to hover, click, walk through with the keyboard, and circle with a lasso.

const SIZE = 1000;
const HIGH = 620;
const SHOWN = 50;
const COLOURS = 8;

class MeaningMap {
  constructor(instances, table) {
    Object.assign(this, { instances, table, chosen: new Set(), here: -1, lassoing: false, line: null });
    this.points = small.points.map(([place, x, y]) => ({ place, x: 30 + ((x + 1) / 2) * (SIZE - 60), y: 30 + ((1 - y) / 2) * (HIGH - 60) }));
    this.svg = shape("svg", { viewBox: `0 0 ${SIZE} ${HIGH}`, tabindex: "0", role: "application", "aria-roledescription": "map", "aria-describedby": "map-help" });
    this.svg.setAttribute("aria-label", `Map of ${number(this.points.length)} instances`);
    const radius = Math.max(4, Math.min(8, 150 / Math.sqrt(this.points.length)));
    this.circles = this.points.map((point) => shape("circle", { cx: point.x.toFixed(1), cy: point.y.toFixed(1), r: radius.toFixed(1) }));
    this.ring = shape("circle", { class: "here", r: (radius + 5).toFixed(1), visibility: "hidden" });
    this.lasso = shape("polygon", { class: "lasso-line", points: "" });
    this.svg.append(...this.circles, this.lasso, this.ring);
    this.said = make("p", { class: "unseen", "aria-live": "polite" });
    byId("map-place").append(this.svg, this.said);
    this.colours();
    this.listen();
  }

  colours() {
    const ways = [["label", "label", (place) => this.instances.label[place] ?? "no label"]];
    if (small.datasets.length > 1) ways.unshift(["dataset", "dataset", (place) => small.datasets[this.instances.dataset[place]]]);
    if (this.instances.context.some(Boolean)) ways.push(["context", "context", (place) => this.instances.context[place] || "no context"]);
    if (this.points.some(({ place }) => this.instances.changed(place))) ways.push(["changed", "label changed", (place) => (this.instances.changed(place) ? "changed" : "kept")]);
    this.ways = new Map(ways.map(([key, , of]) => [key, of]));
    byId("map-colour").append(...ways.map(([key, name]) => make("option", { value: key }, name)));
    byId("map-colour").addEventListener("change", () => this.paint());
    this.paint();
  }

  // The most frequent values have a colour of their own, the rest share the last.
  paint() {
    const of = this.ways.get(byId("map-colour").value);
    const counts = new Map();
    for (const { place } of this.points) counts.set(of(place), (counts.get(of(place)) ?? 0) + 1);
    // Datasets keep the colours that they have in the charts.
    const rank = ([value]) => small.datasets.indexOf(value);
    const byDataset = byId("map-colour").value === "dataset";
    const sorted = [...counts].sort(byDataset ? (one, other) => rank(one) - rank(other) : (one, other) => other[1] - one[1]);
    const many = sorted.length > COLOURS;
    const place = new Map(sorted.slice(0, many ? COLOURS - 1 : COLOURS).map(([value], at) => [value, at]));
    this.points.forEach((point, at) => {
      const other = this.instances.dataset[point.place] > 0 ? " other" : "";
      this.circles[at].setAttribute("class", `point p${place.get(of(point.place)) ?? COLOURS - 1}${other}${this.chosen.has(at) ? " chosen" : ""}`);
    });
    this.legend(sorted, place, many);
  }

  legend(sorted, places, many) {
    const item = (at, text) => make("li", {}, make("span", { class: `swatch c${at}`, "aria-hidden": "true" }), text);
    const items = sorted.filter(([value]) => places.has(value)).map(([value, count]) => item(places.get(value), `${value} (${number(count)})`));
    if (many) items.push(item(COLOURS - 1, `${number(sorted.length - COLOURS + 1)} others`));
    if (small.datasets.length > 1) items.push(make("li", {}, `Filled: ${small.datasets[0]}; rings: what it is compared with`));
    byId("map-legend").replaceChildren(...items);
  }

  listen() {
    this.svg.addEventListener("pointermove", (event) => this.moved(event));
    this.svg.addEventListener("pointerleave", hideTip);
    this.svg.addEventListener("pointerdown", (event) => this.pressed(event));
    this.svg.addEventListener("pointerup", () => this.released());
    this.svg.addEventListener("pointercancel", () => this.released());
    this.svg.addEventListener("click", (event) => this.clicked(event));
    this.svg.addEventListener("keydown", (event) => this.key(event));
    byId("map-lasso").addEventListener("click", () => this.toggle());
    byId("map-clear").addEventListener("click", () => this.choose([]));
  }

  toggle() {
    this.lassoing = !this.lassoing;
    byId("map-lasso").setAttribute("aria-pressed", String(this.lassoing));
    this.svg.classList.toggle("lasso", this.lassoing);
  }

  at(event) {
    const box = this.svg.getBoundingClientRect();
    return { x: ((event.clientX - box.left) / box.width) * SIZE, y: ((event.clientY - box.top) / box.height) * HIGH, scale: SIZE / box.width };
  }

  nearest({ x, y, scale }) {
    let best = -1;
    let distance = (14 * scale) ** 2;
    this.points.forEach((point, at) => {
      const away = (point.x - x) ** 2 + (point.y - y) ** 2;
      if (away < distance) [best, distance] = [at, away];
    });
    return best;
  }

  moved(event) {
    const where = this.at(event);
    if (this.line) {
      this.line.push([where.x, where.y]);
      this.lasso.setAttribute("points", this.line.map((pair) => pair.map((v) => v.toFixed(1)).join(",")).join(" "));
      return;
    }
    const found = this.nearest(where);
    if (found < 0) hideTip();
    else showTip(this.describe(found), event.clientX, event.clientY);
  }

  describe(at) {
    const { place } = this.points[at];
    return `${this.instances.label[place] ?? "no label"}\n${this.instances.text(place, 240)}`;
  }

  pressed(event) {
    if (!this.lassoing || event.button !== 0) return;
    const { x, y } = this.at(event);
    this.line = [[x, y]];
    this.svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  }

  released() {
    if (!this.line) return;
    const line = this.line;
    this.line = null;
    this.lasso.setAttribute("points", "");
    if (line.length < 3) return;
    this.choose([...this.points.keys()].filter((at) => inside(this.points[at], line)));
  }

  clicked(event) {
    if (this.lassoing) return;
    const found = this.nearest(this.at(event));
    if (found >= 0) {
      this.go(found);
      this.choose([found]);
    }
  }

  key(event) {
    const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (event.key in steps) this.go(this.here < 0 ? 0 : this.neighbour(...steps[event.key]));
    else if (event.key === "Enter" && this.here >= 0) this.table.open(this.points[this.here].place);
    else if (event.key === " " && this.here >= 0) this.choose(this.flipped(this.here));
    else if (event.key === "Escape") this.choose([]);
    else return;
    event.preventDefault();
  }

  flipped(at) {
    return this.chosen.has(at) ? [...this.chosen].filter((one) => one !== at) : [...this.chosen, at];
  }

  // The nearest point in a direction: far to the side counts double.
  neighbour(dx, dy) {
    const from = this.points[this.here];
    let best = this.here;
    let least = Infinity;
    this.points.forEach((point, at) => {
      const ahead = (point.x - from.x) * dx + (point.y - from.y) * dy;
      const aside = Math.abs((point.x - from.x) * dy) + Math.abs((point.y - from.y) * dx);
      if (at !== this.here && ahead > 0 && aside <= 2 * ahead && ahead + 2 * aside < least) [best, least] = [at, ahead + 2 * aside];
    });
    return best;
  }

  go(at) {
    this.here = at;
    this.ring.setAttribute("cx", this.points[at].x);
    this.ring.setAttribute("cy", this.points[at].y);
    this.ring.setAttribute("visibility", "visible");
    this.said.textContent = this.describe(at);
    const box = this.circles[at].getBoundingClientRect();
    if (document.activeElement === this.svg) showTip(this.describe(at), box.right, box.bottom);
  }

  choose(found) {
    this.chosen = new Set(found);
    this.svg.classList.toggle("choosing", this.chosen.size > 0);
    this.circles.forEach((circle, at) => circle.classList.toggle("chosen", this.chosen.has(at)));
    byId("map-clear").disabled = this.chosen.size === 0;
    this.list();
  }

  list() {
    const box = byId("map-selected");
    box.hidden = this.chosen.size === 0;
    const places = [...this.chosen].map((at) => this.points[at].place);
    const narrow = make("button", { type: "button", on: { click: () => this.narrow(places) } }, "Show them in the table");
    const more = places.length > SHOWN ? `, of which the first ${SHOWN} are here` : "";
    const items = places.slice(0, SHOWN).map((place) => this.item(place));
    box.replaceChildren(make("h3", { role: "status" }, `${number(places.length)} chosen${more}`), narrow, make("ul", {}, ...items));
  }

  item(place) {
    const chip = make("span", { class: "chip" }, this.instances.label[place] ?? "no label");
    const text = make("div", {}, chip, " ", words(this.instances.text(place, 300), "span"));
    return make("li", {}, text, make("button", { type: "button", class: "plain", "data-open": String(place) }, "Open", make("span", { class: "unseen" }, ` ${this.instances.id[place]}`)));
  }

  narrow(places) {
    byId("filters").reset();
    setTimeout(() => this.table.restrict(places));
    byId("instances").scrollIntoView();
    byId("search").focus({ preventScroll: true });
  }
}

// Whether a point lies inside a polygon: a ray to the right crosses it an odd number of times.
function inside(point, line) {
  let odd = false;
  for (let i = 0, j = line.length - 1; i < line.length; j = i++) {
    const [[x, y], [u, v]] = [line[i], line[j]];
    if (y > point.y !== v > point.y && point.x < ((u - x) * (point.y - y)) / (v - y) + x) odd = !odd;
  }
  return odd;
}
