"""Models of transformers in this process, on a small random one that is made here."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import pytest

from satsuma.errors import ExtraError, ModelError, SettingsError
from satsuma.llm import local_loading
from satsuma.llm.client import open_client
from satsuma.llm.journal import Journal
from satsuma.llm.models import open_model
from satsuma.llm.provider import CallFailed, FailureKind, Provider
from satsuma.llm.request import Json, Message, Reply, Request, Sampling
from satsuma.settings import Settings

T = TypeVar("T")
MISSING = [name for name in ("torch", "transformers", "llguidance") if find_spec(name) is None]
needs_hf = pytest.mark.skipif(bool(MISSING), reason=f"not installed (the extra hf): {', '.join(MISSING)}")

CONTROLS = ("<s>", "</s>", "<pad>", "<|start|>", "<|end|>")
CONTEXT = 1024
TEMPLATE = (
    "{% for m in messages %}<|start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|start|>assistant\n{% endif %}"
)
SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "label": {"type": "string", "enum": ["billing", "bug"]},
        "stars": {"type": "array", "items": {"type": "integer", "enum": [1, 2, 3]}, "minItems": 2, "maxItems": 2},
    },
    "required": ["label", "stars"],
    "additionalProperties": False,
}


def make_model(folder: Path, *, template: str | None = TEMPLATE, missing: int = 0) -> Path:
    """A random Llama of two layers with a token for each byte. missing: tokens that the model does not know."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    vocabulary = {t: i for i, t in enumerate((*CONTROLS, *sorted(pre_tokenizers.ByteLevel.alphabet())))}
    bytewise = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytewise, bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=["<|start|>", "<|end|>"],
    )  # fmt: skip
    tokenizer.chat_template = template
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(vocabulary) - missing, hidden_size=32, intermediate_size=64, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=CONTEXT,
        bos_token_id=0, eos_token_id=1, initializer_range=0.3,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "tiny")


def question(
    text: str = "Where to?", schema: dict[str, Json] | None = None, draw: int = 0, **sampling: float | int | None
) -> Request:
    given = Sampling(**{"temperature": 1.0, "max_tokens": 30, **sampling})  # type: ignore[arg-type]
    return Request("hf/tiny", (Message("system", "Be brief."), Message("user", text)), schema, given, draw)


def talk(
    folder: Path, do: Callable[[Provider], Awaitable[T]], *, concurrency: int = 256, notes: list[str] | None = None
) -> T:
    """What `do` gets from the model in a folder."""

    async def main() -> T:
        note = notes.append if notes is not None else None
        provider = open_model(f"hf/{folder}", concurrency=concurrency, note=note)
        try:
            return await do(provider)
        finally:
            await provider.close()

    return asyncio.run(main())


def ask_together(folder: Path, requests: Sequence[Request], notes: list[str] | None = None) -> list[Reply]:
    async def all_of_them(provider: Provider) -> list[Reply]:
        return [answer.reply for answer in await asyncio.gather(*(provider.complete(r) for r in requests))]

    return talk(folder, all_of_them, notes=notes)


def ask_alone(folder: Path, requests: Sequence[Request]) -> list[Reply]:
    async def one_by_one(provider: Provider) -> list[Reply]:
        return [(await provider.complete(r)).reply for r in requests]

    return talk(folder, one_by_one, concurrency=1)


@needs_hf
def test_a_request_gets_the_same_reply_alone_and_among_others(folder: Path) -> None:
    requests = [
        question("word " * (1 + 3 * i), SCHEMA if i % 3 == 0 else None, temperature=(0.0, 1.0, 0.7)[i % 3],
                 top_p=(None, 0.9)[i % 2], max_tokens=10 + 5 * i)
        for i in range(10)
    ]  # fmt: skip
    together = ask_together(folder, requests)
    assert together == ask_alone(folder, requests)
    assert len({reply.content for reply in together}) > 5


@needs_hf
def test_draws_and_seeds_differ_and_temperature_0_does_not(folder: Path) -> None:
    drawn = ask_together(folder, [question(), question(draw=1), question(seed=5), question()])
    assert len({reply.content for reply in drawn}) == 3
    assert drawn[0] == drawn[3]
    cold = ask_together(folder, [question(draw=draw, temperature=0.0) for draw in (0, 1)])
    assert cold[0] == cold[1]


