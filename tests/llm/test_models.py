"""How a model is named, where its provider is, and which variable has the key."""

from __future__ import annotations

import asyncio
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from satsuma.errors import ModelError, SettingsError
from satsuma.llm import models
from satsuma.llm.http import checked_url
from satsuma.llm.models import BUILT_IN, ProviderKind, Setup, find, list_models, open_model, open_openai, provider_of
from satsuma.llm.request import Message, Request
from satsuma.testing import serve

ACME = ProviderKind("acme", "http://localhost:9/v1", ("ACME_API_KEY",), open_openai)
NOT_A_PROVIDER = 5


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three entry points: a provider, something else, and one whose module is not there."""
    import sys

    module = sys.modules[__name__]
    monkeypatch.setitem(sys.modules, "acme_satsuma", module)
    found = EntryPoints(
        EntryPoint(name, value, models.ENTRY_POINTS)
        for name, value in (
            ("acme", "acme_satsuma:ACME"),
            ("odd", "acme_satsuma:NOT_A_PROVIDER"),
            ("gone", "no_such_module_here:PROVIDER"),
            ("openai", "acme_satsuma:ACME"),
        )
    )
    monkeypatch.setattr(models, "entry_points", lambda group: found.select(group=group))


def test_every_provider_of_the_issue_is_there() -> None:
    names = "openai anthropic openrouter together groq mistral deepseek gemini ollama vllm-server llamacpp"
    without_address = {"hf", "vllm", "litellm"}
    assert set(names.split()) | without_address == set(BUILT_IN)
    for kind in (BUILT_IN[name] for name in names.split()):
        assert checked_url(kind.url) == kind.url
        assert kind.variables
        assert kind.needs_key is kind.url.startswith("https://")


@pytest.mark.parametrize(
    ("model", "base_url", "provider", "name"),
    [
        ("openai/gpt-4.1-mini", "", "openai", "gpt-4.1-mini"),
        ("openrouter/qwen/qwen3-8b:free", "", "openrouter", "qwen/qwen3-8b:free"),
        ("openai/m", "http://localhost/v1", "openai", "m"),
        ("Qwen/Qwen3-8B", "http://localhost/v1", "", "Qwen/Qwen3-8B"),
        ("qwen3", "http://localhost/v1", "", "qwen3"),
    ],
)
def test_a_model_is_found_by_its_name(model: str, base_url: str, provider: str, name: str) -> None:
    kind, found = find(model, base_url=base_url)
    assert (kind.name, found) == (provider, name)


@pytest.mark.parametrize("model", ["gpt-4", "/gpt-4", "openai/", ""])
def test_a_name_without_a_provider_or_a_model_says_how_to_write_it(model: str) -> None:
    with pytest.raises((SettingsError, ModelError), match="satsuma models"):
        find(model)


def test_an_unknown_provider_names_the_nearest_known_one() -> None:
    with pytest.raises(ModelError) as caught:
        find("opnai/gpt-4")
    assert caught.value.message == "there is no provider 'opnai' (in --model opnai/gpt-4)"
    assert caught.value.hint.startswith("Did you mean openai/gpt-4? `satsuma models` lists")


def test_a_missing_key_names_the_variable_and_the_command() -> None:
    with pytest.raises(ModelError) as caught:
        open_model("gemini/g")
    assert caught.value.message == "gemini needs a key, and GEMINI_API_KEY or GOOGLE_API_KEY is not set"
    assert (
        caught.value.hint == "Set it: export GEMINI_API_KEY=… `satsuma models` lists the providers and their variables."
    )


@pytest.mark.parametrize("key", ["planted\nkey", "plänted"])
def test_a_key_that_cannot_be_one_is_refused_without_being_shown(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    with pytest.raises(ModelError, match="OPENAI_API_KEY cannot be a key") as caught:
        open_model("openai/m")
    assert key not in str(caught.value)


def test_a_model_on_this_machine_needs_no_key() -> None:
    assert open_model("ollama/qwen3") is not None


def test_a_setup_does_not_show_its_key() -> None:
    assert "planted" not in repr(Setup("openai/m", "m", "http://localhost", "planted-key"))


@pytest.mark.parametrize(
    "url", ["localhost:8000", "ftp://x/v1", "http://", "https://user:planted@host/v1", "https://host/v1?key=planted"]
)
def test_a_base_url_that_cannot_be_used_is_refused_without_showing_what_is_secret_in_it(url: str) -> None:
    with pytest.raises(SettingsError) as caught:
        open_model("openai/m", base_url=url)
    assert "planted" not in str(caught.value)


def test_a_trailing_slash_of_the_base_url_does_not_matter() -> None:
    assert checked_url("http://localhost:8000/v1/") == "http://localhost:8000/v1"


@pytest.mark.parametrize(
    ("provider", "variable", "value", "address"),
    [
        ("openai", "OPENAI_BASE_URL", "http://localhost:8001/v1", "http://localhost:8001/v1"),
        ("anthropic", "ANTHROPIC_BASE_URL", "http://localhost:8001", "http://localhost:8001"),
        ("ollama", "OLLAMA_HOST", "box", "http://box:11434/v1"),
        ("ollama", "OLLAMA_HOST", "box:11500", "http://box:11500/v1"),
        ("ollama", "OLLAMA_HOST", "[::1]", "http://[::1]:11434/v1"),
        ("ollama", "OLLAMA_HOST", "https://box/", "https://box/v1"),
    ],
)
def test_a_provider_is_where_its_own_variable_says(
    monkeypatch: pytest.MonkeyPatch, provider: str, variable: str, value: str, address: str
) -> None:
    usual = BUILT_IN[provider].address()
    assert usual == BUILT_IN[provider].url
    monkeypatch.setenv(variable, value)
    assert BUILT_IN[provider].address() == address
    assert next(row.url for row in list_models() if row.name == provider) == address


def test_the_base_url_of_the_command_line_wins_over_the_providers_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted")
    request = Request("openai/m", (Message("user", "Say something."),))

    async def ask(base_url: str) -> None:
        provider = open_model("openai/m", base_url=base_url)
        try:
            await provider.complete(request)
        finally:
            await provider.close()

    with serve() as named, serve() as usual:
        monkeypatch.setenv("OPENAI_BASE_URL", usual.url)
        asyncio.run(ask(""))
        asyncio.run(ask(named.url))
        assert (usual.counters.requests, named.counters.requests) == (1, 1)


def test_the_list_says_which_variables_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "planted-key")
    monkeypatch.setenv("OPENAI_API_KEY", "  ")
    rows = {row.name: row for row in list_models()}
    assert rows["gemini"].variable == "GOOGLE_API_KEY"
    assert rows["openai"].variable == ""
    assert rows["ollama"].needs_key is False
    assert {"NAME", "file:DIR", "replay:PATH"} <= rows.keys()
    assert "planted" not in repr(rows)


@pytest.mark.usefixtures("plugins")
def test_a_provider_can_be_added_by_an_entry_point() -> None:
    assert find("acme/m") == (ACME, "m")
    assert provider_of("acme/m") == "acme"
    with pytest.raises(ModelError, match="ACME_API_KEY is not set"):
        open_model("acme/m")


@pytest.mark.usefixtures("plugins")
def test_an_entry_point_cannot_take_a_built_in_name() -> None:
    assert find("openai/m")[0] is BUILT_IN["openai"]


@pytest.mark.usefixtures("plugins")
@pytest.mark.parametrize(("model", "why"), [("odd/m", "is a int, not a ProviderKind"), ("gone/m", "cannot be loaded")])
def test_an_entry_point_that_is_no_provider_is_named(model: str, why: str) -> None:
    with pytest.raises(ModelError, match=why):
        find(model)


@pytest.mark.usefixtures("plugins")
def test_a_broken_plugin_does_not_stop_the_list() -> None:
    rows = {row.name: row for row in list_models()}
    assert rows["acme"].url == ACME.url
    assert "cannot be loaded" in rows["gone"].about
