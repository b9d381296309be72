"""Baselines of generation: the same run as TarGEN's in all but who writes the instances."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import satsuma
import satsuma.testing
from satsuma.errors import BudgetSpent, CardError, RunError, SettingsError
from satsuma.run.run import Run
from satsuma.settings import RecipeName, Settings
from satsuma.targen.forecast import forecast_requests
from satsuma.targen.one_prompt import BATCH
from satsuma.targen.self_instruct import BLOCK
from satsuma.task.loader import load_card
from satsuma.testing import Question, Server

TICKETS: dict[str, object] = {
    "name": "tickets",
    "task": "Route a message.",
    "inputs": {"message": "a message"},
    "output": {"labels": {"billing": "about charges", "bug": "something is broken"}},
    "attributes": {"tone": {"angry": "in anger", "calm": "without anger"}},
    "examples": [{"message": f"Demonstration {n}.", "label": ("billing", "bug")[n % 2]} for n in range(8)],
}
CHOICE: dict[str, object] = {
    "name": "pick",
    "task": "Pick the cause or the effect.",
    "inputs": {"premise": "a sentence", "things": "a thing", "question": {
        "description": "which is asked", "values": {"cause": "what led to it", "effect": "what came of it"}}},
    "output": {"choice": {"field": "things", "count": [2, 4]}},
    "examples": [{"premise": "It rained.", "question": "effect", "things": ["The road was wet.", "It snowed."],
                  "label": "0"}],
}  # fmt: skip
BASELINES: tuple[RecipeName, ...] = ("self-instruct", "one-prompt")


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")


def generated(server: Server, out: Path, recipe: RecipeName, n: int = 60, **more: Any) -> Run:  # noqa: ANN401
    card = more.pop("card", TICKETS)
    return satsuma.generate(
        card, n=n, model="openai/teacher", base_url=server.url, out=out, recipe=recipe, jsonl=True, **more
    )


def words(*of: object) -> str:
    """Eight words that nothing else has."""
    return " ".join(hashlib.sha256(f"{of} {at}".encode()).hexdigest()[:6] for at in range(8))


def rows(run: Run) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run.table().to_pylist()
    return found


@pytest.mark.parametrize("card", [TICKETS, CHOICE], ids=["labels", "choice"])
@pytest.mark.parametrize("recipe", BASELINES)
def test_a_baseline_has_n_distinct_instances_and_says_so(
    recipe: RecipeName, card: dict[str, object], tmp_path: Path
) -> None:
    with satsuma.testing.serve() as server:
        run = generated(server, tmp_path / "run", recipe, card=card)
    found = rows(run)
    first = "message" if card is TICKETS else "premise"
    assert len({row[first] for row in found}) == 60
    assert {row["provenance"]["method"] for row in found} == {recipe}
    assert {(row["provenance"]["context"], row["provenance"]["seed"]) for row in found} == {("", "")}
    assert not any(row["provenance"]["attributes"] for row in found)
    assert run.state.settings["recipe"] == recipe
    assert set(run.state.counts.steps) == {"instance"}
    if card is TICKETS:
        assert Counter(row["label"] for row in found) == {"billing": 30, "bug": 30}
    else:
        assert {row["question"] for row in found} == {"cause", "effect"}
        assert {len(row["things"]) for row in found} == {2, 3, 4}
        assert len({row["label"] for row in found}) > 1


@pytest.mark.parametrize("recipe", BASELINES)
def test_a_baseline_is_the_same_at_any_concurrency_and_after_an_interruption(
    recipe: RecipeName, tmp_path: Path
) -> None:
    with satsuma.testing.serve() as server:
        one = generated(server, tmp_path / "one", recipe, concurrency=1)
        many = generated(server, tmp_path / "many", recipe, concurrency=64)
        with pytest.raises(BudgetSpent):
            generated(server, tmp_path / "cut", recipe, max_requests=len(rows(one)) // 12)
        cut = generated(server, tmp_path / "cut", recipe)
    assert rows(one) == rows(many) == rows(cut)


@pytest.mark.parametrize("recipe", BASELINES)
def test_a_baseline_of_more_contains_that_of_fewer_and_pays_for_the_rest_alone(
    recipe: RecipeName, tmp_path: Path
) -> None:
    with satsuma.testing.serve() as server:
        small = rows(generated(server, tmp_path / "run", recipe, 40))
        paid = server.counters.requests
        again = rows(generated(server, tmp_path / "run", recipe, 40))
        assert server.counters.requests == paid
        large = rows(generated(server, tmp_path / "run", recipe, 100))
        whole = rows(generated(server, tmp_path / "whole", recipe, 100))
    assert again == small
    assert large == whole
    assert [row for row in large if row["id"] in {each["id"] for each in small}] == small


def test_one_prompt_asks_for_several_of_a_label_at_once(tmp_path: Path) -> None:
    asked: list[str] = []

    def script(question: Question) -> None:
        asked.append(question.last_message)

    with satsuma.testing.serve(script=script) as server:
        run = generated(server, tmp_path / "run", "one-prompt", 32)
    assert 4 <= len(asked) <= 8
    assert all(f"Write {BATCH} instances" in text for text in asked)
    bugs = sum('has to be "bug": something is broken' in text for text in asked)
    assert abs(2 * bugs - len(asked)) <= 1  # how far ahead is looked depends on the time that answers take
    assert max(Counter(row["provenance"]["requests"][0] for row in rows(run)).values()) == BATCH


def test_what_one_prompt_gives_is_given_to_the_instance_that_it_was_given_for(tmp_path: Path) -> None:
    def script(question: Question) -> Any:  # noqa: ANN401 - JSON
        given = [line.partition("question is ")[2].split()[0] for line in question.last_message.splitlines()
                 if line.startswith("- instance ")]  # fmt: skip
        unique = question.digest
        return {"instances": [
            {"premise": f"{each} {words(unique, at)}", "correct": f"right {words(unique, at, 1)}",
             "wrong": f"wrong {words(unique, at, 2)}"} for at, each in enumerate(given)
        ]}  # fmt: skip

    card = {**CHOICE, "output": {"choice": {"field": "things", "count": 2}}}
    with satsuma.testing.serve(script=script) as server:
        found = rows(generated(server, tmp_path / "run", "one-prompt", 24, card=card))
    assert all(row["premise"].startswith(f"{row['question']} ") for row in found)
    assert Counter(row["label"] for row in found) == {0: 12, 1: 12}
    assert all(row["things"][row["label"]].startswith("right") for row in found)


def test_what_is_missing_or_wrong_in_an_answer_is_a_reject(tmp_path: Path) -> None:
    def script(question: Question) -> Any:  # noqa: ANN401 - JSON
        texts = [words(question.digest, at) for at in range(BATCH - 2)]
        return {"instances": [{"message": "short" if at == 0 else text} for at, text in enumerate(texts)]}

    card = {**TICKETS, "validators": [{"length": {"field": "message", "words": [3, 20]}}]}
    with satsuma.testing.serve(script=script) as server:
        run = generated(server, tmp_path / "run", "one-prompt", 20, card=card)
    assert len(rows(run)) == 20
    reasons = " ".join(run.state.counts.rejects["instance"])
    assert "the model gave … of … instances" in reasons
    assert "message" in reasons


def test_self_instruct_shows_demonstrations_and_what_it_wrote_before(tmp_path: Path) -> None:
    asked: list[tuple[str, list[str]]] = []

    def script(question: Question) -> dict[str, str]:
        shown = question.last_message.split("Write one more instance")[0]
        text = f"Written {words(question.digest)}"
        asked.append((text, [line.removeprefix("message: ") for line in shown.splitlines() if "message: " in line]))
        return {"message": text}

    with satsuma.testing.serve(script=script) as server:
        run = generated(server, tmp_path / "run", "self-instruct", 100, concurrency=1)
    seen = dict(asked)
    index = {row["message"]: int(row["id"].split()[-1]) for row in rows(run)}
    own = {text: [one for one in seen[text] if one.startswith("Written")] for text in index}
    for text, grown in own.items():
        assert sum(one.startswith("Demonstration") for one in seen[text]) == 6
        assert (len(grown) > 0) is (index[text] >= BLOCK)
        assert len(grown) <= 2
        assert all(index[one] < index[text] - index[text] % BLOCK for one in grown if one in index)
    assert len({tuple(seen[text]) for text in index}) > 60


def test_what_a_baseline_cannot_do_is_told(tmp_path: Path) -> None:
    bare = {name: value for name, value in TICKETS.items() if name != "examples"}
    how: dict[str, Any] = {"n": 4, "model": "openai/teacher", "out": tmp_path / "run"}
    with pytest.raises(CardError, match="grows from demonstrations, and the card has no examples") as lacking:
        satsuma.generate(bare, recipe="self-instruct", **how)
    assert "one-prompt" in lacking.value.hint
    with pytest.raises(SettingsError, match="the recipe one-prompt has no parts"):
        satsuma.generate(TICKETS, recipe="one-prompt", part="1/2", **how)
    with pytest.raises(SettingsError, match="votes is given, but the correction is left out"):
        satsuma.generate(TICKETS, recipe="one-prompt", votes=3, **how)
    with pytest.raises(SettingsError, match="there is no recipe 'evolve'"):
        satsuma.generate(TICKETS, recipe="evolve", **how)  # type: ignore[arg-type]
    with pytest.raises(SettingsError, match="a run of the recipe one-prompt cannot be estimated"):
        forecast_requests(load_card(TICKETS), Settings(n=4, model="openai/teacher", recipe="one-prompt"))
    assert not (tmp_path / "run").exists()


def test_a_recipe_makes_another_run_and_targen_is_no_setting_of_one(tmp_path: Path) -> None:
    with satsuma.testing.serve() as server:
        run = generated(server, tmp_path / "run", "targen", 8)
        assert "recipe" not in json.loads((run.path / "run.json").read_text())["settings"]
        with pytest.raises(RunError, match='recipe: not given → "one-prompt"'):
            generated(server, tmp_path / "run", "one-prompt", 8)
