"""What self-correction is worth: wrong labels before and after, what it costs, and what is known of it without truth.

    python -m benchmarks.correction             # 600 instances for each row: one to two minutes
    python -m benchmarks.correction --quick     # 150

The teacher is simulated (the test server): of its instances a share `NOISE` has another label than was asked for, its
corrections err in `VOTE_NOISE`, independently of one another, and of those that are shown the label a share `SWAY`
confirms it without a look. These rates are set, not measured on a model, and a simulated vote never repeats a mistake;
so the table shows how the parts act on one another and whether the estimate is right, not how good any model is. The
true label is known from the word that the server puts into each text. What real answers show is taken from the
recordings that come with satsuma, where nobody knows the truth.

Not covered: mistakes that draws share, and outputs that are not one of a set.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import satsuma
from satsuma.recordings import recorded_cards
from satsuma.run.trust import Noise
from satsuma.settings import Options
from satsuma.testing import marker, serve

NOISE, VOTE_NOISE, SWAY, CAREFUL = 0.15, 0.15, 0.4, 0.03
SEED = 11
LABELS = ("billing", "bug")
CARD: dict[str, object] = {
    "name": "pairs",
    "task": "Route a message.",
    "inputs": {"message": "A message, one to two sentences."},
    "output": {"labels": dict.fromkeys(LABELS, "")},
}


@dataclass(frozen=True, slots=True)
class Way:
    """A way to correct. careful: by another model, which errs in `CAREFUL` of its votes."""

    name: str
    options: Options = field(default_factory=Options)
    careful: bool = False


WAYS = (
    Way("no correction", Options(without=("correction",))),
    Way("blind, 1 vote", Options(votes=1)),
    Way("blind, 3 votes", Options(votes=3)),
    Way("blind, 5 votes", Options(votes=5)),
    Way("shown, 1 vote", Options(votes=1, blind=False)),
    Way("shown, 3 votes", Options(votes=3, blind=False)),
    Way("shown, 5 votes", Options(votes=5, blind=False)),
    Way("blind, 3 votes, drop", Options(votes=3, policy="drop")),
    Way("blind, 3 votes, keep", Options(votes=3, policy="keep")),
    Way("another model, blind, 1 vote", Options(votes=1), careful=True),
    Way("another model, blind, 3 votes", Options(votes=3), careful=True),
)


@dataclass(frozen=True, slots=True)
class Measured:
    """What became of it. requests: for each instance. wrong: share of labels that the texts contradict."""

    requests: float
    wrong: float
    noise: Noise | None


def measure(way: Way, n: int) -> Measured:
    """Make n instances in this way."""
    with tempfile.TemporaryDirectory(prefix="correction-") as place, ExitStack() as servers:
        url = servers.enter_context(serve(process=True, seed=SEED, noise=NOISE, vote_noise=VOTE_NOISE, sway=SWAY)).url
        options = Options(base_url=url)
        if way.careful:
            options = _with_another(options, servers)
        run = satsuma.generate(CARD, n=n, model="test/m", out=Path(place) / "run", **(options | way.options))
        return Measured(run.state.totals.requests / n, wrong(run), run.state.noise)


def _with_another(options: Options, servers: ExitStack) -> Options:
    """With a second server for the correction, reached as another provider."""
    careful = servers.enter_context(serve(process=True, seed=SEED + 1, vote_noise=CAREFUL, sway=SWAY))
    before = os.environ.get("OLLAMA_HOST")
    os.environ["OLLAMA_HOST"] = careful.url.removesuffix("/v1")
    servers.callback(_restore, "OLLAMA_HOST", before)
    return options | Options(models={"correction": "ollama/careful"})


def _restore(name: str, value: str | None) -> None:
    if value is None:
        del os.environ[name]
    else:
        os.environ[name] = value


def wrong(run: satsuma.Run) -> float:
    """The share of the labels that differ from what the text says."""
    truth = {marker(label): label for label in LABELS}
    truth |= {marker(f"not {label}"): other for label, other in zip(LABELS, LABELS[::-1], strict=True)}
    rows = run.table().to_pylist()
    told = [next(truth[mark] for mark in truth if mark in row["message"]) for row in rows]
    return [row["label"] == label for row, label in zip(rows, told, strict=True)].count(False) / len(rows)


def table(n: int) -> Iterator[str]:
    """The lines of the table, each as soon as it is measured."""
    yield "| correction | requests an instance | wrong labels | of those without | estimated | 95% | at most |"
    yield "|---|---|---|---|---|---|---|"
    without = 0.0
    for way in WAYS:
        found = measure(way, n)
        without = without or found.wrong
        yield (
            f"| {way.name} | {found.requests:.2f} | {found.wrong:.1%} | {found.wrong / without:.0%} "
            f"| {_told(found.noise)} |"
        )


def _told(noise: Noise | None) -> str:
    if noise is None:
        return "| |"
    interval = f"{noise.low:.1%} to {noise.high:.1%}" if noise.low is not None and noise.high is not None else ""
    estimate, most = (f"{share:.1%}" if share is not None else "" for share in (noise.estimate, noise.at_most))
    return f"{estimate} | {interval} | {most}"


def recordings() -> Iterator[str]:
    """What the recorded answers show: votes, share relabelled, agreement, and what they bound."""
    yield "| recording | corrected | votes | relabelled | agreement | at most |"
    yield "|---|---|---|---|---|---|"
    for card in recorded_cards():
        with tempfile.TemporaryDirectory(prefix="correction-") as place:
            run = satsuma.demo(card, out=Path(place) / "run")
            noise, changed = run.state.noise, run.summary().changed
            given = [row["provenance"]["agreement"] for row in run.table().to_pylist()]
        if noise is None or changed is None:
            continue
        most = f"{noise.at_most:.1%}" if noise.at_most is not None else ""
        agreement = sum(given) / len(given)
        yield f"| {card} | {noise.candidates} | {noise.votes:g} | {changed:.1%} | {agreement:.2f} | {most} |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what self-correction is worth on a simulated teacher.")
    parser.add_argument("--quick", action="store_true", help="150 instances for each row")
    n = 150 if parser.parse_args().quick else 600
    print(
        f"{NOISE:.0%} of the instances and {VOTE_NOISE:.0%} of the votes err; shown a label, {SWAY:.0%} confirm it.\n"
    )
    for line in table(n):
        print(line, flush=True)
    print()
    for line in recordings():
        print(line, flush=True)


if __name__ == "__main__":
    main()
