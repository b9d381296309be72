"""A catalog of 100,000 dataset cards: how long its index takes, how large it is, how fast and how large a search is.

`python -m benchmarks.large_catalog CATALOG [CARDS]` makes the cards from the sentences of a real catalog, two cards
mixed for each new one, indexes them in one process and searches them in another, whose memory is its own. CPU time is
told beside wall time, for machines that do other things.

Not covered: whether what is found is any good (benchmarks/retrieval.py).
"""

from __future__ import annotations

import argparse
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

QUERIES = Path(__file__).with_name("retrieval_queries.jsonl")


def make(real: Path, cards: int, out: Path) -> None:
    """Write a synthetic catalog."""
    chance = random.Random(0)
    known = [json.loads(line) for line in real.read_text("utf-8").splitlines()]
    sentences = [re.split(r"(?<=[.!?])\s+", " ".join(card["description"].split())) for card in known]
    with out.open("w", encoding="utf-8") as file:
        for number in range(cards):
            one, other = chance.randrange(len(known)), chance.randrange(len(known))
            parts = sentences[one] + sentences[other]
            text = " ".join(chance.sample(parts, min(len(parts), chance.randint(2, 6))))
            name = f"{known[one]['name'].split('/')[-1]}-{number}"
            file.write(json.dumps({"name": name, "description": text}) + "\n")


def build(catalog: Path) -> None:
    """Index in this process, and tell what it took."""
    from satsuma.catalog.opening import open_catalog

    wall, cpu = time.perf_counter(), time.process_time()
    opened = open_catalog(catalog)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"index: {wall:.0f} s ({cpu:.0f} s of CPU), {_peak()} MB at its peak")
    size = sum(p.stat().st_size for p in opened.place.rglob("*") if p.is_file())
    print(f"       {size >> 20} MB on disk for {len(opened):,} cards")


def search(catalog: Path) -> None:
    """Open and search in this process, and tell what it took."""
    from satsuma.catalog.opening import open_catalog

    wall = time.perf_counter()
    opened = open_catalog(catalog)
    opened.search("warm up")
    print(f"open:  {time.perf_counter() - wall:.1f} s")
    texts = [text for line in QUERIES.read_text("utf-8").splitlines() for text in json.loads(line)["texts"]]
    took, cpu = [], []
    for text in texts:
        wall, used = time.perf_counter(), time.process_time()
        opened.search(text)
        took.append(time.perf_counter() - wall)
        cpu.append(time.process_time() - used)
    took.sort()
    cpu.sort()
    middle, late = len(took) // 2, len(took) * 95 // 100
    print(f"query: median {took[middle] * 1e3:.0f} ms, 95 % {took[late] * 1e3:.0f} ms, fastest {took[0] * 1e3:.0f} ms")
    print(f"       CPU median {cpu[middle] * 1e3:.0f} ms, 95 % {cpu[late] * 1e3:.0f} ms")
    print(f"       {len(took)} queries, {_peak()} MB")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


def main() -> None:
    """Make, index, search."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("catalog", type=Path, help="a JSON Lines file of real dataset cards")
    parser.add_argument("cards", type=int, nargs="?", default=100_000)
    parser.add_argument("--at", type=Path, help="where the synthetic catalog is kept")
    parser.add_argument("--only", choices=("build", "search"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.only:
        (build if given.only == "build" else search)(given.catalog)
        return
    with tempfile.TemporaryDirectory() as temporary:
        file = (given.at or Path(temporary)) / f"synthetic-{given.cards}.jsonl"
        if not file.exists():
            make(given.catalog, given.cards, file)
        for part in ("build", "search"):
            subprocess.run([sys.executable, "-m", "benchmarks.large_catalog", str(file), "--only", part], check=True)


if __name__ == "__main__":
    main()
