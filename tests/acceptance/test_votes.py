"""The noise that votes show, in a whole run: the interval holds the share of labels that the text contradicts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import pytest

import satsuma
import satsuma.testing
from satsuma.cli.summary import print_run
from satsuma.testing import words

if TYPE_CHECKING:
    from satsuma.settings import Options, Policy

LABELS = ("billing", "bug")
CARD: dict[str, object] = {
    "name": "pairs",
    "task": "Route a message.",
    "inputs": {"message": "A message, one sentence."},
    "output": {"labels": dict.fromkeys(LABELS, "")},
}
FREE: dict[str, object] = {**CARD, "output": {"name": "summary", "text": "what the message is about, in a few words"}}
TRUTH = {words.marker(label): label for label in LABELS} | {
    words.marker(f"not {label}"): other for label, other in zip(LABELS, LABELS[::-1], strict=True)
}
"""What the word that the simulated model puts into a text says of it: its label, or that it is not the asked one."""
pytestmark = pytest.mark.usefixtures("shell")


def made(n: int, card: dict[str, object] = CARD, **options: Unpack[Options]) -> satsuma.Run:
    with satsuma.testing.serve(seed=20, noise=0.15, vote_noise=0.15) as server:
        return satsuma.generate(card, n=n, model="test/m", out="run", **(options | {"base_url": server.url}))


def truly_wrong(run: satsuma.Run) -> float:
    """The share of labels that the markers in the texts contradict."""
    rows = run.table().to_pylist()
    truths = [TRUTH[words.markers(row["message"])[-1][0]] for row in rows]
    return [truth == row["label"] for truth, row in zip(truths, rows, strict=True)].count(False) / len(rows)


@pytest.mark.parametrize("policy", ["relabel", "drop", "keep"])
@pytest.mark.parametrize("votes", [2, 3, 5])
def test_the_interval_holds_the_share_of_wrong_labels(policy: Policy, votes: int) -> None:
    run = made(200, policy=policy, votes=votes)
    wrong, noise = truly_wrong(run), run.state.noise
    assert noise is not None
    assert noise.method == "dawid-skene"
    assert noise.low is not None
    assert noise.high is not None
    assert noise.low - 1e-6 <= wrong <= noise.high + 1e-6
    assert noise.high - noise.low < 0.2
    assert noise.at_most is not None
    assert wrong <= noise.at_most


def test_it_is_shown_in_the_summary_and_in_the_dataset_card(capsys: pytest.CaptureFixture[str]) -> None:
    run = made(60, votes=3)
    noise = run.state.noise
    assert noise is not None
    assert noise.estimate is not None
    assert noise.at_most is not None
    told = (
        f"{noise.estimate:.1%} of the labels are wrong by what the votes say (95%: {noise.low:.1%} to {noise.high:.1%})"
    )
    assert run.summary().noise.startswith(told)
    assert f"at most {noise.at_most:.1%}" in run.summary().noise
    print_run(run)
    assert told in " ".join(capsys.readouterr().out.split())
    written = (run.path / "README.md").read_text("utf-8").replace("\\", "")
    assert f"{noise.estimate:.1%} of the labels are wrong" in written


def test_one_vote_gives_a_bound_alone() -> None:
    run = made(60, votes=1)
    noise = run.state.noise
    assert noise is not None
    assert (noise.method, noise.estimate) == ("bound", None)
    assert run.summary().noise.startswith(f"At most {noise.at_most:.1%} of the labels are wrong, if the corrector")


def test_one_vote_of_a_corrector_that_saw_the_label_says_nothing() -> None:
    run = made(20, votes=1, blind=False)
    assert run.state.noise is not None
    assert run.state.noise.method == "none"
    assert run.summary().noise == "The votes do not tell how many labels are wrong."


def test_whoever_judges_a_free_text_has_seen_it() -> None:
    noise = made(30, FREE, votes=2).state.noise
    assert noise is not None
    assert (noise.method, noise.at_most) == ("none", None)


def test_without_correction_there_is_nothing_to_say() -> None:
    run = made(10, without=("correction",))
    assert run.state.noise is None
    assert run.summary().noise == ""
