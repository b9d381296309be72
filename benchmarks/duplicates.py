"""The duplicate check beside a comparison with every earlier text, on natural text.

    python -m benchmarks.duplicates            # to 100,000 texts: some three minutes
    python -m benchmarks.duplicates --quick    # to 10,000

Sentences and pairs of neighbouring sentences from the public data sets in `../shared/data/sources`, no two with
the same words, in an order drawn from a seed; and passages. Time is the processor's, for all that becomes of a
candidate: words, digest, look-up, comparison and insertion. All pairs is rapidfuzz's own loop over every text that is
kept, bit-parallel, with the threshold as its bound: the fastest there is without an index. Both judge the same
candidates, `JUDGED` of them from each size on, one way after the other; as long as the check is exact, both have to
name the same earlier one. How many it finds beyond is measured beside the exact index, on every text.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import time
import tracemalloc
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from rapidfuzz import process
from rapidfuzz.distance import Indel

from benchmarks.processes import ROOT
from satsuma.llm.request import Json
from satsuma.selecting.duplicates import EXACT, NearDuplicates
from satsuma.selecting.near import NearTexts
from satsuma.selecting.rouge import words

SOURCES = ROOT.parent / "shared" / "data" / "sources"
CODE = frozenset({"humaneval"})
THRESHOLD = 0.7
JUDGED = 300
"""Candidates that both ways judge at each size."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(slots=True)
class Pairs:
    """Compares with every earlier text that is kept."""

    texts: list[str] = field(default_factory=list)
    indices: list[int] = field(default_factory=list)
    numbers: dict[str, int] = field(default_factory=dict)

    def packed(self, text: str) -> str:
        """A character for each word."""
        return "".join(chr(self.numbers.setdefault(word, len(self.numbers))) for word in words(text))

    def keep(self, text: str, index: int) -> None:
        """Remember a text that is no duplicate."""
        self.texts.append(self.packed(text))
        self.indices.append(index)

    def first(self, text: str, kept: int) -> int | None:
        """The index of the earliest near-duplicate among so many; rapidfuzz's Indel similarity is ROUGE-L."""
        bound = THRESHOLD - 1e-9
        near = process.extract_iter(
            self.packed(text), islice(self.texts, kept), scorer=Indel.normalized_similarity, score_cutoff=bound
        )
        place = next((at for _, _, at in near), None)
        return None if place is None else self.indices[place]


@dataclass(frozen=True, slots=True)
class Measured:
    """One size. texts: kept by then. mean: microseconds a candidate so far; check, pairs: from here on, both ways."""

    texts: int
    mean: float
    check: float
    pairs: float
    equal: int


def measure(texts: Sequence[str], sizes: Sequence[int]) -> Iterator[Measured]:
    """Every size that the texts are enough for."""
    check, pairs, spent, done = NearDuplicates(THRESHOLD), Pairs(), 0.0, 0
    check.first("", -1)
    for size in sizes:
        while len(pairs.texts) < size and done < len(texts):
            batch = texts[done : done + min(JUDGED, size - len(pairs.texts))]
            spent += judged(check, pairs, batch, done)[0]
            done += len(batch)
        batch = texts[done : done + JUDGED]
        if len(batch) < JUDGED:
            return
        mean = spent / done
        took, verdicts = judged(check, pairs, batch, done)
        spent, done = spent + took, done + JUDGED
        began = time.process_time()
        expected = [pairs.first(text, kept) for text, (_, kept) in zip(batch, verdicts, strict=True)]
        beside = time.process_time() - began
        equal = sum(found == other for (found, _), other in zip(verdicts, expected, strict=True))
        yield Measured(size, 1e6 * mean, 1e6 * took / JUDGED, 1e6 * beside / JUDGED, equal)


def judged(
    check: NearDuplicates, pairs: Pairs, texts: Sequence[str], first: int
) -> tuple[float, list[tuple[int | None, int]]]:
    """The seconds that it takes to judge texts; the verdict of each, and how many were kept before it."""
    began = time.process_time()
    found = [check.first(text, index) for index, text in enumerate(texts, first)]
    took = time.process_time() - began
    verdicts = []
    for index, (text, earlier) in enumerate(zip(texts, found, strict=True), first):
        verdicts.append((earlier.index if earlier else None, len(pairs.texts)))
        if earlier is None:
            pairs.keep(text, index)
    return took, verdicts


