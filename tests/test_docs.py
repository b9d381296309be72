"""The pages say what is there: sessions are run, links lead somewhere, and lists are the program's."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from satsuma import errors
from satsuma.run.columns import PROVENANCE, REJECTS
from satsuma.run.state import Counts, RunState, StateName, Totals
from satsuma.selecting.selection import BARREN, STARVED
from satsuma.selecting.shares import LAG
from satsuma.task.card_steps import Contexts, Seed
from tests.sessions import ROOT, blocks, normal, replayed

PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]
}
WITH_SESSIONS = [
    n for n, page in PAGES.items() if n != "README.md" and any(b.language == "console" for b in blocks(page))
]
RUN, METHOD, CONTRIBUTING = PAGES["docs/run.md"], PAGES["docs/method.md"], PAGES["CONTRIBUTING.md"]


@pytest.mark.parametrize("name", WITH_SESSIONS)
def test_every_session_is_real(name: str, tmp_path: Path) -> None:
    assert normal(replayed(PAGES[name], tmp_path)) == normal(PAGES[name])


def anchors(page: str) -> set[str]:
    """What the headings of a page can be linked by."""
    headings = re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", sorted(PAGES))
def test_every_link_inside_the_project_leads_somewhere(name: str) -> None:
    text = re.sub(r"^```.*?^```$", "", PAGES[name], flags=re.DOTALL | re.MULTILINE)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        place = ((ROOT / name).parent / path).resolve() if path else ROOT / name
        assert place.exists(), target
        assert not anchor or anchor in anchors(place.read_text("utf-8")), target


def first_column(page: str) -> set[str]:
    """What stands in backquotes in the first column of the tables."""
    return set(re.findall(r"`([^`]+)`", " ".join(re.findall(r"^\| (.*?) \|", page, re.MULTILINE))))


def named(text: str) -> set[str]:
    """What stands in backquotes."""
    return set(re.findall(r"`([^`\n]+)`", text))


def test_the_page_of_the_run_has_every_field_of_run_json() -> None:
    told = RUN[RUN.index("## run.json") : RUN.index("## The journal")]
    assert first_column(told) == set(RunState.model_fields)
    for name, part in (("totals", Totals), ("counts", Counts)):
        row = re.search(rf"^\| `{name}` \| (.*) \|$", told, re.MULTILINE)
        assert row is not None
        assert named(row[1]) == set(part.model_fields)


def test_the_page_of_the_run_has_every_column() -> None:
    told = RUN[RUN.index("| in `provenance`") : RUN.index("A dropped candidate")]
    assert first_column(told) - {"provenance"} == {field.name for field in PROVENANCE}
    rejects = RUN[RUN.index("A dropped candidate") : RUN.index("| `step` |")]
    assert set(REJECTS.names) <= named(rejects)


def test_the_page_of_the_method_has_every_way_in_which_a_run_ends() -> None:
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \|", METHOD, re.MULTILINE)
    kinds = [errors.SatsumaError, errors.BudgetSpent, errors.Waiting, errors.Exhausted, errors.Interrupted]
    assert {code for code, _ in rows} == {"0", "1", *(str(kind.exit_code) for kind in kinds)}
    assert sorted(state for _, state in rows) == sorted(get_args(StateName))
    assert dict(map(reversed, rows))["stopped"] == str(errors.Stopped.exit_code)


def test_the_page_of_the_method_has_the_numbers_of_the_program() -> None:
    for number in (BARREN, STARVED, LAG):
        assert f"{number:,}" in METHOD
    assert f"{Contexts().per_block} broad settings (`contexts.per_block`)" in METHOD
    assert f"{Seed().per_context} pieces of material (`seed.per_context`)" in METHOD


def tree() -> dict[str, str]:
    """Path → what CONTRIBUTING.md says about it, from the lines of its annotated tree."""
    (drawn,) = re.findall(r"^```\n(src/satsuma/\n.*?)^```$", CONTRIBUTING, re.DOTALL | re.MULTILINE)
    above: list[str] = []
    found = {}
    for line in drawn.splitlines():
        indent, names, about = re.fullmatch(r"( *)((?:\S+, )*\S+)(?: +(.*))?", line).groups()  # type: ignore[union-attr]
        del above[len(indent) // 2 :]
        for name in names.split(", "):
            found["".join([*above, name])] = about or ""
        if names.endswith("/"):
            above.append(names)
    return found


def test_every_place_in_the_tree_is_there_and_says_what_it_is() -> None:
    for place, about in tree().items():
        assert list(ROOT.glob(place.rstrip("/"))), place
        assert about or place == "src/satsuma/", place


def test_every_module_and_folder_is_in_the_tree() -> None:
    there = {p for pattern in tree() for p in ROOT.glob(pattern.rstrip("/"))}
    package = ROOT / "src" / "satsuma"
    modules = {p for p in package.rglob("*.py") if p.name != "__init__.py"}
    folders = {p.parent for p in [*package.rglob("*.py"), *package.glob("*/*.yaml"), *package.glob("*/*.jinja")]}
    assert not {p.relative_to(ROOT).as_posix() for p in (modules | folders) - there}


def test_every_make_target_of_contributing_exists() -> None:
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named_here = set(re.findall(r"\bmake (\w+)", " ".join(re.findall(r"`[^`\n]+`", CONTRIBUTING))))
    blocks_here = set(re.findall(r"^make (\w+)", CONTRIBUTING, re.MULTILINE))
    assert named_here | blocks_here
    assert named_here | blocks_here <= targets
