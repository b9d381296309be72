"""How fast the measurements are, beside the programs that the papers used, on the same texts in one run.

    python -m benchmarks.analysis                # minutes: self-BLEU, ROUGE-L uniqueness, cosines
    python -m benchmarks.analysis large          # 100,000 texts: the nearest neighbour of each, and the recall
    python -m benchmarks.analysis memory [N]     # `satsuma analyze` of a million rows: the peak of its memory

nltk and rouge-score would take hours or days for all of it. They are measured on a part, which is named, and their time
for all is that part's, multiplied: each text costs nltk the same work against all others, and each pair costs
rouge-score the same. Values are compared on that part. CPU seconds, since the machines are noisy.

Texts have 40 words: half of them of one of 500 topics, half of a vocabulary of 20,000 words with Zipf's frequencies;
one in twenty is a copy of an earlier text with a few words changed.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path
from typing import TypeVar

import numpy as np
import orjson
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rapidfuzz.distance import LCSseq
from rapidfuzz.process import cdist
from rouge_score.rouge_scorer import RougeScorer

from benchmarks import processes
from satsuma.measures.cosine import cosines
from satsuma.measures.nearest import nearest
from satsuma.measures.self_bleu import self_bleu_scores
from satsuma.selecting.rouge import words

T = TypeVar("T")
WORDS = 40
VOCABULARY = 20_000
TOPICS = 500
OF_A_TOPIC = 60
COPIES = 0.05
CHANGED = 4


def texts(count: int, seed: int = 0) -> list[str]:
    """Texts of 40 words."""
    chance = random.Random(seed)
    names = [f"{'bcdfghklmn'[i % 10]}{'aeiou'[i // 10 % 5]}{i}" for i in range(VOCABULARY)]
    frequencies = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    topics = [chance.sample(names, OF_A_TOPIC) for _ in range(TOPICS)]
    made: list[list[str]] = []
    for _ in range(count):
        if made and chance.random() < COPIES:
            text = list(chance.choice(made))
            for at in chance.sample(range(WORDS), CHANGED):
                text[at] = chance.choice(names)
        else:
            topic = chance.choice(topics)
            common = chance.choices(names, cum_weights=frequencies, k=WORDS)
            text = [word if chance.random() < 0.5 else chance.choice(topic) for word in common]
        made.append(text)
    return [" ".join(text) for text in made]


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What some work gives, and the CPU seconds that it took."""
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def bleu(count: int = 3_000, part: int = 3) -> None:
    """Self-BLEU 1 to 5."""
    tokenized = [text.split() for text in texts(count)]
    ours, seconds = timed(lambda: self_bleu_scores(tokenized))
    smoothing = SmoothingFunction().method1
    weights = [(1.0,), (1 / 2,) * 2, (1 / 3,) * 3, (1 / 4,) * 4, (1 / 5,) * 5]

    def reference(at: int) -> list[float]:
        others = tokenized[:at] + tokenized[at + 1 :]
        return [sentence_bleu(others, tokenized[at], weights=w, smoothing_function=smoothing) for w in weights]

    theirs, for_part = timed(lambda: [reference(at) for at in range(part)])
    apart = max(abs(a - b) for one, two in zip(ours, theirs, strict=False) for a, b in zip(one, two, strict=True))
    for_all = for_part / part * count
    print(
        f"self-BLEU 1-5, {count:,} texts: {seconds:.2f} s; nltk {for_all:,.0f} s (from {part} texts); "
        f"{for_all / seconds:,.0f} times; values differ by {apart:.0e} at most"
    )


def uniqueness(count: int = 10_000, part: int = 2) -> None:
    """ROUGE-L uniqueness: the nearest other text of each."""
    made = texts(count)
    found, seconds = timed(lambda: nearest([words(text) for text in made]))
    scorer = RougeScorer(["rougeL"])

    def reference(at: int) -> float:
        others = (text for place, text in enumerate(made) if place != at)
        return max(float(scorer.score(made[at], other)["rougeL"].fmeasure) for other in others)

    theirs, for_part = timed(lambda: [reference(at) for at in range(part)])
    apart = max(abs(float(found.similarity[at]) - theirs[at]) for at in range(part))
    for_all = for_part / part * (count - 1) / 2
    print(
        f"ROUGE-L uniqueness, {count:,} texts of {WORDS} words: {seconds:.1f} s, {found.compared:,} pairs compared; "
        f"rouge-score {for_all:,.0f} s (from {part * (count - 1):,} pairs); {for_all / seconds:,.0f} times; "
        f"values differ by {apart:.0e} at most"
    )


def large(count: int = 100_000, part: int = 200) -> None:
    """The nearest neighbours of many texts, and how many of a part are those that comparing all pairs finds."""
    made = [words(text) for text in texts(count)]
    found, seconds = timed(lambda: nearest(made))
    codes: dict[str, int] = {}
    coded = ["".join(chr(codes.setdefault(word, len(codes))) for word in text) for text in made]
    places = random.Random(1).sample(range(count), part)
    common = cdist([coded[at] for at in places], coded, scorer=LCSseq.similarity, dtype=np.uint16).astype(np.float64)
    common[np.arange(part), places] = 0
    true = common.max(axis=1) / WORDS
    recall = float((np.abs(true - found.similarity[places]) < 1e-9).mean())
    print(
        f"ROUGE-L nearest neighbours, {count:,} texts: {seconds:.0f} s, {found.compared:,} of "
        f"{count * (count - 1) // 2:,} pairs compared; recall {recall:.3f} on {part} texts"
    )


def similarities(count: int = 20_000, dimension: int = 384) -> None:
    """The distribution of pairwise cosines."""
    vectors = np.random.default_rng(0).normal(size=(count, dimension)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    _, seconds = timed(lambda: cosines(vectors))
    print(
        f"cosines of {count * (count - 1) // 2:,} pairs of {dimension} dimensions: {seconds:.1f} s, "
        "in blocks of 512 rows"
    )


def memory(count: int = 1_000_000) -> None:
    """What `satsuma analyze` takes for many rows."""
    parts = texts(100_000)
    chance = random.Random(2)
    with tempfile.TemporaryDirectory(prefix="analysis-") as place:
        path = Path(place) / "rows.jsonl"
        with path.open("wb") as file:
            for number in range(count):
                text = f"{parts[number % len(parts)]} {chance.getrandbits(40):x}"
                file.write(orjson.dumps({"text": text, "label": "ab"[number % 2]}) + b"\n")
        used = processes.run("satsuma", ["analyze", path, "--embedder", "none", "--format", "json"])
        size = path.stat().st_size
    print(f"satsuma analyze, {count:,} rows ({size / 1e6:,.0f} MB): peak {used.peak_mb} MB, {used.cpu:,.0f} s of CPU")


def main() -> None:
    """Measure and print."""
    chosen = sys.argv[1] if len(sys.argv) > 1 else ""
    if chosen == "large":
        large()
    elif chosen == "memory":
        memory(int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000)
    else:
        bleu()
        uniqueness()
        similarities()


if __name__ == "__main__":
    main()
