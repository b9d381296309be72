"""The providers: who they are, where they are, which variable has the key, and how `--model` names one of their models.

Rule: a provider is one entry of a table. The built-in ones are below; others add theirs through the entry point group
`satsuma.providers`, whose entries are `ProviderKind` objects:

    [project.entry-points."satsuma.providers"]
    acme = "acme_satsuma:PROVIDER"

`--model PROVIDER/NAME` is looked up here first, so that a plugin is only loaded when its name is used (or listed).
With `--base-url` the name may also be any model of that address, without a provider. Without it, the provider's own
variable may say where its models are (`OPENAI_BASE_URL`, `ANTHROPIC_BASE_URL`, `OLLAMA_HOST`). The key is read from the
provider's variable when the model is opened; it is handed to the provider and kept nowhere else.

Addresses were checked against the providers' documentation in November 2026.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING

from satsuma.errors import ModelError, SettingsError

if TYPE_CHECKING:
    from satsuma.llm.provider import Provider

ENTRY_POINTS = "satsuma.providers"
"""The entry point group of providers."""
LISTED = "`satsuma models` lists the providers and their variables."


@dataclass(frozen=True, slots=True)
class Setup:
    """What one model is opened with.

    identity: as the user names it (`openai/gpt-4.1-mini`). model: as the provider does. url: base URL. key: empty if
    there is none. timeout: seconds of silence. concurrency: requests in flight at most. note: takes lines for people.
    tensor_parallel: GPUs that one engine of vLLM is spread over.
    """

    identity: str
    model: str
    url: str
    key: str = field(default="", repr=False)
    timeout: float = 60.0
    concurrency: int = 256
    note: Callable[[str], None] | None = None
    tensor_parallel: int = 1


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """One provider.

    url: its base URL, empty if there is no usual one. variables: environment variables that may hold the key; the
    first that is set counts. needs_key: whether it does nothing without. about: a few words. open: makes the provider
    of one model. elsewhere: the variable with which people move the base URL; read_elsewhere: its value → a base URL.
    in_process: whether its models run in the process that asks them, which on Ray is a replica's.
    """

    name: str
    url: str
    variables: tuple[str, ...]
    open: Callable[[Setup], Provider]
    needs_key: bool = True
    about: str = ""
    elsewhere: str = ""
    read_elsewhere: Callable[[str], str] = str
    in_process: bool = False

    def address(self) -> str:
        """Its base URL: where its variable says, else the usual one; empty if there is neither."""
        moved = os.environ.get(self.elsewhere, "").strip() if self.elsewhere else ""
        return self.read_elsewhere(moved) if moved else self.url

    def variable(self) -> str:
        """The variable that holds the key, or an empty text if none is set."""
        return next((v for v in self.variables if os.environ.get(v, "").strip()), "")


def open_openai(setup: Setup, *, limit: str = "max_tokens", seed: str = "seed") -> Provider:
    """A model behind OpenAI-compatible chat completions. limit, seed: what this provider calls these parameters."""
    from satsuma.llm.http import Endpoint
    from satsuma.llm.openai import Dialect, OpenAI

    endpoint = Endpoint(
        f"{setup.url}/chat/completions",
        {"Authorization": f"Bearer {setup.key}"} if setup.key else {},
        timeout=setup.timeout,
        concurrency=setup.concurrency,
        secrets=(setup.key,),
    )
    return OpenAI(endpoint, setup.model, dialect=Dialect(limit=limit, seed=seed), note=setup.note)


def open_anthropic(setup: Setup) -> Provider:
    """A model behind Anthropic's messages API."""
    from satsuma.llm.anthropic import VERSION, Anthropic
    from satsuma.llm.http import Endpoint

    endpoint = Endpoint(
        f"{setup.url.removesuffix('/v1')}/v1/messages",
        {"x-api-key": setup.key, "anthropic-version": VERSION},
        timeout=setup.timeout,
        concurrency=setup.concurrency,
        secrets=(setup.key,),
    )
    return Anthropic(endpoint, setup.model, note=setup.note)


def open_hf(setup: Setup) -> Provider:
    """A model of transformers in this process."""
    from satsuma.llm import local_hf

    return local_hf.open_hf(setup)


