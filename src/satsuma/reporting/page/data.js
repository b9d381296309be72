// What the page carries: read from elements that no browser runs, taken apart column by column.

const small = JSON.parse(document.getElementById("small").textContent);

async function unpacked(id) {
  const text = document.getElementById(id).textContent;
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}

// A column is a list, or its different values and the place of each.
function column(packed) {
  return Array.isArray(packed) ? packed : packed.at.map((place) => packed.values[place]);
}

class Instances {
  constructor(packed) {
    this.fields = packed.fields.map((field) => ({ name: field.name, values: column(field.values) }));
    for (const name of ["dataset", "id", "label", "context", "seed", "source", "asked", "corrected", "votes", "agreement"]) {
      this[name] = column(packed[name]);
    }
    this.length = this.id.length;
    this.haystacks = new Array(this.length);
  }

  changed(place) {
    return this.corrected[place] !== "" && this.asked[place] !== this.corrected[place];
  }

  // All that is searched, in lower case; made when it is first needed.
  haystack(place) {
    this.haystacks[place] ??= [this.id[place], this.label[place] ?? "", this.context[place], this.seed[place]]
      .concat(this.fields.map((field) => field.values[place]))
      .join("\n")
      .toLowerCase();
    return this.haystacks[place];
  }

  text(place, length) {
    const whole = this.fields.map((field) => field.values[place]).filter(Boolean).join("\n");
    return whole.length > length ? `${whole.slice(0, length)}…` : whole;
  }
}

class Lineages {
  constructor(packed) {
    this.packed = packed;
  }

  has(place) {
    return String(place) in this.packed.of;
  }

  of(place) {
    const told = this.packed.of[String(place)];
    return { ...told, requests: told.requests.map((one) => (typeof one === "number" ? this.packed.requests[one] : one)) };
  }

  text(lines) {
    return lines.map((line) => this.packed.lines[line]).join("\n");
  }
}
