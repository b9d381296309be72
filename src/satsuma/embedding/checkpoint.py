"""A sentence-transformers checkpoint of the BERT kind, read from its folder without torch.

What is understood: `config.json` with `model_type: bert`, weights in `model.safetensors`, `tokenizer.json`, mean
pooling. Everything else is said to be what it is, with the way that reads it (the extra sentence-transformers). No
code of a checkpoint is ever run.

The identity is a hash over weights, tokenizer and the length at which texts are cut.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.embedding.embedder import Floats
from satsuma.embedding.weights import read_weights
from satsuma.errors import ModelError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WEIGHTS = "model.safetensors"
_NEEDED = ("config.json", WEIGHTS, "tokenizer.json")
_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a BERT: layers, attention heads, width of a vector, longest text in tokens, epsilon of the layer norms."""

    layers: int
    heads: int
    width: int
    longest: int
    epsilon: float


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a folder holds. weights: float32 by name. digest: 16 hexadecimal digits over all that matters."""

    shape: Shape
    weights: dict[str, Floats]
    tokenizer: Tokenizer
    digest: str


def is_readable(folder: Path) -> bool:
    """Whether `read_checkpoint` understands this folder."""
    return not _objections(folder)


def read_checkpoint(folder: Path) -> Checkpoint:
    """Everything that a forward pass needs.

    Raises:
        ModelError: the folder holds none, or one of another kind.
    """
    if objection := _objections(folder):
        raise ModelError(
            f"{folder} cannot be used as an embedder without torch: {objection}",
            "Install what reads it: pip install 'satsuma[sentence-transformers]'",
        )
    shape = _shape(folder)
    weights = {name.removeprefix("bert."): value for name, value in read_weights(folder / WEIGHTS).items()}
    if missing := sorted(set(_expected(shape)) - set(weights)):
        raise ModelError(f"{folder / WEIGHTS} has no {missing[0]}", "Name a folder that holds a whole checkpoint.")
    return Checkpoint(shape, weights, _tokenizer(folder / "tokenizer.json", shape.longest), _digest(folder, shape))


def _expected(shape: Shape) -> Iterator[str]:
    """The weights that a forward pass looks up."""
    yield from (f"embeddings.{part}_embeddings.weight" for part in ("word", "position", "token_type"))
    norms = ["embeddings.LayerNorm"]
    for layer in range(shape.layers):
        at = f"encoder.layer.{layer}"
        norms += [f"{at}.attention.output.LayerNorm", f"{at}.output.LayerNorm"]
        norms += [f"{at}.attention.self.{part}" for part in ("query", "key", "value")]
        norms += [f"{at}.attention.output.dense", f"{at}.intermediate.dense", f"{at}.output.dense"]
    yield from (f"{name}.{part}" for name in norms for part in ("weight", "bias"))


def _objections(folder: Path) -> str:
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        return f"it has no {' and no '.join(missing)}"
    config = _mapping(folder / "config.json")
    kind = config.get("model_type")
    if kind != "bert":
        return f"its model_type is {kind!r}, not 'bert'"
    if config.get("hidden_act", "gelu") != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        return "it has another activation or other positions than BERT's"
    pooling = _mapping(folder / "1_Pooling" / "config.json")
    if pooling and not (pooling.get("pooling_mode_mean_tokens") or pooling.get("pooling_mode") == "mean"):
        return "it pools in another way than by the mean"
    if any(folder.glob("[1-9]_Dense")):
        return "it has a dense layer after pooling"
    return ""


def _shape(folder: Path) -> Shape:
    config = _mapping(folder / "config.json")
    sentences = _mapping(folder / "sentence_bert_config.json")
    try:
        most = int(str(config["max_position_embeddings"]))
        return Shape(
            layers=int(str(config["num_hidden_layers"])),
            heads=int(str(config["num_attention_heads"])),
            width=int(str(config["hidden_size"])),
            longest=min(most, int(str(sentences.get("max_seq_length", most)))),
            epsilon=float(str(config.get("layer_norm_eps", 1e-12))),
        )
    except (KeyError, ValueError) as error:
        raise ModelError(f"{folder / 'config.json'} does not say how large the model is: {error}") from error


def _mapping(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _tokenizer(path: Path, longest: int) -> Tokenizer:
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises nothing narrower
        raise ModelError(
            f"{path} is not a tokenizer: {error}", "Install the package that it came with again."
        ) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(longest)
    return tokenizer


def _digest(folder: Path, shape: Shape) -> str:
    hashed = hashlib.blake2b(str(shape.longest).encode(), digest_size=8)
    for name in (WEIGHTS, "tokenizer.json"):
        with (folder / name).open("rb") as file:
            while block := file.read(_BLOCK):
                hashed.update(block)
    return hashed.hexdigest()
