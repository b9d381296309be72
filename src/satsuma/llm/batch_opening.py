"""From `batch:PROVIDER/NAME` to a provider's batch API, which is spoken with the model's own words and key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from satsuma.errors import SettingsError
from satsuma.llm.models import Setup, find, provider_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from satsuma.llm.batch_api import BatchApi

BATCH = "batch:"
"""What the name of a model begins with that is asked by batches."""


def open_batches(
    model: str, *, base_url: str = "", timeout: float = 60.0, note: Callable[[str], None] | None = None
) -> BatchApi:
    """The batches of a model; the provider's own address unless `base_url` names one. timeout: seconds of silence.

    model: without `batch:`.

    Raises:
        SettingsError: the name or the URL cannot be used, or satsuma does not know this provider's batch API.
        ModelError: there is no such provider, or its key is missing.
    """
    from satsuma.llm.anthropic import VERSION, Anthropic
    from satsuma.llm.batch_anthropic import AnthropicBatches
    from satsuma.llm.batch_openai import OpenAIBatches
    from satsuma.llm.http import Endpoint, checked_url
    from satsuma.llm.openai import OpenAI

    kind, name = find(model, base_url=base_url)
    if kind.name not in ("openai", "anthropic", ""):
        raise SettingsError(
            f"satsuma does not know a batch API of {kind.name}",
            f"--model {model} asks it directly; batch:openai/NAME and batch:anthropic/NAME are known.",
        )
    url, key = checked_url(base_url or kind.url), provider_key(kind)
    provider = kind.open(Setup(model, name, url, key, timeout, 1, note))
    if isinstance(provider, Anthropic):
        headers = {"x-api-key": key, "anthropic-version": VERSION}
        place = f"{url.removesuffix('/v1')}/v1/messages/batches"
        return AnthropicBatches(provider, Endpoint(place, headers, timeout=timeout, secrets=(key,)))
    assert isinstance(provider, OpenAI)  # noqa: S101 - by the names above
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return OpenAIBatches(provider, Endpoint(url, headers, timeout=timeout, secrets=(key,)))
