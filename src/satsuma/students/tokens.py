"""Texts and pairs of texts as the tokens of a checkpoint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from satsuma.students.items import Ids

if TYPE_CHECKING:
    from satsuma.students.checkpoints import Base
    from satsuma.task.card import Card


@dataclass(frozen=True, slots=True)
class Tokens:
    """Sequences with their special tokens, and token types where the model has them."""

    ids: tuple[Ids, ...]
    types: tuple[Ids, ...]


def tokenized(base: Base, texts: Sequence[str], pairs: Sequence[str] | None, longest: int) -> Tokens:
    """Each text, or each text with its pair, cut at `longest` tokens, of a pair the longer part first."""
    if not texts:
        return Tokens((), ())
    made = base.tokenizer(
        list(texts), None if pairs is None else list(pairs), truncation=True, max_length=longest,
        return_attention_mask=False,
    )  # fmt: skip
    types = made.get("token_type_ids") or []
    return Tokens(tuple(tuple(ids) for ids in made["input_ids"]), tuple(tuple(row) for row in types))


def is_pair(card: Card) -> bool:
    """Whether an instance is two texts, which an encoder reads as a pair: two inputs, not verbalized in another way."""
    return len(card.shown_inputs) == 2 and not card.option_fields and card.verbalize.text is None


def cut(base: Base, texts: Sequence[str], longest: int) -> int:
    """How many texts have more tokens than are read."""
    whole = base.tokenizer(list(texts), truncation=False, return_attention_mask=False, verbose=False)
    return sum(len(ids) > longest for ids in whole["input_ids"])
