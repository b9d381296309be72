"""How much a model with few ideas repeats itself: satsuma beside one prompt, asked again and again.

    python -m benchmarks.diversity             # 1,000 and 10,000 COPA instances: some three minutes
    python -m benchmarks.diversity --quick     # 1,000

The model is the test server's with a stock of `IDEAS` ideas, of which the first come far more often than the last;
what it says of one is the same each time, or the same but for a word. satsuma asks it in four steps, with contexts and
seeds, and drops what repeats; plain prompting asks for a whole instance with one prompt, in as many draws. A repeat is
a text whose ROUGE-L with any earlier one is 0.7 or more, found by comparing all pairs. Contexts count as satsuma tells
them apart, in both ways of asking.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import aiohttp

import satsuma
from benchmarks import processes
from benchmarks.duplicates import Pairs
from satsuma.llm.request import Json
from satsuma.targen.repeats import Names
from satsuma.task.card import Card
from satsuma.testing import serve

IDEAS = 720
SEED = 3
IN_FLIGHT = 64
OPTIONS = ("choice1", "choice2")


@dataclass(frozen=True, slots=True)
class Grown:
    """A run of satsuma. contexts: different ones that were used; said: those, and the repeats. rejects: by step."""

    texts: Sequence[str]
    contexts: int
    said: int
    rejects: dict[str, int]


def grown(n: int) -> Grown:
    """A run of n COPA instances from the command line, and what became of the rest."""
    with tempfile.TemporaryDirectory(prefix="diversity-") as place:
        out = Path(place) / "run"
        with serve(process=True, seed=SEED, ideas=IDEAS) as server:
            processes.generate(n, server.url, out, IN_FLIGHT)
        run = satsuma.Run(out)
        rejects = {step: sum(reasons.values()) for step, reasons in run.state.counts.rejects.items()}
        places = [*run.table().column("id").to_pylist(), *run.rejects().column("id").to_pylist()]
        contexts = len({found[1] for place in places if (found := re.match(r"context (\d+) /", place))})
        card = satsuma.load_card("copa")
        texts = [content(card, row) for row in run.table().to_pylist()]
        return Grown(texts, contexts, contexts + rejects.get("contexts", 0), rejects)


def content(card: Card, row: dict[str, Json]) -> str:
    """The words that duplicates are judged by: the options in any order."""
    written = [str(row[name]) for name in card.shown_inputs if name not in OPTIONS]
    return "\n".join([*written, *sorted(str(row[name]) for name in OPTIONS)])


def schema(**properties: Json) -> Json:
    """The form of an answer."""
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def plain(prompt: str, form: Json, draws: int) -> list[dict[str, Json]]:
    """What one prompt gives in so many draws."""
    shape: Json = {"type": "json_schema", "json_schema": {"name": "answer", "schema": form, "strict": True}}
    body: dict[str, Json] = {"model": "test", "messages": [{"role": "user", "content": prompt}]}
    with serve(process=True, seed=SEED, ideas=IDEAS) as server:
        bodies = [{**body, "response_format": shape, "seed": draw} for draw in range(draws)]
        return asyncio.run(answers(f"{server.url}/chat/completions", bodies))


async def answers(url: str, bodies: Sequence[Json]) -> list[dict[str, Json]]:
    """The answers, in the order of the questions."""
    gate = asyncio.Semaphore(IN_FLIGHT)

    async def answer(session: aiohttp.ClientSession, body: Json) -> dict[str, Json]:
        async with gate, session.post(url, json=body) as response:
            said = await response.json()
        found: dict[str, Json] = json.loads(said["choices"][0]["message"]["content"])
        return found

    async with aiohttp.ClientSession(headers={"Authorization": "Bearer none"}) as session:
        return await asyncio.gather(*(answer(session, body) for body in bodies))


def plain_texts(n: int) -> list[str]:
    """As many COPA instances from one prompt."""
    card = satsuma.load_card("copa")
    fields: dict[str, Json] = {
        name: {"type": "string", "description": one.description}
        for name, one in card.inputs.items()
        if name in card.shown_inputs and not one.values
    }
    return ["\n".join(map(str, said.values())) for said in plain(f"{card.task} Write one.", schema(**fields), n)]


def plain_contexts(names: int) -> int:
    """How many contexts are distinct among so many that one prompt gives, 20 at a time."""
    form: Json = {"type": "array", "items": {"type": "string"}, "minItems": 20, "maxItems": 20}
    said = plain("Name 20 settings of everyday life.", schema(contexts=form), -(-names // 20))
    every = [str(name) for answer in said for name in list_of(answer["contexts"])][:names]
    known = Names()
    return sum(known.repeated(name, ()) is None for name in every)


def list_of(value: Json) -> list[Json]:
    """A list, as one."""
    return value if isinstance(value, list) else [value]


def repeated(texts: Sequence[str]) -> float:
    """The share of texts that repeat an earlier one, or nearly; by all pairs."""
    pairs, near = Pairs(), 0
    for index, text in enumerate(texts):
        near += pairs.first(text, index) is not None
        pairs.keep(text, index)
    return near / len(texts)


def table(sizes: Sequence[int]) -> Iterator[str]:
    """The lines of the table, each as soon as it is measured."""
    yield "| n | contexts: distinct of those said | one prompt | near-duplicates | one prompt | rejects per instance |"
    yield "|---|---|---|---|---|---|"
    for n in sizes:
        ours = grown(n)
        contexts, flat = ours.contexts / ours.said, plain_contexts(ours.said) / ours.said
        steps = ", ".join(f"{step} {count / n:.3f}" for step, count in sorted(ours.rejects.items()))
        yield (
            f"| {n:,} | {contexts:.0%} of {ours.said:,} | {flat:.0%} | {repeated(ours.texts):.2%} "
            f"| {repeated(plain_texts(n)):.1%} | {sum(ours.rejects.values()) / n:.3f} ({steps}) |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure how much a model with few ideas repeats itself.")
    parser.add_argument("--quick", action="store_true", help="1,000 instances alone")
    sizes = [1_000] if parser.parse_args().quick else [1_000, 10_000]
    print(f"A model of {IDEAS} ideas; a repeat has a ROUGE-L of 0.7 or more with an earlier text.\n")
    for line in table(sizes):
        print(line, flush=True)


if __name__ == "__main__":
    main()