@needs_hf
def test_an_answer_follows_its_schema_and_ends_with_it(folder: Path) -> None:
    replies = ask_together(folder, [question(schema=SCHEMA, draw=draw, max_tokens=80) for draw in range(8)])
    for reply in replies:
        answer = json.loads(reply.content)
        assert answer["label"] in {"billing", "bug"}
        assert len(answer["stars"]) == 2
        assert reply.finish_reason == "stop"
    assert len({reply.content for reply in replies}) > 2


@needs_hf
def test_an_answer_ends_at_its_own_limit_and_tokens_are_counted(folder: Path) -> None:
    requests = [question(max_tokens=n, temperature=0.0) for n in (3, 9)]
    short, longer = ask_together(folder, requests)
    assert (short.usage.output_tokens, longer.usage.output_tokens) == (3, 9)
    assert (short.finish_reason, longer.finish_reason) == ("length", "length")
    prompt = len("system\nBe brief.\nuser\nWhere to?\nassistant\n") + 5
    assert short.usage.input_tokens == prompt
    assert short.model == str(folder)


@needs_hf
def test_more_room_lengthens_the_same_answer(folder: Path) -> None:
    short, longer = ask_together(folder, [question(temperature=0.0, max_tokens=n) for n in (8, 16)])
    assert longer.content.startswith(short.content.rstrip("\ufffd"))


@needs_hf
def test_a_schema_that_cannot_be_held_is_only_in_the_prompt_which_is_said_once(folder: Path) -> None:
    notes: list[str] = []
    odd: dict[str, Json] = {"type": "object", "properties": {"x": {"type": "no such type"}}}
    assert all(r.content for r in ask_together(folder, [question(schema=odd, draw=d) for d in (0, 1)], notes))
    (note,) = notes
    assert "without constrained decoding, the schema is only in the prompt" in note


@needs_hf
def test_a_prompt_that_is_too_long_fails_alone(folder: Path) -> None:
    async def both(provider: Provider) -> list[object]:
        requests = (question("x" * CONTEXT), question())
        return list(await asyncio.gather(*(provider.complete(r) for r in requests), return_exceptions=True))

    failed, answered = talk(folder, both)
    assert isinstance(failed, CallFailed)
    assert failed.kind is FailureKind.CONTEXT_LENGTH
    assert not isinstance(answered, BaseException)


@needs_hf
def test_an_answer_never_goes_beyond_the_context(folder: Path) -> None:
    (reply,) = ask_together(folder, [question("x" * (CONTEXT - 60), max_tokens=500, temperature=0.0)])
    assert reply.usage.input_tokens + reply.usage.output_tokens <= CONTEXT


@needs_hf
def test_a_model_without_a_chat_template_reads_plain_text_which_is_said_once(tmp_path: Path) -> None:
    notes: list[str] = []
    made = make_model(tmp_path / "base", template=None)
    replies = ask_together(made, [question(), question(draw=1)], notes)
    assert replies[0].usage.input_tokens == len("System: Be brief.\n\nUser: Where to?\n\nAssistant:")
    assert notes == [
        f"hf/{made}: has no chat template; conversations are given to it as plain text (System: …, User: …)"
    ]


@needs_hf
def test_the_event_loop_stays_free_while_an_answer_is_made(folder: Path) -> None:
    async def count(provider: Provider) -> int:
        await provider.complete(question(max_tokens=1))  # loaded
        asking = asyncio.create_task(provider.complete(question(max_tokens=20, temperature=0.0)))
        turns = 0
        while not asking.done():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert talk(folder, count) > 20


@needs_hf
def test_closing_ends_what_is_being_answered(folder: Path) -> None:
    async def main() -> object:
        provider = open_model(f"hf/{folder}")
        await provider.complete(question(max_tokens=1))
        asking = asyncio.create_task(provider.complete(question(max_tokens=900, temperature=0.0)))
        await asyncio.sleep(0)
        await provider.close()
        (result,) = await asyncio.gather(asking, return_exceptions=True)
        return result

    assert isinstance(asyncio.run(main()), asyncio.CancelledError)


