"""A comparison as a page, Markdown and HTML: TarGEN's main table, differences, learning curves.

Scores are in points (hundredths). Names come from the user and are escaped; the HTML page loads nothing.
"""

from __future__ import annotations

import html as markup
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from satsuma.students.comparison import Curve, Row, worth

if TYPE_CHECKING:
    from satsuma.scoring.significance import Difference
    from satsuma.students.comparing import Comparison

Table: TypeAlias = tuple[str, list[str], list[list[str]]]
"""Its title, its head and its rows."""


class Bounded(Protocol):
    """A figure with its interval."""

    @property
    def low(self) -> float:
        """Its lower end."""
        ...

    @property
    def high(self) -> float:
        """Its upper end."""
        ...


_COLOURS = ("#c4500c", "#1f5f8b", "#3c7a2a", "#7a3c78", "#8a6d00", "#444444")
_WIDE, _HIGH, _MARGIN = 560, 300, 46
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 } th, td { padding: .3rem .8rem; border-bottom: 1px solid #ddd }
td:not(:first-child), th:not(:first-child) { text-align: right } svg text { font-size: 12px; fill: #444 }
"""


def tables(made: Comparison) -> list[Table]:
    """Each table of the page: its title, its head and its rows."""
    others = [name for name in made.trainings if name != made.baseline]
    students = list(dict.fromkeys(row.student for row in made.rows))
    found = {(row.student, row.training): row for row in made.rows}
    head = ["student", *(f"{name} (n = {n:,})" for name, n in made.trainings.items())]
    main = [[student, *(_score(found[student, name]) for name in made.trainings)] for student in students]
    made_tables: list[Table] = [(f"{made.metric}, in points, with its 95% interval", head, main)]
    if others:
        gaps = [[student, *(_gap(found[student, name].difference) for name in others)] for student in students]
        made_tables.append((f"difference to {made.baseline}", ["student", *others], gaps))
    for curve in made.curves:
        rows = [[f"{row.instances:,}", _score(row)] for row in curve.points]
        made_tables.append((f"{curve.student} on {curve.training}, by size", ["instances", made.metric], rows))
    return made_tables


def _score(row: Row) -> str:
    spread = "" if row.spread is None else f" ± {100 * row.spread:.1f}"
    return f"{100 * row.score.value:.1f}{spread} {between(row.score)}"


def _gap(gap: Difference | None) -> str:
    return "" if gap is None else f"{100 * gap.value:+.1f} {between(gap)}, p = {gap.p:.3f}"


def between(one: Bounded) -> str:
    """An interval in points."""
    return f"[{100 * one.low:.1f}, {100 * one.high:.1f}]"


def _lead(made: Comparison) -> list[str]:
    seeds = len(made.rows[0].seeds)
    told = f"{made.instances:,} instances of {made.test}; {seeds} seed{'' if seeds == 1 else 's'} of each training"
    return [f"{told}, ± their standard deviation." if seeds > 1 else f"{told}.", *made.notes]


def _said(curves: Sequence[Curve]) -> list[str]:
    return [f"{curve.student} on {curve.training}: {worth(curve)}." for curve in curves]


def markdown(made: Comparison) -> str:
    """The page in Markdown."""
    return page_markdown(_title(made), _lead(made), tables(made), _said(made.curves))


def html(made: Comparison) -> str:
    """The page in HTML, with a plot of the learning curves."""
    figure = _plot(made.curves) if made.curves else ""
    return page_html(_title(made), _lead(made), tables(made), _said(made.curves), figure)


def _title(made: Comparison) -> str:
    return f"{made.card}: what students learn from each training set"


def page_markdown(title: str, lead: Sequence[str], tables: Sequence[Table], end: Sequence[str]) -> str:
    """A page of tables between paragraphs, in Markdown."""
    lines = [f"# {_md(title)}", "", *(_md(text) + "\n" for text in lead)]
    for name, head, rows in tables:
        lines += [f"**{_md(name)}**", "", _line(head), _line(["---", *("---:" for _ in head[1:])], plain=True)]
        lines += [*map(_line, rows), ""]
    return "\n".join([*lines, *(_md(text) + "\n" for text in end)])


def page_html(title: str, lead: Sequence[str], tables: Sequence[Table], end: Sequence[str], figure: str = "") -> str:
    """The same in HTML. figure: markup, before the last paragraphs."""
    body = [f"<h1>{_h(title)}</h1>", *(f"<p>{_h(text)}</p>" for text in lead)]
    for name, head, rows in tables:
        cells = "".join(f"<tr>{''.join(f'<td>{_h(cell)}</td>' for cell in row)}</tr>" for row in rows)
        top = "".join(f"<th>{_h(cell)}</th>" for cell in head)
        body.append(f"<h2>{_h(name)}</h2><table><thead><tr>{top}</tr></thead><tbody>{cells}</tbody></table>")
    body += [figure, *(f"<p>{_h(text)}</p>" for text in end)]
    head_of_page = f'<meta charset="utf-8"><title>{_h(title)}</title><style>{_STYLE}</style>'
    return f'<!doctype html><html lang="en"><head>{head_of_page}</head><body>{"".join(body)}</body></html>'


def _line(cells: Sequence[str], *, plain: bool = False) -> str:
    return f"| {' | '.join(cell if plain else _md(cell) for cell in cells)} |"


def _md(text: str) -> str:
    escaped = "".join(f"\\{c}" if c in "\\`*_{}<>#|" else c for c in text)
    return " ".join(escaped.split())


def _h(text: str) -> str:
    return markup.escape(text)


def _plot(curves: Sequence[Curve]) -> str:
    rows = [row for curve in curves for row in curve.points]
    left, right = (math.log2(f(row.instances for row in rows)) for f in (min, max))
    low, high = min(row.score.low for row in rows), max(row.score.high for row in rows)

    def x(row: Row) -> float:
        return _MARGIN + (math.log2(row.instances) - left) / ((right - left) or 1) * (_WIDE - 2 * _MARGIN)

    def y(score: float) -> float:
        return _HIGH - _MARGIN - (score - low) / ((high - low) or 1) * (_HIGH - 2 * _MARGIN)

    parts = []
    for number, curve in enumerate(curves):
        colour = _COLOURS[number % len(_COLOURS)]
        line = " ".join(f"{x(row):.1f},{y(row.score.value):.1f}" for row in curve.points)
        bars = "".join(f"M{x(r):.1f} {y(r.score.low):.1f}V{y(r.score.high):.1f}" for r in curve.points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(f'<path d="{bars}" stroke="{colour}" opacity="0.4"/>')
        parts.append(f'<text x="{_MARGIN}" y="{16 * (number + 1)}" style="fill:{colour}">{_h(_called(curve))}</text>')
    sizes = {row.instances: x(row) for row in rows}
    parts += [f'<text x="{at:.1f}" y="{_HIGH - 20}" text-anchor="middle">{n:,}</text>' for n, at in sizes.items()]
    parts += [f'<text x="2" y="{y(s):.1f}">{100 * s:.0f}</text>' for s in (low, (low + high) / 2, high)]
    return f'<svg viewBox="0 0 {_WIDE} {_HIGH}" width="{_WIDE}" role="img">{"".join(parts)}</svg>'


def _called(curve: Curve) -> str:
    return f"{curve.student} on {curve.training}"
