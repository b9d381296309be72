"""Memory of a long run: `satsuma generate copa -n 100000` against the local server, as a user would run it.

    python -m benchmarks.memory [N]            # about two minutes for 100,000 on two cores

Prints the peak of the resident size beside that of the bare loop that posts as many bodies (`benchmarks.floor`).
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import processes
from satsuma.testing import serve

BODY = b'{"model":"test","messages":[{"role":"user","content":"Say something."}]}'


def main() -> None:
    """Measure and print."""
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with serve(process=True) as server, tempfile.TemporaryDirectory(prefix="memory-") as place:
        ours = processes.generate(n, server.url, Path(place) / "run", 256)
        requests = server.counters.requests
        size = sum(f.stat().st_size for f in (Path(place) / "run").rglob("*") if f.is_file())
    with serve(process=True) as server, tempfile.TemporaryDirectory(prefix="memory-") as place:
        bodies = Path(place) / "bodies.jsonl"
        bodies.write_bytes(b"\n".join([BODY] * min(requests, 20_000)))
        floor = processes.run("benchmarks.floor", [server.url, bodies, 256])
    print(
        f"{n:,} instances, {requests:,} requests: peak {ours.peak_mb} MB (bare loop {floor.peak_mb} MB), "
        f"{ours.seconds:.0f} s, {requests / ours.seconds:,.0f} requests/s, run directory {size / 1e6:,.0f} MB"
    )


if __name__ == "__main__":
    main()
