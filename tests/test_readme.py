"""README.md says what happens: its blocks are run, and its outputs are the ones that come."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from satsuma.llm.models import BUILT_IN
from tests.sessions import ROOT, blocks, commands, normal, replayed

PAGE = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_session_is_real(tmp_path: Path) -> None:
    assert normal(replayed(PAGE, tmp_path)) == normal(PAGE)


def test_the_reader_meets_the_parts_in_order() -> None:
    assert re.findall(r"^## (.*)$", PAGE, re.MULTILINE) == [
        "Install", "A session", "The card", "The methods", "Is it good?", "What it does", "More",
    ]  # fmt: skip
    languages = [block.language for block in blocks(PAGE)]
    assert set(languages) == {"console", "python", "yaml"}


def test_the_first_command_of_a_checkout_ends_with_the_demonstration() -> None:
    assert re.findall(r"^make (\w+)", PAGE, re.MULTILINE) == ["demo", "test"]
    for target, last in (("demo", "satsuma demo"), ("test", "-m pytest")):
        command = ["make", "--no-print-directory", "--dry-run", target]
        shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        assert last in shown.stdout.splitlines()[-1]


def test_the_recorded_run_of_the_session_comes_with_the_package() -> None:
    first = commands(blocks(PAGE)[0].text)[0]
    name = first.removeprefix("satsuma demo ")
    assert (ROOT / "src" / "satsuma" / "recordings" / name / "journal.sqlite").is_file()


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_provider_is_named(name: str) -> None:
    assert f"`{name}`" in PAGE[PAGE.index("| Most models |") :]
