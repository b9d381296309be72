"""Constrained decoding: of all tokens, those with which the answer can still become what the schema asks for.

Library: llguidance, by weight and cost. One wheel of 8 MB for every Python, without a dependency, the engine behind
the structured outputs of several servers; a grammar is ready in milliseconds because it is worked out while it is
used. xgrammar needs triton (hundreds of megabytes) beside torch; outlines-core compiles the whole automaton before the
first token; lm-format-enforcer walks the vocabulary in Python.

Mechanism: a matcher per schema, copied for each row; masks of all rows are made together in llguidance's own threads,
one bit per token, and applied where the logits are.

A schema that llguidance does not take is only written into the prompt; the caller says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from satsuma.llm.request import Json

MOST_SCHEMAS = 512
"""Matchers that are kept."""
SEPARATORS = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""JSON on one line, as models write it; free whitespace would let a weak model write nothing else."""


class Matcher(Protocol):
    """Where a row is in its grammar (`llguidance.LLMatcher`)."""

    def deep_copy(self) -> Matcher:
        """One of its own."""
        ...

    def is_error(self) -> bool:
        """Whether it cannot be used."""
        ...

    def get_error(self) -> str:
        """Why."""
        ...

    def is_stopped(self) -> bool:
        """Whether nothing can follow."""
        ...

    def consume_token(self, sampled_token: int) -> bool:
        """Go on by a token."""
        ...


class UnusableSchemaError(Exception):
    """A schema that cannot be held by constrained decoding."""


class Grammars:
    """The grammars of one model's vocabulary.

    tokenizer: a fast tokenizer of transformers. width: entries of the model's logits. ends: tokens that end an answer.

    Raises:
        UnusableSchemaError: this tokenizer cannot be constrained.
    """

    def __init__(self, tokenizer: object, width: int, ends: Sequence[int]) -> None:
        import llguidance
        from llguidance.hf import from_tokenizer

        try:
            self._tokenizer = from_tokenizer(tokenizer, n_vocab=width, eos_token=list(ends))
        except (ValueError, TypeError, RuntimeError) as error:
            raise UnusableSchemaError(str(error)) from error
        self._executor = llguidance.LLExecutor()
        self._made: dict[int, tuple[Mapping[str, Json], Matcher]] = {}

    def matcher(self, schema: Mapping[str, Json]) -> Matcher:
        """A matcher at the start of a schema.

        Raises:
            UnusableSchemaError: the schema cannot be held.
        """
        kept = self._made.get(id(schema))
        if kept is None:
            if len(self._made) >= MOST_SCHEMAS:
                self._made.clear()
            kept = self._made[id(schema)] = (schema, self._compile(schema))
        return kept[1].deep_copy()

    def _compile(self, schema: Mapping[str, Json]) -> Matcher:
        from llguidance import LLMatcher

        try:
            grammar = LLMatcher.grammar_from_json_schema(orjson.dumps(schema).decode(), overrides=SEPARATORS)
        except ValueError as error:
            raise UnusableSchemaError(str(error)) from error
        made: Matcher = LLMatcher(self._tokenizer, grammar, log_level=0)
        if made.is_error():
            raise UnusableSchemaError(made.get_error())
        return made

    def restrict(self, logits: Tensor, matchers: Sequence[Matcher | None]) -> Tensor:
        """The logits (rows by vocabulary) with minus infinity where a row's matcher does not go; None goes anywhere."""
        import numpy as np
        import torch

        held = [(matcher, row) for row, matcher in enumerate(matchers) if matcher is not None and not _lost(matcher)]
        if not held:
            return logits
        rows, width = logits.shape
        words = np.full((rows, (width + 31) // 32), -1, dtype=np.int32)
        self._executor.unsafe_compute_mask_ptr(held, words.ctypes.data, words.shape[1] * 4, rows)
        forbidden = 1 - np.unpackbits(words.view(np.uint8), axis=1, count=width, bitorder="little")
        return logits.masked_fill(torch.from_numpy(forbidden).to(logits.device).bool(), float("-inf"))


def _lost(matcher: Matcher) -> bool:
    return matcher.is_error() or matcher.is_stopped()
