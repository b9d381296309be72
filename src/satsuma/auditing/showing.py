"""An instance as an auditor sees it: its inputs, what can be named, and unless they are blind its label.

A value that is longer than `MOST` characters or `LINES` lines is cut with a mark, which says how much more there is
and how to see it. The terminal escapes what it would obey (`terminal.py`).
"""

from __future__ import annotations

from collections.abc import Iterator

from satsuma.auditing.naming import Naming, text_of
from satsuma.auditing.population import fields_of
from satsuma.run.columns import Row
from satsuma.run.plain import one_line
from satsuma.task.instance import Value

MOST, LINES = 2_000, 30
_NAMES = 99
"""Labels that are listed; a larger set is named by typing."""


def instance_lines(naming: Naming, row: Row, *, blind: bool, whole: bool) -> Iterator[str]:
    """The lines of an instance. blind: without its label. whole: with nothing cut."""
    fields = fields_of(naming.card, row)
    options = naming.output.options(fields)
    hidden = {*options} | {name for name in naming.card.option_fields if options}
    for name, value in fields.items():
        if name not in hidden and naming.card.inputs[name].part == "input":
            yield f"  {name}: {_cut(_text(value), whole=whole)}"
    for number, (name, text) in enumerate(options.items(), start=1):
        yield f"  {number} {name}: {_cut(text, whole=whole)}"
    if not blind:
        yield f"  {naming.output.name} = {_cut(_label(naming, row), whole=whole)}"


def is_cut(naming: Naming, row: Row) -> bool:
    """Whether something of the instance is not shown at first."""
    texts = [_text(value) for value in fields_of(naming.card, row).values()]
    return any(_cut(text, whole=False) != text for text in (*texts, _label(naming, row)))


def listed(names: tuple[str, ...]) -> str:
    """Names with their numbers."""
    shown = [f"{number} {one_line(name, 60)}" for number, name in enumerate(names[:_NAMES], start=1)]
    more = f"   … and {len(names) - _NAMES:,} more" if len(names) > _NAMES else ""
    return "   ".join(shown) + more


def _label(naming: Naming, row: Row) -> str:
    fields, value = fields_of(naming.card, row), row[naming.card.output.name]
    given = naming.given(fields, value)
    return text_of(given) if given is not None else naming.output.shown(fields, value)


def _text(value: Value) -> str:
    return "\n".join(f"- {one}" for one in value) if isinstance(value, tuple) else str(value)


def _cut(text: str, *, whole: bool) -> str:
    lines = text.split("\n")
    if whole or (len(text) <= MOST and len(lines) <= LINES):
        return _under("\n".join(lines))
    kept = "\n".join(text[:MOST].split("\n")[:LINES])
    return f"{_under(kept)}\n    [… {len(text) - len(kept):,} more characters; m shows them]"


def _under(text: str) -> str:
    """Further lines stand under the first."""
    return text.replace("\r\n", "\n").replace("\n", "\n    ").expandtabs(4)
