"""`satsuma generate`: a task card becomes a labelled dataset."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from satsuma.cli.options import with_options
from satsuma.errors import SettingsError
from satsuma.settings import OPTIONAL, Settings

if TYPE_CHECKING:
    from satsuma.settings import Options

Option = typer.Option
_DEFAULT = {each.name: each.default for each in fields(Settings)}
_OF_THE_CARD = "the card's by default"


@dataclass(frozen=True, slots=True)
class GenerateOptions:
    """The command line of `satsuma generate`; None leaves the setting's default (`satsuma.settings.Settings`)."""

    card: Annotated[
        str, typer.Argument(help="A built-in card's name (`satsuma tasks`) or a YAML file.", metavar="CARD")
    ]
    n: Annotated[int, Option("-n", "--n", help="Instances wanted.", metavar="N")]
    model: Annotated[
        str, Option("--model", "-m", help="[batch:]PROVIDER/NAME (`satsuma models`), file:DIR or replay:PATH.")
    ] = ""
    out: Annotated[Path | None, Option("-o", "--out", help="Run directory; runs/NAME by default.", metavar="DIR")] = (
        None
    )
    seed: Annotated[int | None, Option("--seed", help=f"The run's seed; {_DEFAULT['seed']} by default.")] = None
    identity: Annotated[
        str | None, Option("--as", help="With file:DIR, the model whose answers they are.", metavar="NAME")
    ] = None
    model_for: Annotated[
        list[str],
        Option(
            "--model-for", help="A model for one step (contexts, seeds, instance, correction).", metavar="STEP=MODEL"
        ),
    ] = field(default_factory=list)
    base_url: Annotated[
        str | None, Option("--base-url", help="Any other OpenAI-compatible endpoint.", metavar="URL")
    ] = None
    votes: Annotated[
        int | None,
        Option("--votes", help=f"Answers of the correction, of which the majority counts; {_OF_THE_CARD}."),
    ] = None
    blind: Annotated[
        bool | None,
        Option(
            "--blind/--no-blind",
            help=f"Whether the label that was asked for is hidden from the correction; {_OF_THE_CARD}.",
        ),
    ] = None
    policy: Annotated[
        Literal["relabel", "drop", "keep"] | None,
        Option("--policy", help=f"What happens when a label does not hold; {_OF_THE_CARD}."),
    ] = None
    seeds: Annotated[
        str | None,
        Option(
            "--seeds",
            help="Texts of your own that instances grow from: .txt, .jsonl, .csv, .tsv or .parquet.",
            metavar="FILE[:COLUMN]",
        ),
    ] = None
    contexts: Annotated[
        str | None, Option("--contexts", help="Contexts of your own, in such a file.", metavar="FILE[:COLUMN]")
    ] = None
    focus: Annotated[
        Path | None, Option("--focus", help="A student whose weak points get more instances.", metavar="STUDENT")
    ] = None
    recipe: Annotated[
        Literal["targen", "self-instruct", "one-prompt"] | None,
        Option("--recipe", help="targen, or a baseline without contexts, seeds and correction, for comparison."),
    ] = None
    no_contexts: Annotated[bool, Option("--no-contexts", help="Leave the contexts out, for comparison.")] = False
    no_seeds: Annotated[bool, Option("--no-seeds", help="Leave the seeds out, for comparison.")] = False
    no_correction: Annotated[bool, Option("--no-correction", help="Leave the correction out, for comparison.")] = False
    part: Annotated[
        str | None,
        Option("--part", help="One of several parts of n, each made on a machine of its own: 2/8.", metavar="K/OF"),
    ] = None
    temperature: Annotated[
        float | None, Option("--temperature", help=f"Sampling temperature; {_DEFAULT['temperature']:g} by default.")
    ] = None
    concurrency: Annotated[
        int | None, Option("--concurrency", help=f"Requests in flight at most; {_DEFAULT['concurrency']} by default.")
    ] = None
    timeout: Annotated[
        float | None,
        Option(
            "--timeout", help=f"Seconds without a byte before a try is given up; {_DEFAULT['timeout']:g} by default."
        ),
    ] = None
    tries: Annotated[int | None, Option("--tries", help=f"Tries per request; {_DEFAULT['tries']} by default.")] = None
    rpm: Annotated[float | None, Option("--rpm", help="Requests per minute; no limit by default.")] = None
    tpm: Annotated[float | None, Option("--tpm", help="Tokens per minute; no limit by default.")] = None
    budget: Annotated[float | None, Option("--budget", help="US dollars to spend at most.")] = None
    max_tokens: Annotated[int | None, Option("--max-tokens", help="Tokens to use at most, in and out.")] = None
    max_requests: Annotated[int | None, Option("--max-requests", help="Requests to send at most.")] = None
    price: Annotated[
        str | None,
        Option(
            "--price",
            help="US dollars per million tokens, where it is not known; or a file of lines MODEL: [IN, OUT].",
            metavar="IN,OUT",
        ),
    ] = None
    revise: Annotated[bool, Option("--revise", help="Go on in a run whose card or settings were other ones.")] = False
    retry_failed: Annotated[bool, Option("--retry-failed", help="Ask again what was given up.")] = False
    jsonl: Annotated[bool, Option("--jsonl", help="Also write the dataset as JSON lines.")] = False
    log: Annotated[str | None, Option("--log", help="Write events as JSON lines.", metavar="FILE")] = None
    ray: Annotated[
        str | None,
        Option(
            "--ray",
            help="On a Ray cluster: HOST:PORT, auto for the one here; alone it starts Ray here.",
            metavar="[ADDRESS]",
        ),
    ] = None
    ray_replicas: Annotated[
        int | None, Option("--ray-replicas", help="Replicas of hf/… and vllm/… models; one for each GPU by default.")
    ] = None
    ray_http: Annotated[
        int | None, Option("--ray-http", help="Actors that ask a model behind an address; none by default.")
    ] = None
    tensor_parallel: Annotated[
        int | None, Option("--tensor-parallel", help="GPUs that one engine of vllm/… is spread over.")
    ] = None
    quiet: Annotated[bool, Option("--quiet", "-q", help="Show nothing but errors.")] = False

    def settings(self) -> Options:
        """The settings that were given.

        Raises:
            SettingsError: --price or --model-for cannot be read.
        """
        given = {name: getattr(self, name) for name in _AS_THEY_ARE}
        without = tuple(step for step in OPTIONAL if getattr(self, f"no_{step}"))
        made = {"price": _price(self.price), "models": _models(self.model_for) or None, "without": without or None}
        # `Options` is total=False: what is left out keeps its default.
        return {name: value for name, value in (given | made).items() if value is not None}  # type: ignore[return-value]


