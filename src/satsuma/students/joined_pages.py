"""Joined comparisons as files: results.parquet, and a page in Markdown and HTML."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.students.comparison_pages import Table, between, page_html, page_markdown

if TYPE_CHECKING:
    from satsuma.scoring.significance import Interval
    from satsuma.students.joining import Between, Figure, Joined

_NONE = "–"


def write_joined(made: Joined) -> None:
    """Write the files.

    Raises:
        RunError: they cannot be written.
    """
    from satsuma.run.atomic import write_atomically

    made.out.mkdir(parents=True, exist_ok=True)
    _write_results(made.out / "results.parquet", made)
    title, lead = "What students learn from each training set", _lead(made)
    write_atomically(made.out / "comparison.md", page_markdown(title, lead, joined_tables(made), ()).encode())
    write_atomically(made.out / "comparison.html", page_html(title, lead, joined_tables(made), ()).encode())


def _lead(made: Joined) -> list[str]:
    tested = "; ".join(
        f"{task.card}: {task.metric} on {task.instances:,} instances of {task.test}" for task in made.tasks
    )
    return [f"{tested}.", "Points, with 95% intervals of a bootstrap over the instances; ± the deviation over seeds."]


def joined_tables(made: Joined) -> list[Table]:
    """The scores, and the differences to the baseline."""
    names = [task.card for task in made.tasks]
    head = ["student", "trained on", *names, *([made.name] if made.averages else [])]
    scores = [[*key, *_scores(made, key)] for key in made.keys]
    others = [key for key in made.keys if key[1] != made.baseline]
    tables: list[Table] = [("scores", head, scores)]
    if others:
        tables.append((f"difference to {made.baseline}", head, [[*key, *_gaps(made, key)] for key in others]))
    return tables


def _scores(made: Joined, key: tuple[str, str]) -> list[str]:
    cells = [_score(task.row(key)) for task in made.tasks]
    average = made.averages.get(key)
    return [*cells, *([_value(average.score if average else None)] if made.averages else [])]


def _gaps(made: Joined, key: tuple[str, str]) -> list[str]:
    cells = [_gap(row.difference if row else None) for row in (task.row(key) for task in made.tasks)]
    average = made.averages.get(key)
    return [*cells, *([_gap(average.difference if average else None)] if made.averages else [])]


def _score(row: Figure | None) -> str:
    if row is None:
        return _NONE
    spread = "" if row.spread is None else f" ± {100 * row.spread:.1f}"
    return f"{100 * row.score.value:.1f}{spread} {between(row.score)} (n = {row.instances:,})"


def _value(one: Interval | None) -> str:
    return _NONE if one is None else f"{100 * one.value:.1f} {between(one)}"


def _gap(gap: Between | Interval | None) -> str:
    if gap is None:
        return _NONE
    p = getattr(gap, "p", None)
    return f"{100 * gap.value:+.1f} {between(gap)}" + ("" if p is None else f", p = {p:.3f}")


def _write_results(path: Path, made: Joined) -> None:
    """task, metric, student, training, instances, score, low, high, spread, gap, gap_low, gap_high, p."""
    import pyarrow as pa

    from satsuma.run.tables import write_table

    words = [(name, pa.string()) for name in ("task", "metric", "student", "training")]
    figures = ("score", "low", "high", "spread", "gap", "gap_low", "gap_high", "p")
    schema = pa.schema([*words, ("instances", pa.int64()), *((name, pa.float64()) for name in figures)])
    write_table(path, schema, _rows(made))


def _rows(made: Joined) -> Iterator[dict[str, object]]:
    for task in made.tasks:
        for row in task.rows:
            gap = row.difference
            yield {
                "task": task.card, "metric": task.metric, "student": row.student, "training": row.training,
                "instances": row.instances, "score": row.score.value, "low": row.score.low, "high": row.score.high,
                "spread": row.spread, "gap": gap and gap.value, "gap_low": gap and gap.low,
                "gap_high": gap and gap.high, "p": gap and gap.p,
            }  # fmt: skip
    for (student, training), one in made.averages.items():
        difference = one.difference
        yield {
            "task": made.name, "metric": "mean", "student": student, "training": training, "instances": None,
            "score": one.score.value, "low": one.score.low, "high": one.score.high, "spread": None,
            "gap": difference and difference.value, "gap_low": difference and difference.low,
            "gap_high": difference and difference.high, "p": None,
        }  # fmt: skip
