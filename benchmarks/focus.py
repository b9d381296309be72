"""Whether a budget that goes where a student is weak teaches more than the same budget spent evenly.

    python -m benchmarks.focus            eight rounds: some ten minutes
    python -m benchmarks.focus --quick    two rounds

The teacher is simulated: it writes short reviews of things, in five manners that are not equally hard for a linear head
on MiniLM's embeddings. A round is: a first run of 100 instances, a student of it, its predictions on 100 others (the
dev set), then 100 more, once with `--focus` on those predictions and once evenly, and a student of both runs. All are
measured on the same 1,000 instances (but for those few that a student has seen), which have all manners and both labels
equally often. The last student has the even instances and learns from the dev set, too: what those rows are worth where
nobody focuses with them. The regularization of the head is the same for all: chosen on the 15 to 45 rows that would be
left for it, it moves the accuracy by up to ten points, which is more than what is to be seen.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import satsuma
from satsuma.llm.request import Json
from satsuma.testing import serve
from satsuma.testing.question import Question
from satsuma.testing.words import Draw

ROUNDS, FIRST, MORE, DEV, TEST = 8, 100, 100, 100, 1000
GOOD = "sturdy reliable lovely brilliant superb handy clever charming excellent pleasant".split()  # noqa: SIM905
BAD = "flimsy useless ugly dreadful awful clumsy stupid annoying terrible unpleasant".split()  # noqa: SIM905
_THINGS = """
kettle lamp chair tent radio pen bicycle blanket toaster camera drill suitcase jacket clock mirror rug ladder scarf
printer guitar heater backpack sofa knife microwave helmet keyboard umbrella
"""
THINGS = _THINGS.split()
PEOPLE = [
    *("my sister", "my neighbour", "our teacher", "a colleague", "my uncle", "the whole team", "our guest", "my boss"),
    *("the landlord", "a friend", "my daughter", "the coach"),
]
DAYS = "on Monday, last week, in spring, on holiday, after work, this morning, yesterday".split(", ")  # noqa: SIM905
MANNERS: dict[str, dict[str, Sequence[str]]] = {
    "in plain words": {
        "good": ["The {thing} is {good}; I noticed it {day}.", "A {good} {thing}, and {good2} too, says {who}."],
        "bad": ["The {thing} is {bad}; I noticed it {day}.", "A {bad} {thing}, and {bad2} too, says {who}."],
    },
    "by denying": {
        "good": ["Nobody could call this {thing} {bad}, not even {who}.", "{day}, the {thing} was not {bad} at all."],
        "bad": ["Nobody could call this {thing} {good}, not even {who}.", "{day}, the {thing} was not {good} at all."],
    },
    "by comparing": {
        "good": ["{who} would take this {thing} over the old one {day}.", "{who} bought a worse {thing} {day}."],
        "bad": ["{who} would take the old one over this {thing} {day}.", "{who} bought a better {thing} {day}."],
    },
    "by what followed": {
        "good": ["We bought a second {thing} for {who} {day}.", "{who} asked {day} where I had found the {thing}."],
        "bad": ["{who} took the {thing} back to the shop {day}.", "{who} threw the {thing} away {day}."],
    },
    "by irony": {
        "good": [
            "What a tragedy, {who} wants a {thing} like mine {day}.",
            "Oh no, {who} is in love with my {thing} {day}.",
        ],
        "bad": [
            "Wonderful, {who} saw the {thing} break {day}.",
            "Thank you so much, {who} laughed at my {thing} {day}.",
        ],
    },
}
CARD: dict[str, object] = {
    "name": "reviews",
    "task": "Tell whether the writer likes the thing.",
    "inputs": {"review": "a short review of a thing"},
    "output": {"labels": {"good": "the writer likes it", "bad": "the writer does not"}},
    "attributes": {"said": {name: f"the writer says it {name}" for name in MANNERS}},
    "duplicates": {"threshold": 1},
}


def teacher(question: Question) -> Mapping[str, Json]:
    """A review with the label and in the manner that the question asks for."""
    draw = Draw("focus", question.digest)
    manner = next(name for name in MANNERS if f"says it {name}" in question.last_message)
    form = draw.pick(MANNERS[manner][question.label])
    text = form.format(
        thing=draw.pick(THINGS), who=draw.pick(PEOPLE), day=draw.pick(DAYS),
        good=draw.pick(GOOD), good2=draw.pick(GOOD), bad=draw.pick(BAD), bad2=draw.pick(BAD),
    )  # fmt: skip
    return {"review": text[0].upper() + text[1:]}


def generated(url: str, out: Path, n: int, seed: int, focus: Path | None = None) -> Path:
    """A run of n instances from nothing but the card."""
    satsuma.generate(
        CARD, n=n, model="openai/test", base_url=url, out=out, seed=seed, focus=focus,
        without=("contexts", "seeds", "correction"),
    )  # fmt: skip
    return out


def score(student: Path, data: Sequence[Path], test: Path, seed: int) -> tuple[float, float]:
    """Accuracy on the test set, and on the manner that it is worst on, of a student of these runs."""
    satsuma.train(list(data), out=student, card=CARD, frozen=True, dev=0, seed=seed)
    found = satsuma.evaluate(student, test, overlap="drop", out=student / "test")
    return found.score.value, min(by_manner(found.predictions).values())


def by_manner(predictions: Path) -> dict[str, float]:
    """Accuracy by manner."""
    import pyarrow.parquet as pq

    every, right = Counter[str](), Counter[str]()
    for row in pq.read_table(predictions).to_pylist():
        for one in row["varied"]:
            every[one["value"]] += 1
            right[one["value"]] += row["right"]
    return {name: right[name] / count for name, count in every.items()}


def played(url: str, place: Path, number: int, test: Path) -> dict[str, tuple[float, float]]:
    """One round: the scores of the first student, and of those that had more."""
    seed = 10 * number
    first = generated(url, place / "first", FIRST, seed + 1)
    dev = generated(url, place / "dev", DEV, seed + 2)
    found = {"100 at first": score(place / "s", [first], test, number)}
    satsuma.evaluate(place / "s", dev, overlap="drop")
    even = generated(url, place / "even", MORE, seed + 3)
    focused = generated(url, place / "focused", MORE, seed + 3, place / "s")
    found["100 more, evenly"] = score(place / "s-even", [first, even], test, number)
    found["100 more, focused"] = score(place / "s-focused", [first, focused], test, number)
    found["100 more, evenly, and the dev set"] = score(place / "s-dev", [first, even, dev], test, number)
    told = "; ".join(f"{name} {100 * one:.1f}" for name, (one, _) in found.items())
    print(f"round {number + 1}: {told}", flush=True)
    return found


def table(rounds: Sequence[dict[str, tuple[float, float]]]) -> list[str]:
    """The lines of the table: means over the rounds, and differences to the even budget in pairs."""
    lines = ["| | accuracy | on its worst manner | difference to the even budget |", "|---|---|---|---|"]
    for name in rounds[0]:
        gaps = [100 * (one[name][0] - one["100 more, evenly"][0]) for one in rounds]
        half = 0.0
        with suppress(statistics.StatisticsError):
            half = student_t(len(gaps)) * statistics.stdev(gaps) / math.sqrt(len(gaps))
        middle = statistics.mean(gaps)
        told = "" if name == "100 more, evenly" else f"{middle:+.1f} ({middle - half:+.1f} to {middle + half:+.1f})"
        means = [100 * statistics.mean(one[name][at] for one in rounds) for at in (0, 1)]
        lines.append(f"| {name} | {means[0]:.1f} | {means[1]:.1f} | {told} |")
    return lines


def student_t(cases: int) -> float:
    """The 97.5% point of Student's t for the mean of so many cases."""
    from scipy.stats import t

    return float(t.ppf(0.975, cases - 1))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what focusing on a student's weak points is worth.")
    parser.add_argument("--quick", action="store_true", help="two rounds")
    rounds = 2 if parser.parse_args().quick else ROUNDS
    os.environ.setdefault("OPENAI_API_KEY", "none")
    with tempfile.TemporaryDirectory(prefix="focus-") as folder, serve(script=teacher) as server:
        test = generated(server.url, Path(folder) / "test", TEST, 9999)
        found = [played(server.url, Path(folder) / str(number), number, test) for number in range(rounds)]
    print("\n".join(table(found)))


if __name__ == "__main__":
    main()