@needs_hf
def test_nothing_is_loaded_before_the_first_request(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    provider = open_model(f"hf/{tmp_path}/empty")
    with pytest.raises(ModelError, match=r"empty cannot be loaded") as caught:
        asyncio.run(_once(provider))
    assert "causal language model" in caught.value.hint


async def _once(provider: Provider) -> None:
    try:
        await provider.complete(question())
    finally:
        await provider.close()


@needs_hf
def test_what_is_in_the_journal_is_not_asked_of_the_model_again(tmp_path: Path) -> None:
    made = make_model(tmp_path / "model")
    requests = [replace(question(schema=SCHEMA, draw=draw, max_tokens=80), model=f"hf/{made}") for draw in range(4)]

    async def main() -> list[Reply]:
        with Journal.open(tmp_path / "journal.sqlite") as journal:
            async with open_client(Settings(1, f"hf/{made}"), journal) as client:
                return list(await asyncio.gather(*(client.reply(request) for request in requests)))

    replies = asyncio.run(main())
    assert {json.loads(reply.content)["label"] for reply in replies} <= {"billing", "bug"}
    (made / "model.safetensors").unlink()  # a model that were loaded now would fail
    assert asyncio.run(main()) == replies


@needs_hf
def test_a_model_that_is_not_here_cannot_be_had_offline() -> None:
    with pytest.raises(ModelError, match="HF_HUB_OFFLINE is set") as caught:
        asyncio.run(_once(open_model("hf/no-such-owner/no-such-model")))
    assert "hf download no-such-owner/no-such-model" in caught.value.hint


@needs_hf
def test_a_device_that_is_none_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SATSUMA_DEVICE", "quantum")
    with pytest.raises(SettingsError, match="SATSUMA_DEVICE is 'quantum'"):
        asyncio.run(_once(open_model(f"hf/{folder}")))


@needs_hf
def test_memory_that_runs_out_on_a_cpu_is_recognised() -> None:
    import torch

    from satsuma.llm.local_batches import out_of_memory

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(caught.value)
    assert not out_of_memory(RuntimeError("shape mismatch"))


@needs_hf
def test_a_batch_that_does_not_fit_says_so(folder: Path) -> None:
    import torch

    from satsuma.llm.gathering import OutOfMemoryError
    from satsuma.llm.local_batches import Row, answer
    from satsuma.llm.token_choice import Choice

    def generate(*_: object, **__: object) -> None:
        raise error

    loaded = local_loading.load(str(folder))
    loaded.model.generate = generate
    error: Exception = torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(OutOfMemoryError):
        answer(loaded, None, [Row([1, 2], 5, Choice(), 1)])
    error = RuntimeError("shape mismatch")
    with pytest.raises(RuntimeError, match="shape mismatch"):
        answer(loaded, None, [Row([1, 2], 5, Choice(), 1)])


@needs_hf
def test_a_model_that_does_not_go_with_its_tokenizer_ends_the_run(tmp_path: Path) -> None:
    notes: list[str] = []
    made = make_model(tmp_path / "mixed", missing=150)
    with pytest.raises(CallFailed, match="the model failed: IndexError") as caught:
        ask_together(made, [question()], notes)
    assert caught.value.kind is FailureKind.BAD_REQUEST
    assert "without constrained decoding" in notes[0]


@needs_hf
@pytest.mark.parametrize("name", ["/no/such/folder", "./no-such-folder", "~/no/such"])
def test_a_folder_that_is_not_there_is_named_at_once(name: str) -> None:
    with pytest.raises(ModelError, match="there is no folder"):
        open_model(f"hf/{name}")


@needs_hf
def test_a_model_in_this_process_has_no_address(folder: Path) -> None:
    with pytest.raises(SettingsError, match="runs in this process and has no address"):
        open_model(f"hf/{folder}", base_url="http://localhost:8000/v1")


def test_without_torch_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_loading, "find_spec", lambda _: None)
    with pytest.raises(ExtraError) as caught:
        open_model("hf/owner/name")
    assert caught.value.message == "hf/… needs torch and transformers and llguidance, which are not installed"
    assert caught.value.hint == "Install it: pip install 'satsuma[hf]'"


class GatedRepoError(Exception):
    """Named as the hub's client names it."""


class RepositoryNotFoundError(Exception):
    """Named as the hub's client names it."""


@pytest.mark.parametrize(
    ("cause", "message", "hint"),
    [
        (GatedRepoError("403"), "behind a licence that was not accepted", "hf auth login"),
        (RepositoryNotFoundError("404"), "neither as a folder nor on the hub", "hf/OWNER/NAME@REVISION"),
        (MemoryError("can't allocate memory"), "does not fit into memory", "smaller one"),
        (ValueError("hf_plantedplantedplanted is odd"), "cannot be loaded: OSError", "transformers knows"),
    ],
)
def test_what_the_hub_refuses_is_explained(
    cause: Exception, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    error = OSError(f"OSError: {cause}")
    error.__cause__ = cause
    explained = local_loading.unusable("hf", "owner/name", error)
    assert message in explained.message
    assert hint in explained.hint
    assert "planted" not in str(explained)
