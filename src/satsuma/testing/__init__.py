"""A local model server to test task cards, and satsuma itself, with: no key, no network, no chance.

    with satsuma.testing.serve(faults=Faults(rate=0.1, error=0.1)) as server:
        satsuma.generate("my-task.yaml", n=50, model="openai/test", base_url=server.url, out="runs/test")
        assert server.counters.repeated == 0

It speaks OpenAI's chat completions, answers with JSON that follows the schema it is sent, and what it says, how long
it takes and what goes wrong follow from its seed and the request. See docs/testing.md.
"""

from __future__ import annotations

from satsuma.testing.behaviour import Behaviour
from satsuma.testing.counters import Counters
from satsuma.testing.faults import Fault, Faults, Latency
from satsuma.testing.question import Question, digest
from satsuma.testing.routes import UNKNOWN_MODEL
from satsuma.testing.server import Server, serve
from satsuma.testing.words import marker

__all__ = [
    "UNKNOWN_MODEL",
    "Behaviour",
    "Counters",
    "Fault",
    "Faults",
    "Latency",
    "Question",
    "Server",
    "digest",
    "marker",
    "serve",
]