def memory(texts: Sequence[str]) -> float:
    """Bytes for each text that is kept."""
    tracemalloc.start()
    before, check = tracemalloc.get_traced_memory()[0], NearDuplicates(THRESHOLD)
    kept = sum(check.first(text, index) is None for index, text in enumerate(texts))
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    return used / kept


def recall(texts: Iterable[str]) -> tuple[int, int, int]:
    """Texts that are kept where every one is found; near-duplicates beyond `EXACT` texts; those found by shingles."""
    exact, check = NearTexts(THRESHOLD), NearTexts(THRESHOLD, EXACT)
    kept = near = found = 0
    for index, text in enumerate(texts):
        said = words(text)
        first, told = exact.first(said, index), check.first(said, index)
        if first is None:
            kept += 1
        elif kept >= EXACT:
            near += 1
            found += told is not None
    return kept, near, found


def strings(value: Json) -> Iterator[str]:
    """Every text in a row of a data set."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings(part)


def rows() -> Iterator[str]:
    """Every text of the data sets."""
    for path in sorted(SOURCES.glob("*/data.jsonl")):
        if path.parent.name not in CODE:
            with path.open(encoding="utf-8") as lines:
                for line in lines:
                    yield from strings(json.loads(line))


def sentences(least: int, most: int) -> list[str]:
    """Sentences and pairs of them of so many words."""
    found: dict[tuple[str, ...], str] = {}
    for text in rows():
        parts = _SENTENCE.split(text)
        for part in [*parts, *(" ".join(two) for two in pairwise(parts))]:
            said = tuple(words(part))
            if least <= len(said) <= most:
                found.setdefault(said, part)
    return shuffled(found.values())


def passages(least: int, most: int) -> list[str]:
    """Passages of so many words, cut from longer texts."""
    found: dict[str, None] = {}
    for text in rows():
        said = words(text)
        for start in range(0, len(said) - least + 1, most):
            found[" ".join(said[start : start + most])] = None
    return shuffled(found)


def shuffled(texts: Iterable[str]) -> list[str]:
    """The texts in an order that is always the same."""
    drawn = list(texts)
    random.Random(0).shuffle(drawn)
    return drawn


def table(name: str, texts: Sequence[str], sizes: Sequence[int]) -> Iterator[str]:
    """The lines of one kind of text, each as soon as it is measured."""
    mean = sum(len(words(text)) for text in texts) / len(texts)
    for m in measure(texts, sizes):
        yield (
            f"| {name}, {mean:.0f} words on average | {m.texts:,} | {m.check:.0f} | {m.mean:.0f} | {m.pairs:,.0f} "
            f"| {m.pairs / m.check:.1f} | {m.equal} of {JUDGED} |"
        )
    sample = texts[: min(10_000, len(texts))]
    yield f"| {name} | {len(sample):,} | {memory(sample):,.0f} bytes for each that is kept | | | | |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the duplicate check.")
    parser.add_argument("--quick", action="store_true", help="to 10,000 texts")
    options = parser.parse_args()
    if not SOURCES.is_dir():
        print(f"skipped: the public data sets are not here ({SOURCES.relative_to(ROOT.parent)})")
        return
    sizes = [1_000, 10_000] if options.quick else [1_000, 10_000, 100_000]
    print("| texts | kept | µs a candidate | on average so far | all pairs, µs | ratio | same verdict |")
    print("|---|---|---|---|---|---|---|")
    for line in table("sentences of 10 to 40", sentences(10, 40), sizes[:2]):
        print(line, flush=True)
    for line in table("sentences of 5 to 60", sentences(5, 60), sizes):
        print(line, flush=True)
    kept, near, found = recall(sentences(5, 60)[: 2 * sizes[-1]])
    print(f"| sentences of 5 to 60, by shingles | {kept:,} | {found:,} of {near:,} near-duplicates found | | | | |")
    for line in table("passages of 100 to 200", passages(100, 200), [1_000, 2_000]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
