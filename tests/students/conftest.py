"""Random models of two layers with tokenizers made here, and small tasks that a rule decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerFast

FAMILIES = ("encoder", "encoder-decoder", "decoder")
THINGS = "charge refund invoice card crash error screen login".split()  # noqa: SIM905 - reads better
FILLERS = "my the a on is was again today please help with since".split()  # noqa: SIM905
LABELS = ("billing", "bug")
MARKS = ("premise", "choice1", "choice2", "none", "A", "B", "C", ":", ",", ".")
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
VOCABULARY = (*SPECIAL, *THINGS, *FILLERS, *LABELS, *MARKS, *map(str, range(30)))
TICKETS = {
    "name": "tickets",
    "task": "Route a message.",
    "inputs": {"message": "a message"},
    "output": {"labels": {"billing": "about money", "bug": "something is broken"}},
}

Rows = list[dict[str, object]]


def message(number: int) -> str:
    """A message whose thing tells the label, and which no other number has."""
    thing, fillers = THINGS[number % len(THINGS)], [FILLERS[(number * k) % len(FILLERS)] for k in (1, 3, 5)]
    return " ".join([fillers[0], thing, *fillers[1:], str(number // 30), str(number % 30)])


def tickets(numbers: Sequence[int]) -> Rows:
    """Rows of the card `TICKETS`: the first half of the things is about money."""
    return [{"message": message(n), "label": LABELS[n % len(THINGS) >= 4], "id": f"t{n}"} for n in numbers]


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Rows], Path]:
    """Writes rows to a file of that name."""

    def written(name: str, rows: Rows) -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
        return path

    return written


def tokenizer(*, pads: bool = True, ends: bool = True) -> PreTrainedTokenizerFast:
    """Words and nothing else."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    if ends:
        words.post_processor = processors.TemplateProcessing(
            single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
        )
    named = {"unk_token": "[UNK]", "eos_token": "[SEP]"} | ({"pad_token": "[PAD]"} if pads else {})
    return PreTrainedTokenizerFast(tokenizer_object=words, model_max_length=64, **named)


def write_model(family: str, folder: Path, *, pads: bool = True) -> Path:
    """A random model of two layers, always the same one."""
    import torch
    import transformers as hf

    size = len(VOCABULARY)
    with torch.random.fork_rng():
        torch.manual_seed(7)
        if family == "encoder":
            config = hf.BertConfig(
                vocab_size=size, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
                max_position_embeddings=64,
            )  # fmt: skip
            model = hf.BertModel(config)
        elif family == "encoder-decoder":
            config = hf.T5Config(
                vocab_size=size, d_model=32, d_kv=16, d_ff=64, num_layers=2, num_heads=2, decoder_start_token_id=0,
                eos_token_id=3, pad_token_id=0,
            )  # fmt: skip
            model = hf.T5ForConditionalGeneration(config)
        else:
            config = hf.GPT2Config(
                vocab_size=size, n_embd=32, n_layer=2, n_head=2, n_positions=64, bos_token_id=3, eos_token_id=3
            )
            model = hf.GPT2LMHeadModel(config)
    model.save_pretrained(folder)
    tokenizer(pads=pads, ends=family != "decoder").save_pretrained(folder)
    return folder


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads take longer for matrices as small as these."""
    if find_spec("torch") is None:
        yield
        return
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Family → the folder of a model."""
    pytest.importorskip("torch", reason="needs the extra train")
    pytest.importorskip("peft", reason="needs the extra train")
    place = tmp_path_factory.mktemp("models")
    return {family: write_model(family, place / family) for family in FAMILIES}
