// What needs the program is shown once it works, and says so where it does not.

function failed(error) {
  const told = `The table cannot be shown: ${error.message}. A browser of 2023 or later is needed.`;
  byId("count").hidden = false;
  byId("count").textContent = told;
  throw error;
}

async function start() {
  startTheme();
  const [instances, lineages] = [new Instances(await unpacked("packed")), new Lineages(await unpacked("packed-lineages"))];
  const table = new Table(instances, lineages);
  table.open = (place) => openInstance(instances, lineages, place);
  if (small.points.length) new MeaningMap(instances, table);
  for (const element of document.querySelectorAll(".js")) {
    if (element.id !== "map-selected" && (small.points.length || !element.closest("#map"))) element.hidden = false;
  }
  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-open]") : null;
    if (button) table.open(Number(button.dataset.open));
  });
  document.documentElement.dataset.ready = "true";
}

start().catch(failed);
