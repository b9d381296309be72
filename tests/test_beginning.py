"""Candidates that are recalled all at once leave a selection and a dataset where judging them one by one would."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from satsuma.beginning import Beginning, Receivers
from satsuma.checkpoint_file import Appended, Block, block_at, blocks
from satsuma.errors import Exhausted
from satsuma.selecting.duplicates import Earlier
from satsuma.selecting.outcomes import NOTHING, line_of, line_of_settled, settled_of
from satsuma.selecting.selection import BARREN, Outcome, Selection, Settled, Tally
from satsuma.selecting.shares import LAG
from satsuma.task.instance import Instance, Provenance, Reject
from satsuma.task.written import Written

WEIGHTS = {"a": 3, "b": 2, "c": 1}
IDENTITY = b"whose it is\n"
BLOCK = 16


class Said:
    """Knows which texts are duplicates."""

    def first(self, text: str, index: int, own: str = "") -> Earlier | None:  # noqa: ARG002
        return Earlier(int(text.split()[1]), "again: it is known") if text.startswith("again") else None


class Kept:
    """Where rows, rejects and texts go: notes them."""

    def __init__(self) -> None:
        self.items: list[tuple[str, str]] = []
        self.texts: list[tuple[str, int, str]] = []

    def accept(self, item: Instance | Written) -> bytes:
        row = item.row if isinstance(item, Written) else row_of(item)
        self.items.append(("row", row.decode()))
        return row

    def reject(self, reject: Reject) -> None:
        self.items.append((reject.step, f"{reject.index}: {reject.reason}"))

    def remember(self, text: str, index: int, own: str = "") -> None:
        self.texts.append((text, index, own))


def row_of(instance: Instance) -> bytes:
    return b'{"id":"%d"}\n' % instance.index


def outcome(index: int, asked: str, labels: str = "abc") -> Outcome:
    """What becomes of a candidate: its own, whoever asks."""
    chance = random.Random(index)
    if chance.random() < 0.1:
        return Outcome(asked, reject=Reject("r", index, "instance", "too short: 3 words", asked))
    label = asked if chance.random() < 0.8 else chance.choice(labels)
    notes = (Reject("n", index, "seeds", "no seed", asked),) if chance.random() < 0.05 else ()
    content = f"again {index - 1}" if chance.random() < 0.05 else f"text {index}"
    found = Instance(f"i {index}", index, {"x": "y"}, label, "", "", Provenance("targen", asked=asked))
    return Outcome(asked, found, label, content, "own", None, notes, (asked, label))


class Run:
    """Candidates judged one by one, each asked for `ahead` before it is judged; what is kept of them lies in a file."""

    def __init__(self, selection: Selection, path: Path, ahead: int) -> None:
        self.selection, self.kept, self.asked = selection, Kept(), list[str]()
        self._file, self._ahead = Appended(path), ahead

    def judge(self, first: int, after: int) -> None:
        for index in range(first, after):
            while len(self.asked) < index - first + self._ahead:
                self.asked.append(self.selection.ask())
            self._judge(index, outcome(index, self.asked[index - first], "".join(self.selection.share)))
            if self.selection.complete:
                break
        self._file.pack()
        self._file.write(IDENTITY)
        self._file.close()

    def _judge(self, index: int, made: Outcome) -> None:
        row = b""
        for item in self.selection.judge(index, made):
            if isinstance(item, Instance):
                row = self.kept.accept(item)
            elif isinstance(item, Reject):
                self.kept.reject(item)
        again = Said().first(made.content, index) if made.instance else None
        if again is None and made.instance is not None:
            self.kept.remember(made.content, index, made.own)
        assert self.selection.settled is not None
        self._file.add(line_of_settled(self.selection.settled), line_of(made, again, row), BLOCK)


def recalled(path: Path, selection: Selection) -> tuple[Beginning, Kept, list[bytes]]:
    """The beginning that a file has for a selection, handed on."""

    def at(start: int) -> Block:
        return block_at(path, start)

    found = Beginning.of(blocks(path, IDENTITY), selection.share)
    assert found is not None
    selection.go_on(found.tally, found.last)
    kept = Kept()
    to = Receivers(kept, kept)
    for _ in found.handing_on(at, to):
        pass
    assert found.is_all_in(to)
    behind = [line for block in blocks(path, IDENTITY, found.end) for line in block.known()]
    return found, kept, behind


@pytest.mark.parametrize("judged", [BLOCK, LAG - BLOCK, LAG + 3 * BLOCK, 3 * LAG])
@pytest.mark.parametrize("ahead", [1, 300, LAG])
def test_what_follows_is_asked_and_judged_the_same(judged: int, ahead: int, tmp_path: Path) -> None:
    one = Run(Selection(10 * LAG, WEIGHTS, 5, Said()), tmp_path / "file", ahead)
    one.judge(0, judged)
    other = Run(Selection(10 * LAG, WEIGHTS, 5, Said()), tmp_path / "other", 1)
    _, kept, behind = recalled(tmp_path / "file", other.selection)
    assert not behind
    assert (kept.items, kept.texts) == (one.kept.items, one.kept.texts)
    assert other.selection.tally == one.selection.tally
    assert other.selection.window() == one.selection.window()
    whole = Run(Selection(10 * LAG, WEIGHTS, 5, Said()), tmp_path / "whole", 1)
    whole.judge(0, judged + 2 * LAG)
    other.judge(judged, judged + 2 * LAG)
    assert other.asked == whole.asked[judged:]
    assert kept.items + other.kept.items == whole.kept.items
    assert other.selection.tally == whole.selection.tally


@pytest.mark.parametrize("n", [7, 100, 400, 1000])
def test_for_another_n_it_ends_before_what_would_be_judged_otherwise(n: int, tmp_path: Path) -> None:
    one = Run(Selection(400, WEIGHTS, 5, Said()), tmp_path / "file", 1)
    one.judge(0, 10_000)
    assert one.selection.complete
    whole = Run(Selection(n, WEIGHTS, 5, Said()), tmp_path / "whole", 1)
    whole.judge(0, 10_000)
    selection = Selection(n, WEIGHTS, 5, Said())
    if n < BLOCK / 2:
        assert Beginning.of(blocks(tmp_path / "file", IDENTITY), selection.share) is None
        return
    found, kept, _ = recalled(tmp_path / "file", selection)
    again = Run(selection, tmp_path / "again", 1)
    again.judge(found.tally.judged, 10_000)
    assert kept.items + again.kept.items == whole.kept.items
    assert again.selection.tally == whole.selection.tally


def test_a_run_that_was_complete_is_complete_at_once(tmp_path: Path) -> None:
    """Nothing was rejected for want of room: one label."""
    one = Run(Selection(40, {"a": 1}, 5, Said()), tmp_path / "file", 1)
    one.judge(0, 10_000)
    selection = Selection(40, {"a": 1}, 5, Said())
    _, kept, behind = recalled(tmp_path / "file", selection)
    assert selection.complete
    assert not behind
    assert kept.items == one.kept.items


def test_streaks_of_fruitless_candidates_go_on() -> None:
    selection = Selection(10, WEIGHTS, 5, Said())
    valid = Settled("a", "a", True)
    fruitless = Settled("a", None, False, (("instance", "why"),))
    tally = Tally()
    for settled in (settled_ := [valid] + [fruitless] * (BARREN - 1)):
        tally.count(settled)
    selection.go_on(tally, settled_)
    with pytest.raises(Exhausted, match="in a row gave nothing valid"):
        list(selection.judge(BARREN, Outcome("a", reject=Reject("r", BARREN, "instance", "why"))))


def test_it_ends_before_a_block_with_a_candidate_that_has_no_line(tmp_path: Path) -> None:
    file = Appended(tmp_path / "file")
    settled = line_of_settled(Settled("a", None, False, (("instance", "why"),)))
    for counted in (settled, settled, settled, NOTHING, settled):
        file.add(counted, line_of(Outcome("a", reject=Reject("r", 0, "instance", "why")), None), 2)
    file.pack()
    file.write(IDENTITY)
    file.close()
    found = Beginning.of(blocks(tmp_path / "file", IDENTITY), {"a": 5})
    assert found is not None
    assert found.tally.judged == 2


def every(path: Path) -> Iterator[int]:
    yield from (len(block.known()) for block in blocks(path, IDENTITY))


def test_a_file_that_is_torn_or_changed_anywhere_has_the_blocks_before(tmp_path: Path) -> None:
    path = tmp_path / "file"
    Run(Selection(60, WEIGHTS, 5, Said()), path, 1).judge(0, 1000)
    whole, ends = path.read_bytes(), [block.end for block in blocks(path, IDENTITY)]
    assert len(ends) > 3
    for at in range(0, len(whole), 37):
        intact = sum(end <= at for end in ends) if at >= len(IDENTITY) else 0
        for damaged in (whole[:at], whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]):
            path.write_bytes(damaged)
            assert len([*every(path)]) == intact


def test_what_is_counted_comes_back_as_it_was() -> None:
    made = outcome(3, "a")
    selection = Selection(5, WEIGHTS, 5, Said())
    list(selection.judge(0, made))
    assert selection.settled is not None
    assert settled_of(line_of_settled(selection.settled)) == selection.settled
    assert line_of_settled(selection.settled._replace(asked="\ud800")) == NOTHING
    assert settled_of(NOTHING) is None