def open_vllm(setup: Setup) -> Provider:
    """A model under vLLM's engine in this process."""
    from satsuma.llm import local_vllm

    return local_vllm.open_vllm(setup)


def open_litellm(setup: Setup) -> Provider:
    """A model that litellm reaches."""
    from satsuma.llm import litellm

    return litellm.open_litellm(setup)


def ollama_address(host: str) -> str:
    """The base URL that a value of `OLLAMA_HOST` stands for: `box`, `box:11500` and `https://box` are all usual."""
    host = host.rstrip("/")
    if "://" in host:
        return f"{host}/v1"
    has_port = host.rpartition("]")[2].count(":") == 1
    return f"http://{host}/v1" if has_port else f"http://{host}:11434/v1"


_newer = partial(open_openai, limit="max_completion_tokens")
_mistral = partial(open_openai, seed="random_seed")

BUILT_IN: Mapping[str, ProviderKind] = {
    kind.name: kind
    for kind in (
        ProviderKind("openai", "https://api.openai.com/v1", ("OPENAI_API_KEY",), _newer,
                     elsewhere="OPENAI_BASE_URL"),
        ProviderKind("anthropic", "https://api.anthropic.com", ("ANTHROPIC_API_KEY",), open_anthropic,
                     elsewhere="ANTHROPIC_BASE_URL"),
        ProviderKind("openrouter", "https://openrouter.ai/api/v1", ("OPENROUTER_API_KEY",), open_openai),
        ProviderKind("together", "https://api.together.ai/v1", ("TOGETHER_API_KEY",), open_openai),
        ProviderKind("groq", "https://api.groq.com/openai/v1", ("GROQ_API_KEY",), _newer),
        ProviderKind("mistral", "https://api.mistral.ai/v1", ("MISTRAL_API_KEY",), _mistral),
        ProviderKind("deepseek", "https://api.deepseek.com", ("DEEPSEEK_API_KEY",), open_openai),
        ProviderKind(
            "gemini", "https://generativelanguage.googleapis.com/v1beta/openai", ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
            open_openai, about="OpenAI-compatible endpoint",
        ),
        ProviderKind("ollama", "http://localhost:11434/v1", ("OLLAMA_API_KEY",), open_openai, False, "on this machine",
                     elsewhere="OLLAMA_HOST", read_elsewhere=ollama_address),
        ProviderKind("vllm-server", "http://localhost:8000/v1", ("VLLM_API_KEY",), open_openai, False, "`vllm serve`"),
        ProviderKind("llamacpp", "http://localhost:8080/v1", ("LLAMA_API_KEY",), open_openai, False, "`llama-server`"),
        ProviderKind("hf", "", (), open_hf, False, "transformers in this process: a repository or a folder",
                     in_process=True),
        ProviderKind("vllm", "", (), open_vllm, False, "vLLM in this process: a repository or a folder",
                     in_process=True),
        ProviderKind("litellm", "", ("LITELLM_API_KEY",), open_litellm, False,
                     "whatever litellm reaches; keys in the variables that it names"),
    )
}  # fmt: skip
"""The providers that come with satsuma, by name."""

ANY = ProviderKind("", "", ("SATSUMA_API_KEY",), open_openai, needs_key=False, about="any other, with --base-url")
"""Whatever is at `--base-url`."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of `satsuma models`.

    variable: the one that is set, else empty. needs_key, variables, url, about: as in `ProviderKind`.
    """

    name: str
    variables: tuple[str, ...]
    variable: str
    needs_key: bool
    url: str
    about: str


def list_models() -> list[Listed]:
    """Every provider: built-in, of plugins (a broken one says so in `about`), and what else --model can name."""
    rows = [_listed(kind) for kind in BUILT_IN.values()]
    for name, plugin in _plugins().items():
        try:
            rows.append(_listed(_loaded(plugin)))
        except ModelError as error:
            rows.append(Listed(name, (), "", False, "", error.message))
    rows.append(_listed(ANY))
    return [
        *rows,
        _batched(BUILT_IN["openai"]),
        _batched(BUILT_IN["anthropic"]),
        Listed("file:DIR", (), "", False, "", "questions and answers in files"),
        Listed("replay:PATH", (), "", False, "", "a journal or a run directory"),
    ]


