// One instance in full, and where it came from: context, seed, instance, correction, then what was asked and answered.

const dialog = byId("dialog");

function openInstance(instances, lineages, place) {
  const close = make("button", { type: "button", on: { click: () => dialog.close() } }, "Close");
  const title = make("h2", { id: "dialog-title" }, instances.id[place]);
  dialog.replaceChildren(
    make("div", { class: "dialog-head" }, title, close),
    make("div", { class: "dialog-body" }, fieldsOf(instances, place), ...trail(instances, lineages, place)),
  );
  dialog.showModal();
  dialog.scrollTop = 0;
}

dialog.addEventListener("click", (event) => {
  if (event.target === dialog) dialog.close();
});

function fieldsOf(instances, place) {
  const list = make("dl");
  const add = (name, value) => list.append(make("dt", {}, name), make("dd", {}, value));
  for (const field of instances.fields) {
    if (field.values[place] !== "") add(field.name, words(field.values[place]));
  }
  add("label", make("span", { class: "chip" }, instances.label[place] ?? "none"));
  if (small.datasets.length > 1) add("dataset", small.datasets[instances.dataset[place]]);
  return list;
}

function trail(instances, lineages, place) {
  const has = lineages.has(place);
  const told = has ? lineages.of(place) : null;
  const steps = make("ol", { class: "trail" });
  const add = (name, ...values) => steps.append(make("li", {}, make("b", {}, name), ...values));
  if (instances.context[place]) add("context", words(instances.context[place]));
  if (instances.source[place]) add("made of", words(instances.source[place]));
  if (instances.seed[place]) add("seed", words(instances.seed[place]));
  for (const [name, value] of told?.attributes ?? []) add(name, words(value));
  if (instances.asked[place]) add("asked for", words(instances.asked[place]));
  if (instances.corrected[place]) add("corrected to", words(correction(instances, place)), told?.reason ? words(told.reason) : null);
  if (!steps.childElementCount) return [make("p", { class: "quiet" }, "This dataset does not say where its instances come from.")];
  const heading = make("h3", {}, "Where it came from");
  return has ? [heading, steps, ...exchanges(lineages, told)] : [heading, steps, elsewhere(instances, place)];
}

function correction(instances, place) {
  const votes = instances.votes[place];
  const agreement = instances.agreement[place];
  const agreed = agreement !== null && votes > 1 ? ` (${Math.round(100 * agreement)}% of ${votes} votes)` : "";
  return instances.corrected[place] + agreed;
}

// The command that shows what the page does not have.
function elsewhere(instances, place) {
  const run = small.runs[String(instances.dataset[place])];
  if (run === undefined) return make("p", { class: "quiet" }, "Its run is not at hand, so there are no prompts and replies.");
  const id = `'${instances.id[place].replaceAll("'", "'\\''")}'`;
  const command = make("pre", {}, `satsuma show ${run} ${id}`);
  return make("div", {}, make("p", { class: "quiet" }, "Its prompts and replies are not in this page. They are in its run:"), command);
}

function exchanges(lineages, told) {
  const heading = make("h3", {}, `What was asked, and answered (${told.requests.length})`);
  return [heading, ...told.requests.map((request) => exchange(lineages, request))];
}

function exchange(lineages, request) {
  if (typeof request === "string") return make("p", { class: "quiet" }, `${request}: not in the run's journal.`);
  const took = request.tokens[0] + request.tokens[1] ? [`${number(request.tokens[0])} + ${number(request.tokens[1])} tokens`] : [];
  took.push(request.seconds === null ? "from a recording" : `${request.seconds.toFixed(1)} s`);
  const draw = request.draw ? `, draw ${request.draw}` : "";
  const details = make("details", {}, make("summary", {}, `${request.step}${draw}: ${took.join(", ")}`));
  details.addEventListener("toggle", () => fill(details, lineages, request), { once: true });
  return details;
}

function fill(details, lineages, request) {
  details.append(make("p", { class: "quiet mono" }, `${request.path} · ${request.model} · ${request.key}`));
  for (const [role, lines] of request.messages) {
    details.append(make("p", { class: "role" }, role), words(lineages.text(lines), "pre"));
  }
  const reply = request.error || lineages.text(request.reply);
  details.append(make("p", { class: "role" }, request.error ? "given up" : "reply"), words(reply, "pre"));
}
