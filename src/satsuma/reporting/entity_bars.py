"""The entities of one kind as bars (TarGEN, Figure 4), per 1,000 instances, beside those of other datasets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.measures.entities import Entities
from satsuma.reporting.charts import Measures, bars, colour, distinct, short
from satsuma.reporting.drawing import Chart, drawn

if TYPE_CHECKING:
    from satsuma.llm.request import Json

TOP = 8
_WORDS = {
    "GPE": "Countries, cities, states", "PERSON": "Persons", "NORP": "Nationalities, religions, politics",
    "EVENT": "Events", "PRODUCT": "Products", "ORG": "Organizations", "LANGUAGE": "Languages",
    "NAME": "Names of any kind",
}  # fmt: skip


def entity_chart(kind: str, datasets: Measures) -> Chart | None:
    """The most frequent entities of a kind; of another dataset the same ones, where they are among its own."""
    told = [(name, found) for name, measures in datasets if isinstance(found := measures.get("entities"), Entities)]
    if not told or kind not in told[0][1].kinds:
        return None
    names = list(told[0][1].kinds[kind].top)[:TOP]
    shown = distinct(names)
    rows: list[tuple[str, str, int, float]] = []
    values: list[Json] = []
    for entity in names:
        for at, (name, found) in enumerate(told):
            count = found.kinds[kind].top.get(entity, 0) if kind in found.kinds else 0
            rate = 1_000 * count / max(found.instances, 1)
            rows.append((short(entity, 40), name, count, rate))
            tip = f"{short(entity, 40)}, {name}: {count:,} ({rate:.0f} in 1,000 instances)"
            values.append({"name": shown[entity], "set": at, "n": rate, "tip": tip, "c": colour(at)})
    own = told[0][1].kinds[kind]
    svg = drawn([bars(values, "name", "n", "in 1,000 instances", sets=len(told))], 24 * max(2, len(names)))
    reading = f"{own.mentions:,} mentions of {own.distinct:,} different ones, in {own.instances:,} instances."
    head = ("entity", "dataset", "mentions", "in 1,000 instances")
    table = tuple((entity, name, f"{count:,}", f"{rate:.1f}") for entity, name, count, rate in rows)
    return Chart(_WORDS.get(kind, kind), reading, svg, head, table)
