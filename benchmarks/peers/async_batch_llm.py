"""async-batch-llm: `process_prompts` with a checkpoint file.

As its documentation recommends: the one `concurrency` knob, results checkpointed as JSON Lines and reused on a second
run (`REUSE_SUCCESSES`), pydantic-free parsing of the JSON answer. It runs independent calls, so the instance step
alone.
"""

from __future__ import annotations

import asyncio
import json

from benchmarks.peers import adapter

adapter.quiet()

from async_batch_llm import (  # noqa: E402
    ArtifactIdentity,
    JsonlArtifactStore,
    LLMResponse,
    ProcessorConfig,
    ResumePolicy,
    llm,
    process_prompts,
)


def parsed(response: LLMResponse) -> object:
    """The answer's JSON; a broken one raises, which the library retries."""
    return json.loads(response.text)


async def generate(job: adapter.Job) -> adapter.Done:
    """Ask every prompt and count the answers."""
    strategy = llm(
        f"openai-compatible:{job.model}",
        base_url=job.url,
        api_key="unused",
        system_instruction=job.instances[0].system,
        response_parser=parsed,
        temperature=1.0,
        generation_config={"response_format": job.instances[0].response_format("instance")},
    )
    identity = ArtifactIdentity(provider="local", model=job.model, prompt_version="1")
    batch = await process_prompts(
        strategy,
        [(f"row-{index}", prompt.user) for index, prompt in enumerate(job.instances)],
        config=ProcessorConfig(concurrency=job.concurrency),
        artifact_store=JsonlArtifactStore(job.directory / "checkpoint.jsonl", identity=identity),
        resume=ResumePolicy.REUSE_SUCCESSES,
    )
    return adapter.Done(batch.succeeded)


if __name__ == "__main__":
    adapter.run(
        lambda job: asyncio.run(generate(job)),
        package="async-batch-llm",
        settings="concurrency knob, JSON Lines checkpoint",
    )
