"""docs/card.md cannot rot: its cards load and render, and its lists are the program's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from satsuma.task.consistency import METRICS
from satsuma.task.loader import examine, load_card
from satsuma.task.prompting import NAMES
from satsuma.task.sandbox import PromptEnvironment, public_filters

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "card.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CARDS = [block for block in BLOCKS if "task:" in block]


@pytest.mark.parametrize("text", CARDS, ids=[f"card {i}" for i in range(len(CARDS))])
def test_a_card_on_the_page_can_be_used(text: str, tmp_path: Path) -> None:
    path = tmp_path / "my-task.yaml"
    path.write_text(text, encoding="utf-8")
    assert [str(flaw) for flaw in examine(path).flaws] == []
    assert load_card(path).task.endswith(".")


def test_the_page_shows_every_field_of_a_card() -> None:
    shown = set(re.findall(r"^([a-z]+):", "\n".join(CARDS), re.MULTILINE))
    assert shown == set(type(load_card("copa")).model_fields)


def named(text: str) -> set[str]:
    """The words that stand in backquotes."""
    return set(re.findall(r"`([\w+-]+)`", text))


def test_the_names_of_each_prompt_are_the_ones_on_the_page() -> None:
    rows = dict(re.findall(r"^\| (every step|`\w+`).*?\| (.*) \|$", PAGE, re.MULTILINE))
    everywhere = named(rows["every step"])
    for step in ("contexts", "seeds", "instance", "correction"):
        assert named(rows[f"`{step}`"]) | everywhere == NAMES[step], step
    assert named(rows["`text`"]) == NAMES["text"] == NAMES["target"]


def test_the_filters_and_metrics_are_the_ones_on_the_page() -> None:
    listed = PAGE[PAGE.index("these\nfilters:") : PAGE.index("Macros, imports")]
    assert named(listed) == set(public_filters(PromptEnvironment()))
    measures = PAGE[PAGE.index("Metrics:") : PAGE.index("## Prompts")]
    assert named(measures) == set(METRICS)
