"""How fast students are trained, on this machine.

    python -m benchmarks.train            MiniLM on 1,000 instances of 32 tokens, 3 epochs; the frozen one on 10,000
    python -m benchmarks.train --quick    a tenth of it

Limits, on two CPU cores: 2 minutes and 3 minutes; padding under a tenth. On a GPU the same command says tokens a second
there. Times are wall time of training alone, after the packages are imported; the CPU time beside it tells whether the
machine was busy with something else.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import satsuma
from satsuma.students.student import Student

CARD = {
    "name": "bench",
    "task": "Sort sentences.",
    "inputs": {"sentence": "a sentence"},
    "output": {"labels": {"first": "of the first words", "second": "of the second"}},
}
WORDS = (
    "river stone cloud window garden paper music winter bridge letter market candle forest island mirror",
    "engine signal circuit module server packet kernel socket buffer thread router driver vector matrix pixel",
)
TOKENS = 32


def rows(count: int) -> Iterator[dict[str, object]]:
    """Rows of about `TOKENS` tokens, between half and one and a half times as many."""
    chance = random.Random(1)
    for number in range(count):
        label = number % 2
        length = chance.randint(TOKENS // 2, TOKENS * 3 // 2) - 2
        words = [chance.choice(WORDS[label if chance.random() < 0.6 else 1 - label].split()) for _ in range(length)]
        yield {"sentence": " ".join(words), "label": ("first", "second")[label], "id": str(number)}


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Prints how long it took."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what}: {time.perf_counter() - wall:.1f} s ({time.process_time() - cpu:.1f} s of CPU)")


def written(path: Path, count: int) -> Path:
    """A file with so many rows."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows(count)), "utf-8")
    return path


def whole(place: Path, count: int, device: str) -> None:
    """MiniLM, all of its weights."""
    import torch
    import transformers.models.bert.modeling_bert  # noqa: F401 - importing it takes as long as some trainings

    data, epochs = written(place / "rows.jsonl", count), 3
    with timed(f"MiniLM, {count:,} instances of {TOKENS} tokens, {epochs} epochs"):
        start = time.perf_counter()
        student = satsuma.train(data, out=place / "whole", card=CARD, epochs=epochs, device=device, patience=epochs)
        seconds = time.perf_counter() - start
    record = student.record
    tokens = record.data.train * TOKENS * len(record.history)
    print(f"  on {record.device}, {torch.get_num_threads()} threads: {tokens / seconds:,.0f} tokens/s; "
          f"padding {record.padding or 0:.1%}; dev loss {record.history[-1].dev_loss:.3f}")  # fmt: skip
    used(student, data)


def used(student: Student, data: Path) -> None:
    """The student on its own training data."""
    with timed("  predictions on all of them"):
        satsuma.evaluate(student, data, overlap="keep")


def frozen(place: Path, count: int) -> None:
    """A linear head on MiniLM's embeddings."""
    data = written(place / "many.jsonl", count)
    with timed(f"frozen MiniLM, {count:,} instances of {TOKENS} tokens"):
        satsuma.train(data, out=place / "frozen", card=CARD, frozen=True)


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--device", default="auto")
    given = parser.parse_args()
    share = 10 if given.quick else 1
    with tempfile.TemporaryDirectory() as name:
        whole(Path(name), 1_000 // share, given.device)
        frozen(Path(name), 10_000 // share)


if __name__ == "__main__":
    main()
