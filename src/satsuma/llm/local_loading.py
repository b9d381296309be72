"""Loading a model into this process: a folder or a repository of the Hugging Face hub, with transformers.

Rule: `NAME` of `hf/NAME` is a folder if there is one, else a repository, with `@REVISION` if wanted. Code that comes
with a model is never run (`trust_remote_code` stays off). On a GPU weights are bfloat16 (float16 where the GPU has
none), on a CPU float32. The variable SATSUMA_DEVICE names a device (`cpu`, `cuda:1`, `mps`) or spreads the model over
all of them (`auto`).

Whatever goes wrong on the way becomes one `ModelError` that says what to do: no such folder or repository, a licence
that was not accepted, no network, files missing, weights that do not fit.

Not covered: quantised weights that need further packages, adapters, GGUF files.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.errors import ExtraError, ModelError, SettingsError
from satsuma.llm.secrets import redact, spellings
from satsuma.llm.token_choice import Choice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

DEVICE = "SATSUMA_DEVICE"
"""The variable that names the device."""
UNKNOWN_CONTEXT = 2048
"""Tokens that a model is taken to read where its configuration does not say."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model that is ready.

    context: tokens of prompt and answer together. width: entries of its logits. ends: tokens that end an answer.
    default: how tokens are drawn unless a request says otherwise.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    context: int
    width: int
    ends: tuple[int, ...]
    default: Choice


def require(extra: str, *packages: str) -> None:
    """Check that an extra's packages are there, without loading them.

    Raises:
        ExtraError: one is not.
    """
    missing = [name for name in packages if find_spec(name) is None]
    if missing:
        raise ExtraError(
            f"{extra}/… needs {' and '.join(missing)}, which {'is' if len(missing) == 1 else 'are'} not installed",
            f"Install it: pip install 'satsuma[{extra}]'",
        )


def located(provider: str, name: str) -> tuple[str, str | None]:
    """A folder's path, or a repository and its revision (None for the newest).

    Raises:
        ModelError: it is written like a folder, and there is none.
    """
    folder = Path(name).expanduser()
    if folder.is_dir():
        return str(folder), None
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(
            f"there is no folder {folder} (in --model {provider}/{name})",
            f"Name a folder that holds config.json, tokenizer.json and weights, or a repository: {provider}/OWNER/NAME",
        )
    repository, _, revision = name.partition("@")
    return repository, revision or None


def load(name: str) -> Loaded:
    """Load a model and its tokenizer; takes seconds to minutes.

    name: a folder, or a repository with or without `@REVISION`.

    Raises:
        ModelError: it cannot be had, or cannot be used.
        SettingsError: SATSUMA_DEVICE names no device.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place, revision = located("hf", name)
    device = _device()
    try:
        with _quiet():
            where = {"revision": revision, "local_files_only": _offline()}
            tokenizer = AutoTokenizer.from_pretrained(place, **where)
            model = AutoModelForCausalLM.from_pretrained(
                place, **where, dtype=_dtype(device), device_map="auto" if device == "auto" else None
            )
            if device != "auto":
                model.to(torch.device(device))
    except (OSError, ValueError, ImportError, KeyError, AttributeError, TypeError, RuntimeError) as error:
        raise unusable("hf", name, error, folder=Path(place).is_dir()) from error
    return _prepared(model.eval(), tokenizer)


def _prepared(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase) -> Loaded:
    """What the model's own files say about drawing and ending, taken out of them: nothing else may shape an answer."""
    from transformers import GenerationConfig

    own, config = model.generation_config, model.config.get_text_config()
    ends = own.eos_token_id if isinstance(own.eos_token_id, list) else [own.eos_token_id]
    ends = sorted({e for e in (*ends, tokenizer.eos_token_id) if isinstance(e, int)})
    default = Choice(
        1.0 if own.temperature is None else own.temperature,
        1.0 if own.top_p is None else own.top_p,
        own.top_k or 0,
    )
    pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else (ends[0] if ends else 0)
    model.generation_config = GenerationConfig(do_sample=False, use_cache=True, pad_token_id=pad)
    context = getattr(config, "max_position_embeddings", None) or getattr(config, "n_positions", None)
    head = model.get_output_embeddings()
    width = head.weight.shape[0] if head is not None else config.vocab_size
    return Loaded(model, tokenizer, context or UNKNOWN_CONTEXT, width, tuple(ends), default)


def _device() -> str:
    """The device to load to.

    Raises:
        SettingsError: the variable names none.
    """
    import torch

    named = os.environ.get(DEVICE, "").strip()
    if not named:
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else "cpu"
    if named == "auto":
        return named
    try:
        torch.device(named)
    except RuntimeError:
        raise SettingsError(
            f"{DEVICE} is {named!r}, which is no device", "Set it to cpu, cuda, cuda:1, mps or auto, or unset it."
        ) from None
    return named


def _dtype(device: str) -> object:
    import torch

    if device == "auto" or device.startswith("cuda"):
        return torch.bfloat16 if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else torch.float16
    return torch.bfloat16 if device == "mps" else torch.float32


class _quiet:  # noqa: N801 - reads as a statement
    """transformers without its bars and advice, which would run through the run's own lines; restored afterwards."""

    def __enter__(self) -> None:
        from transformers.utils import logging

        self._verbosity, self._bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
        logging.set_verbosity_error()
        logging.disable_progress_bar()

    def __exit__(self, *_: object) -> None:
        from transformers.utils import logging

        logging.set_verbosity(self._verbosity)
        if self._bars:
            logging.enable_progress_bar()


def unusable(provider: str, name: str, error: BaseException, *, folder: bool = False) -> ModelError:
    """What an error of transformers, vLLM or the hub's client means to the reader. folder: whether it came from one."""
    kinds = {type(e).__name__ for e in _chain(error)}
    said = redact(" ".join(str(error).split())[:300], spellings([os.environ.get("HF_TOKEN", "")]))
    if "OutOfMemoryError" in kinds or "allocate memory" in said:
        return ModelError(
            f"the model {name} does not fit into memory: {said}", "Choose a smaller one, or a larger machine."
        )
    if not folder and ("GatedRepoError" in kinds or "gated repo" in said):
        return ModelError(
            f"the model {name} is behind a licence that was not accepted, or its token is missing",
            "Accept the licence on the model's page, then log in: hf auth login (or set HF_TOKEN).",
        )
    if not folder and kinds & {"RepositoryNotFoundError", "RevisionNotFoundError", "HFValidationError"}:
        return ModelError(
            f"there is no model {name}, neither as a folder nor on the hub",
            f"Check the name ({provider}/OWNER/NAME, {provider}/OWNER/NAME@REVISION); a private model needs HF_TOKEN.",
        )
    if not folder and (_offline() or kinds & UNREACHED):
        why = " because HF_HUB_OFFLINE is set" if _offline() else ""
        return ModelError(
            f"the model {name} is not on this machine, and the hub cannot be reached{why}",
            f"Fetch it with a network: hf download {name.partition('@')[0]} (or name a folder: {provider}/./FOLDER).",
        )
    return ModelError(
        f"the model {name} cannot be loaded: {said}",
        "It has to be a causal language model that transformers knows, with its tokenizer and weights.",
    )


UNREACHED = frozenset({"OfflineModeIsEnabled", "LocalEntryNotFoundError", "ConnectError", "ConnectTimeout"})
"""Errors of the hub's client when there is no hub."""


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An error and what it came from."""
    at: BaseException | None = error
    for _ in range(20):
        if at is None:
            return
        yield at
        at = at.__cause__ or at.__context__


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "TRUE", "YES", "ON"}
