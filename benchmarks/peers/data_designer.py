"""data-designer (NVIDIA NeMo): one structured column over a seed dataset, with resume.

`max_parallel_requests` is the concurrency; the adaptive admission is left as it is. Row groups of 100 (`buffer_size`)
rather than 1,000, because a group is what a killed run goes on from. Its structured column puts the schema into the
prompt; the response format is sent too, so that the server answers as it does for the others. It derives columns from
columns, row by row, and does not grow several rows from one, so the instance step alone.
"""

from __future__ import annotations

from benchmarks.peers import adapter

adapter.quiet()

import data_designer.config as dd  # noqa: E402
import pandas as pd  # noqa: E402
from data_designer.interface import DataDesigner  # noqa: E402

ROW_GROUP = 100


def configured(job: adapter.Job) -> dd.DataDesignerConfigBuilder:
    """The dataset: the prompts as seed rows, the answer as the one generated column."""
    first = job.instances[0]
    parameters = dd.ChatCompletionInferenceParams(
        temperature=1.0,
        max_parallel_requests=job.concurrency,
        timeout=60,
        extra_body={"response_format": first.response_format("instance")},
    )
    model = dd.ModelConfig(
        alias="peer", model=job.model, provider="local", inference_parameters=parameters, skip_health_check=True
    )
    builder = dd.DataDesignerConfigBuilder([model])
    seed = job.directory / "prompts.parquet"
    rows = {"question": [p.user for p in job.instances], "instructions": [p.system for p in job.instances]}
    pd.DataFrame(rows).to_parquet(seed)
    builder.with_seed_dataset(dd.LocalFileSeedSource(path=str(seed)))
    builder.add_column(
        dd.LLMStructuredColumnConfig(
            name="answer",
            prompt="{{ question }}",
            system_prompt=None if first.system is None else "{{ instructions }}",
            model_alias="peer",
            output_format=first.schema,
        )
    )
    return builder


def generate(job: adapter.Job) -> adapter.Done:
    """Create the dataset, or go on with it, and count its rows."""
    provider = dd.ModelProvider(name="local", endpoint=job.url, provider_type="openai", api_key="unused")
    designer = DataDesigner(artifact_path=job.directory, model_providers=[provider])
    designer.set_run_config(
        dd.RunConfig(buffer_size=ROW_GROUP, jinja_rendering_engine="native", otel_metrics_port=None)
    )
    result = designer.create(
        configured(job), num_records=len(job.instances), dataset_name="peer", resume=dd.ResumeMode.IF_POSSIBLE
    )
    return adapter.Done(len(result.load_dataset()))


if __name__ == "__main__":
    adapter.run(generate, package="data-designer", settings=f"max_parallel_requests, row groups of {ROW_GROUP}, resume")
