"""distilabel: a `Pipeline` of `TextGeneration` tasks, with its cache.

Its unit of concurrency is the batch: all rows of one are in flight together and the next batch waits for the slowest,
so `input_batch_size` is the concurrency. The response format travels in `extra_body`, which spares it the second
client library that its own structured output goes through. Four steps are four tasks in one pipeline, with a step
between them that gives each row the next prompt; steps are processes and overlap. Annotations are evaluated here: its
`step` decorator reads them.
"""

from collections.abc import Iterator

from benchmarks.peers import adapter

adapter.quiet()

from distilabel.models import OpenAILLM  # noqa: E402
from distilabel.pipeline import Pipeline  # noqa: E402
from distilabel.steps import LoadDataFromDicts, Step, StepInput  # noqa: E402
from distilabel.steps.tasks import TextGeneration  # noqa: E402

Rows = list[dict[str, object]]


def load(prompts: list[adapter.Prompt]) -> Rows:
    """Rows of the first step: a place, and what is asked."""
    return [{"index": i, "instruction": p.user, "system_prompt": p.system} for i, p in enumerate(prompts)]


def task(job: adapter.Job, name: str) -> TextGeneration:
    """The task of one step."""
    return TextGeneration(
        name=name,
        llm=OpenAILLM(
            model=job.model,
            base_url=job.url,
            api_key="unused",
            timeout=60,
            generation_kwargs={
                "temperature": 1.0,
                "max_new_tokens": 2048,
                "extra_body": {"response_format": job.steps[name][0].response_format(name)},
            },
        ),
        input_batch_size=job.concurrency,
        output_mappings={"generation": f"{name}_answer"},
        add_raw_output=False,
        add_raw_input=False,
    )


class Grow(Step):
    """Turns answered rows into the rows of the next step. children: a row's place → the rows that grow from it."""

    children: dict[str, Rows]

    @property
    def inputs(self) -> list[str]:
        """The columns that it reads."""
        return ["index"]

    @property
    def outputs(self) -> list[str]:
        """The columns that it gives."""
        return ["index", "instruction", "system_prompt"]

    def process(self, inputs: StepInput) -> Iterator[Rows]:
        """The children of a batch of rows."""
        yield [child for row in inputs for child in self.children.get(str(row["index"]), [])]


def grow(job: adapter.Job, name: str) -> Grow:
    """The step before the named task."""
    children: dict[str, Rows] = {}
    for index, row in enumerate(load(job.steps[name])):
        children.setdefault(str(job.parent(name, index)), []).append(row)
    return Grow(name=f"grow_{name}", children=children, input_batch_size=job.concurrency)


def generate(job: adapter.Job) -> adapter.Done:
    """Run the pipeline and count the rows that have an answer."""
    names = list(job.steps)
    with Pipeline(name="peer", cache_dir=job.directory) as pipeline:
        chain = LoadDataFromDicts(name="load", data=load(job.steps[names[0]]), batch_size=job.concurrency)
        chain = chain >> task(job, names[0])
        for name in names[1:]:
            chain = chain >> grow(job, name) >> task(job, name)
    distiset = pipeline.run(use_cache=True)
    answers = distiset["default"]["train"][f"{names[-1]}_answer"]
    return adapter.Done(sum(answer is not None for answer in answers))


if __name__ == "__main__":
    adapter.run(generate, package="distilabel", settings="input_batch_size = concurrency, use_cache", chains=True)
