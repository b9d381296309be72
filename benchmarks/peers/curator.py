"""bespokelabs-curator: `LLM` over a dataset, with its cache.

Its OpenAI backend is asked for by name, limits per minute are out of the way and concurrency is set, as its
documentation recommends for a server of one's own. Steps are chained as in its examples: one `LLM` after the other,
each over the dataset that the last one gave, so there is a barrier between steps. The answer's pydantic model gives
the response format.
"""

from __future__ import annotations

import os
import time
from importlib.util import find_spec
from pathlib import Path

from benchmarks.peers import adapter

adapter.quiet()
# It counts tokens with an encoding that would be downloaded; litellm, which it installs, carries the file.
(LITELLM,) = (Path(place) for place in getattr(find_spec("litellm"), "submodule_search_locations", None) or ())
os.environ["TIKTOKEN_CACHE_DIR"] = str(LITELLM / "litellm_core_utils" / "tokenizers")

from bespokelabs import curator  # noqa: E402

from benchmarks.peers.answer import model_of  # noqa: E402

UNLIMITED = 10**9


class Step(curator.LLM):
    """One step: the row holds the messages, the answer is kept as text."""

    def prompt(self, input: dict[str, object]) -> object:  # noqa: A002 - the library's name
        """The row's chat messages."""
        return input["messages"]

    def parse(self, input: dict[str, object], response: object) -> dict[str, object]:  # noqa: A002 - the library's name
        """The row's place and its validated answer."""
        return {"index": input["index"], "answer": str(response)}


def step_of(job: adapter.Job, prompts: list[adapter.Prompt]) -> Step:
    """The step that asks these prompts. Making it tries out the endpoint with a call of the library's own."""
    return Step(
        model_name=job.model,
        backend="openai",
        response_format=model_of(prompts[0].schema),
        generation_params={"temperature": 1.0},
        backend_params={
            "base_url": job.url,
            "max_concurrent_requests": job.concurrency,
            "max_requests_per_minute": UNLIMITED,
            "max_tokens_per_minute": UNLIMITED,
            "require_all_responses": False,
        },
    )


def generate(job: adapter.Job) -> adapter.Done:
    """Run the steps one after the other and count the rows of the last."""
    steps = {name: step_of(job, prompts) for name, prompts in job.steps.items()}
    began, rows = time.monotonic(), 0
    for name, step in steps.items():
        dataset = [{"index": index, "messages": prompt.messages} for index, prompt in enumerate(job.steps[name])]
        rows = len(step(dataset, working_dir=str(job.directory / name)).dataset)
    return adapter.Done(rows, began, trials=len(steps))


if __name__ == "__main__":
    adapter.run(
        generate,
        package="bespokelabs-curator",
        settings="openai backend, max_concurrent_requests, cache on",
        chains=True,
    )
