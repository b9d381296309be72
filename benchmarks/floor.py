"""The floor that satsuma is measured against: a bare aiohttp loop that posts bodies and throws the answers away.

python -m benchmarks.floor URL BODIES.jsonl CONCURRENCY
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp


async def _worker(session: aiohttp.ClientSession, url: str, bodies: Iterator[bytes]) -> None:
    for body in bodies:
        async with session.post(url, data=body) as response:
            await response.read()


async def post_all(url: str, bodies: list[bytes], concurrency: int) -> None:
    """Post every body once, `concurrency` at a time."""
    left = iter(bodies)
    headers = {"Content-Type": "application/json", "Authorization": "Bearer none"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency), headers=headers) as session:
        await asyncio.gather(*(_worker(session, f"{url}/chat/completions", left) for _ in range(concurrency)))


if __name__ == "__main__":
    asyncio.run(post_all(sys.argv[1], Path(sys.argv[2]).read_bytes().splitlines(), int(sys.argv[3])))