_AS_THEY_ARE = (
    *(
        "seed",
        "identity",
        "base_url",
        "votes",
        "blind",
        "policy",
        "part",
        "recipe",
        "temperature",
        "concurrency",
        "timeout",
        "tries",
        "rpm",
    ),
    *("tpm", "budget", "max_tokens", "max_requests", "revise", "retry_failed", "jsonl", "log"),
    *("ray", "ray_replicas", "ray_http", "tensor_parallel"),
)


@with_options(GenerateOptions)
def command(options: GenerateOptions) -> None:
    """Generate a labelled dataset from a task card."""
    from satsuma import api
    from satsuma.cli.summary import followed, print_run

    settings = options.settings()
    with followed(quiet=options.quiet) as progress:
        run = api.generate(
            options.card, n=options.n, model=options.model, out=options.out, seeds=options.seeds,
            contexts=options.contexts, focus=options.focus, progress=progress, **settings,
        )  # fmt: skip
    if not options.quiet:
        print_run(run)


def _price(text: str | None) -> tuple[float, float] | str | None:
    if text is None:
        return None
    from satsuma.llm.prices import parse_price

    return parse_price(text)


def _models(pairs: list[str]) -> dict[str, str]:
    models: dict[str, str] = {}
    for pair in pairs:
        step, _, model = pair.partition("=")
        if not step or not model:
            raise SettingsError(
                f"--model-for is {pair!r}, but has to be STEP=MODEL",
                "For example --model-for correction=openai/gpt-4.1",
            )
        if step in models:
            raise SettingsError(f"--model-for names the step {step} twice", "Name a step once.")
        models[step] = model
    return models
