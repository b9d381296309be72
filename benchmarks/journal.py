"""How fast the journal commits and reads, beside a bare sqlite3 loop that does the least that could pass for it.

The floor writes the same rows in transactions of 100 with `executemany`, and reads them by key, without checksums,
threads or callers who wait. `python benchmarks/journal.py [REPLIES]` prints replies per second and the ratio.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

from satsuma.llm.journal import Entry, Journal
from satsuma.llm.journal_schema import COLUMNS, CREATE, WIDTH, pack
from satsuma.llm.request import Message, Reply, Request, Sampling, Usage

PROMPT = "Write one premise and two alternatives, and say which is the more plausible cause. " * 12
ANSWER = '{"premise": "The ground was wet.", "choice1": "It had rained.", "choice2": "It had not."} ' * 22
GROUP = 100


def entries(count: int) -> list[Entry]:
    """Requests of about 1 kB with replies of about 2 kB."""
    made = []
    for number in range(count):
        request = Request(
            model="openai/gpt-4.1-mini",
            messages=(Message("user", f"{number} {PROMPT}"),),
            sampling=Sampling(temperature=1.0),
            step="instance",
            path=f"context {number // 8} / seed {number % 8}",
        )
        made.append(Entry(request.key(), request, Reply(ANSWER, usage=Usage(300, 200), model="gpt-4.1-mini")))
    return made


def floor(path: Path, made: list[Entry]) -> tuple[float, float]:
    """Replies written and read per second by the bare loop."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.executescript(CREATE)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    rows = [pack(entry) for entry in made]
    statement = f"INSERT INTO replies ({COLUMNS}) VALUES ({', '.join('?' * WIDTH)})"
    start = time.perf_counter()
    for first in range(0, len(rows), GROUP):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows[first : first + GROUP])
        connection.execute("COMMIT")
    written = time.perf_counter()
    for entry in made:
        connection.execute("SELECT content FROM replies WHERE key = ?", (entry.key,)).fetchone()
    read = time.perf_counter()
    connection.close()
    return len(made) / (written - start), len(made) / (read - written)


async def journal(path: Path, made: list[Entry]) -> tuple[float, float]:
    """Replies committed and read per second by the journal, thousands of callers waiting."""
    with Journal.open(path) as opened:
        start = time.perf_counter()
        await asyncio.gather(*(opened.put(entry) for entry in made))
        written = time.perf_counter()
        for entry in made:
            opened.get(entry.key)
        read = time.perf_counter()
    return len(made) / (written - start), len(made) / (read - written)


def main() -> None:
    """Print the figures."""
    made = entries(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
    with tempfile.TemporaryDirectory() as directory:
        bare = floor(Path(directory, "floor.sqlite"), made)
        ours = asyncio.run(journal(Path(directory, "journal.sqlite"), made))
    for what, least, got in zip(("commits", "reads"), bare, ours, strict=True):
        line = f"{what:8} bare sqlite3 {least:9,.0f}/s   journal {got:9,.0f}/s   ratio {got / least:.2f}\n"
        sys.stdout.write(line)


if __name__ == "__main__":
    main()
