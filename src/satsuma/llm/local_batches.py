"""One batch of answers from a model of transformers: prompts in, tokens out, row by row its own way.

Mechanism: `generate` of transformers walks the model (its caches, masks and positions are its own business); what is
taken at each step is decided here, by a processor of the logits that leaves each row exactly one possible token. So a
row has its own temperature, its own randomness, its own schema and its own end, whatever else is in the batch.

Prompts are padded on the left and the padding is masked, so that all rows go on at the same place. A row that has
ended is filled up until the last one ends.

Not covered: speculative decoding, and rows that join a batch on its way.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satsuma.llm.constrained import UnusableSchemaError
from satsuma.llm.gathering import OutOfMemoryError
from satsuma.llm.token_choice import choose

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

    from satsuma.llm.constrained import Grammars, Matcher
    from satsuma.llm.local_loading import Loaded
    from satsuma.llm.request import Json
    from satsuma.llm.token_choice import Choice


@dataclass(slots=True, eq=False)
class Row:
    """One request in a batch, and its answer.

    prompt: its tokens. limit: tokens of the answer. chosen: the answer's tokens, without the one that ended it.
    spent: tokens that were generated. finish: `stop` or `length`, empty until it has ended. unheld: why the schema
    could not be held by constrained decoding, empty if it was.
    """

    prompt: Sequence[int]
    limit: int
    choice: Choice
    seed: int
    schema: Mapping[str, Json] | None = None
    abandoned: bool = False
    chosen: list[int] = field(default_factory=list)
    spent: int = 0
    finish: str = ""
    unheld: str = ""
    chance: random.Random = field(default_factory=random.Random)
    matcher: Matcher | None = None

    @property
    def length(self) -> int:
        """Tokens of the prompt."""
        return len(self.prompt)

    def begin(self, grammars: Grammars | None) -> None:
        """Start, or start again after a batch that did not fit."""
        self.chosen, self.spent, self.finish, self.matcher = [], 0, "", None
        self.chance = random.Random(self.seed)
        if self.schema is None or grammars is None:
            return
        try:
            self.matcher = grammars.matcher(self.schema)
        except UnusableSchemaError as error:
            self.unheld = str(error)

    def take(self, token: int, ends: frozenset[int]) -> None:
        """Go on by a token."""
        self.spent += 1
        if token in ends:
            self.finish = "stop"
            return
        self.chosen.append(token)
        if self.matcher is not None and not (self.matcher.consume_token(token) and not self.matcher.is_stopped()):
            self.finish = "stop"
        elif self.spent >= self.limit:
            self.finish = "length"


class Steering:
    """Decides for each row of a batch what comes next and when it ends; what `generate` is called with."""

    def __init__(self, rows: Sequence[Row], grammars: Grammars | None, ends: frozenset[int], pad: int) -> None:
        self._rows = rows
        self._grammars = grammars
        self._ends = ends
        self._pad = pad

    def process(self, _tokens: Tensor, scores: Tensor) -> Tensor:
        """Logits (rows by vocabulary) in which one token of each row is left."""
        live = [at for at, row in enumerate(self._rows) if not row.finish and not row.abandoned]
        tokens = [self._pad] * len(self._rows)
        if live:
            logits = scores if len(live) == len(self._rows) else scores[live]
            rows = [self._rows[at] for at in live]
            if self._grammars is not None:
                logits = self._grammars.restrict(logits, [row.matcher for row in rows])
            points = [row.chance.random() for row in rows]
            for at, row, token in zip(live, rows, choose(logits, [r.choice for r in rows], points), strict=True):
                tokens[at] = token
                row.take(token, self._ends)
        return self._only(tokens, scores)

    def ended(self, tokens: Tensor, _scores: object) -> Tensor:
        """Which rows have ended."""
        import torch

        done = [bool(row.finish) or row.abandoned for row in self._rows]
        return torch.tensor(done, dtype=torch.bool, device=tokens.device)

    @staticmethod
    def _only(tokens: Sequence[int], scores: Tensor) -> Tensor:
        import torch

        only = torch.full_like(scores, float("-inf"))
        only[torch.arange(len(tokens)), torch.tensor(tokens)] = 0.0
        return only


def answer(loaded: Loaded, grammars: Grammars | None, rows: Sequence[Row]) -> None:
    """Work on a batch; each row holds its answer afterwards.

    Raises:
        OutOfMemoryError: the batch does not fit.
    """
    import torch
    from transformers import LogitsProcessorList, StoppingCriteriaList

    for row in rows:
        row.begin(grammars)
    pad = loaded.model.generation_config.pad_token_id
    steering = Steering(rows, grammars, frozenset(loaded.ends), pad)
    longest = max(len(row.prompt) for row in rows)
    tokens = torch.full((len(rows), longest), pad, dtype=torch.long)
    mask = torch.zeros_like(tokens)
    for at, row in enumerate(rows):
        tokens[at, longest - len(row.prompt) :] = torch.tensor(row.prompt)
        mask[at, longest - len(row.prompt) :] = 1
    device = loaded.model.device
    try:
        with torch.inference_mode():
            loaded.model.generate(
                tokens.to(device),
                attention_mask=mask.to(device),
                max_new_tokens=max(row.limit for row in rows),
                logits_processor=LogitsProcessorList([steering.process]),
                stopping_criteria=StoppingCriteriaList([steering.ended]),
            )
    except (RuntimeError, MemoryError) as error:
        if not out_of_memory(error):
            raise
    else:
        return
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    raise OutOfMemoryError


def out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch means that memory ran out; on a CPU only its words say so."""
    import torch

    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        "out of memory" in words or "can't allocate memory" in words or "not enough memory" in words
    )
