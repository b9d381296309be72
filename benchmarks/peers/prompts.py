"""Takes the prompts that a satsuma run has sent out of its journal, so that peers send the same.

    satsuma generate copa -n 2000 --model openai/test --base-url http://127.0.0.1:8000/v1 -o runs/copa
    python -m benchmarks.peers.prompts runs/copa prompts.jsonl

A line is one request: its step, its chat messages, the JSON Schema of its answer. Requests of a step are in the order
of their paths, so that the first n are the same whatever the concurrency was.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import orjson

from satsuma.llm.journal import Journal, journal_at
from satsuma.llm.request import Request


def order(request: Request) -> tuple[str, tuple[int, ...], int]:
    """Step, then the numbers of the path, then the draw."""
    return request.step, tuple(map(int, re.findall(r"\d+", request.path))), request.draw


def written(run: Path) -> bytes:
    """The prompts file of a run: JSON Lines."""
    journal = Journal.open(journal_at(run), readonly=True)
    try:
        requests = sorted((entry.request for entry in journal.entries()), key=order)
    finally:
        journal.close()
    lines = (
        {
            "step": request.step,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "schema": request.schema,
        }
        for request in requests
    )
    return b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description="Take the prompts of a run.")
    parser.add_argument("run", type=Path, help="a run directory, or a journal")
    parser.add_argument("file", type=Path)
    options = parser.parse_args()
    options.file.write_bytes(written(options.run))


if __name__ == "__main__":
    main()
