"""What a head makes of an instance: sequences of tokens, and batches of them with little padding.

Batches of training: items in an order of chance by seed and epoch, cut into blocks of `BLOCK` batches, each block
sorted by length and cut into batches, and these taken in an order of chance again; so a batch has items of like length,
and padding stays under a tenth. Batches of prediction hold at most so many tokens. Both depend on nothing but lengths,
seed and epoch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from satsuma import chance

if TYPE_CHECKING:
    from torch import Tensor

Ids: TypeAlias = tuple[int, ...]
BLOCK = 50
TOKENS = 4096
"""Tokens of a batch of prediction, padding among them."""
IGNORED = -100
"""What torch's cross entropy takes for no target."""


@dataclass(frozen=True, slots=True)
class Item:
    """What goes through the model together: one sequence, or one for each option or each candidate.

    at: the place of its instance. types: token types, as many as rows, where the model has them. written: the targets
    of an encoder-decoder, one per row. target: what the head's loss takes. weight: what its loss counts.
    """

    at: int
    rows: tuple[Ids, ...]
    types: tuple[Ids, ...] = ()
    written: tuple[Ids, ...] = ()
    target: object = None
    weight: float = 1.0
    told: object = field(default=None, compare=False)

    @property
    def length(self) -> int:
        """Tokens of its longest sequence, and of the longest target after it."""
        return max(map(len, self.rows)) + max(map(len, self.written), default=0)


def training_batches(lengths: Sequence[int], size: int, seed: int, epoch: int) -> list[list[int]]:
    """The batches of an epoch: indices; each item once."""
    order = sorted(range(len(lengths)), key=lambda at: chance.number(seed, "epoch", epoch, at))
    batches: list[list[int]] = []
    for start in range(0, len(order), BLOCK * size):
        block = sorted(order[start : start + BLOCK * size], key=lambda at: lengths[at])
        batches += [block[at : at + size] for at in range(0, len(block), size)]
    return sorted(batches, key=lambda batch: chance.number(seed, "batch", epoch, batch[0]))


def prediction_batches(items: Sequence[Item], tokens: int = TOKENS) -> Iterator[list[int]]:
    """Batches of at most so many tokens, the shortest items first; a longer item is alone."""
    batch: list[int] = []
    rows = 0
    for at in sorted(range(len(items)), key=lambda at: items[at].length):
        more = len(items[at].rows)
        if batch and items[at].length * (rows + more) > tokens:
            yield batch
            batch, rows = [], 0
        batch.append(at)
        rows += more
    if batch:
        yield batch


def padding(items: Sequence[Item], batches: Sequence[Sequence[int]]) -> float:
    """The share of padding among the tokens of batches, 0 to 1."""
    held = cells = 0
    for batch in batches:
        rows = [len(row) for at in batch for row in items[at].rows]
        held += sum(rows)
        cells += max(rows) * len(rows)
    return 1 - held / cells if cells else 0.0


def padded(rows: Sequence[Ids], pad: int, device: str, *, left: bool = False) -> Tensor:
    """Rows of one length; int64, shape (rows, longest)."""
    import torch

    width = max(map(len, rows))
    made = torch.full((len(rows), width), pad, dtype=torch.long)
    for at, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        made[at, place] = torch.tensor(row, dtype=torch.long)
    return made.to(device)


def inputs_of(items: Sequence[Item], pad: int, device: str, *, left: bool = False) -> dict[str, Tensor]:
    """The sequences of several items, one after the other, as a model takes them."""
    rows = [row for item in items for row in item.rows]
    made = {
        "input_ids": padded(rows, pad, device, left=left),
        "attention_mask": padded([(1,) * len(row) for row in rows], 0, device, left=left),
    }
    if any(item.types for item in items):
        made["token_type_ids"] = padded([row for item in items for row in item.types], 0, device, left=left)
    return made