def _batched(kind: ProviderKind) -> Listed:
    about = "batch API: half the price, within a day"
    return Listed(f"batch:{kind.name}/NAME", kind.variables, kind.variable(), kind.needs_key, kind.address(), about)


def _listed(kind: ProviderKind) -> Listed:
    where = kind.address() or ("" if kind.name else "--base-url URL")
    return Listed(kind.name or "NAME", kind.variables, kind.variable(), kind.needs_key, where, kind.about)


def open_model(
    model: str,
    *,
    base_url: str = "",
    timeout: float = 60.0,
    concurrency: int = 256,
    tensor_parallel: int = 1,
    note: Callable[[str], None] | None = None,
) -> Provider:
    """The provider of a model that answers while one waits.

    model: PROVIDER/NAME, or any name with base_url.

    Raises:
        SettingsError: the name or the URL cannot be used.
        ModelError: there is no such provider, or its key is missing.
    """
    from satsuma.llm.http import checked_url

    kind, name = find(model, base_url=base_url)
    address = base_url or kind.address()
    url = checked_url(address) if address else ""
    setup = Setup(model, name, url, provider_key(kind), timeout, concurrency, note, tensor_parallel)
    return kind.open(setup)


def provider_of(model: str) -> str:
    """The provider's name in a model's, empty if it names none that is known."""
    name = model.partition("/")[0] if "/" in model else ""
    return name if name in BUILT_IN or name in _plugins() else ""


def find(model: str, *, base_url: str = "") -> tuple[ProviderKind, str]:
    """The provider that a model's name names, and the model's name there.

    Raises:
        SettingsError: the name has no provider.
        ModelError: there is no such provider.
    """
    provider, slash, name = model.partition("/")
    if slash and name and provider in BUILT_IN:
        return BUILT_IN[provider], name
    if slash and name and provider in (plugins := _plugins()):
        return _loaded(plugins[provider]), name
    if base_url:
        return ANY, model
    if not slash or not name:
        raise SettingsError(
            f"the model {model!r} is not written PROVIDER/NAME",
            f"For example --model openai/gpt-4.1-mini or --model ollama/qwen3. {LISTED}",
        )
    near = difflib.get_close_matches(provider, [*BUILT_IN, *_plugins()], 1)
    meant = f"Did you mean {near[0]}/{name}? " if near else ""
    raise ModelError(
        f"there is no provider {provider!r} (in --model {model})", f"{meant}{LISTED} --base-url reaches any other."
    )


def provider_key(kind: ProviderKind) -> str:
    """The provider's key.

    Raises:
        ModelError: it is missing, or cannot be one.
    """
    variable = kind.variable()
    key = os.environ[variable].strip() if variable else ""
    if not key and kind.needs_key:
        raise ModelError(
            f"{kind.name} needs a key, and {' or '.join(kind.variables)} is not set",
            f"Set it: export {kind.variables[0]}=… {LISTED}",
        )
    if not key.isascii() or not key.isprintable():
        raise ModelError(
            f"the value of {variable} cannot be a key: it has characters that no key has",
            f"Set it again: export {variable}=…",
        )
    return key


def _plugins() -> dict[str, EntryPoint]:
    """Entry points of providers that are not built in, by name."""
    return {p.name: p for p in entry_points(group=ENTRY_POINTS) if p.name not in BUILT_IN}


def _loaded(plugin: EntryPoint) -> ProviderKind:
    """The provider of an entry point.

    Raises:
        ModelError: it cannot be loaded, or is not a provider.
    """
    try:
        kind = plugin.load()
    except (ImportError, AttributeError) as error:
        raise ModelError(
            f"the provider {plugin.name!r} ({plugin.value}) cannot be loaded: {error}", "Install it again."
        ) from error
    if not isinstance(kind, ProviderKind):
        raise ModelError(
            f"the provider {plugin.name!r} ({plugin.value}) is a {type(kind).__name__}, not a ProviderKind"
        )
    return kind
