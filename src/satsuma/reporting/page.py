"""A report as one HTML page that needs nothing beside it and runs nothing but its own program.

The page is a template in which every text is escaped, one style sheet and one program, both let in by their hash: the
policy in the page's head allows no other script, style, image or connection. Data for the program lies in elements
that no browser runs, as base64 (`satsuma.reporting.packing`) or as JSON without `<`; the program writes text with
`textContent` alone. Without scripts, everything but the map, the table and the lineages is there.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shlex
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from satsuma import __version__
from satsuma.measures.mapping import Map
from satsuma.measures.rendering import headline_rows
from satsuma.reporting.instances import safe
from satsuma.reporting.packing import Packed, pack
from satsuma.reporting.sections import sections

if TYPE_CHECKING:
    import jinja2

    from satsuma.llm.request import Json
    from satsuma.reporting.making import Report

PROGRAM = ("data", "dom", "theme", "dialog", "table", "map", "start")
"""The parts of the page's program, in order."""


def page(report: Report) -> str:
    """The page of a report."""
    packed = pack(report.instances, report.whole, report.asked)
    style, program = _style(), _program()
    return _template().render(
        report=report,
        analysis=report.analysis,
        title=_title(report),
        names=list(report.titles),
        headlines=headline_rows(report.analysis),
        data=island(_small(report, packed)),
        packed=packed,
        notes=_notes(report, packed),
        style=style,
        program=program,
        policy=policy(style, program),
        version=__version__,
        **sections(report),
    )


def island(value: Json) -> str:
    """JSON that stands inside an element: nothing in it begins or ends one."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def policy(style: str, program: str) -> str:
    """The content security policy: this style, this program and nothing else."""
    parts = {
        "default-src": "'none'",
        "script-src": _hash(program),
        "style-src": _hash(style),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in parts.items())


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _title(report: Report) -> str:
    return " and ".join(report.titles[:2]) if report.kind == "comparison" else report.titles[0]


def _small(report: Report, packed: Packed) -> Json:
    """What the program needs beside the instances: the map by place of the instance, and what to call things."""
    places = {(one.dataset, one.id): place for place, one in reversed(list(enumerate(report.instances)))}
    mapped = report.analysis.measures.get("map")
    points: list[Json] = []
    if isinstance(mapped, Map):
        found = ((places.get((point.source, safe(point.id))), point) for point in mapped.points)
        points = [[place, round(point.x, 4), round(point.y, 4)] for place, point in found if place is not None]
    runs = {str(number): shlex.quote(safe(report.names[number])) for number in report.records}
    return {"datasets": list(report.titles), "runs": dict(runs), "points": points, "cut": packed.cut}


def _notes(report: Report, packed: Packed) -> list[str]:
    """What the page does not have, and why."""
    analysis, notes = report.analysis, [*report.analysis.notes, *report.notes]
    own = sum(not one.dataset for one in report.instances)
    if own < analysis.instances:
        notes.append(f"The table has a sample of {own:,} of the {analysis.instances:,} instances.")
    with_lineage = sum(bool(one.origin and one.origin.requests) for one in report.instances)
    if packed.whole < with_lineage:
        told = f"{packed.whole:,} of {with_lineage:,} instances have their prompts and replies here"
        notes.append(f"{told}; `satsuma show` has those of any.")
    if any(len(value) > packed.cut for one in report.instances for value in one.fields.values()):
        notes.append(f"Texts of more than {packed.cut:,} characters are cut.")
    return [safe(note) for note in notes]


def _read(name: str) -> str:
    return resources.files("satsuma.reporting").joinpath("page", name).read_text("utf-8")


@cache
def _style() -> str:
    return _read("report.css")


@cache
def _program() -> str:
    parts = "\n".join(_read(f"{name}.js") for name in PROGRAM)
    return f'(() => {{\n"use strict";\n{parts}}})();\n'


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"safe_text": safe, "number": lambda value: f"{value:,}"}
    return environment.from_string(_read("report.html.jinja"))
