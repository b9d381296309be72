"""The training loop: AdamW, a linear warm-up and decay, early stopping, and a state to go on from.

Rule: the gradient of a step is that of its whole batch, however it is cut to fit into memory: each part's losses are
summed and divided by the weight of the whole. If memory is full, parts are halved, the step is done again, and that is
told once. The order of items and the random state are part of the state, so that a training that was killed ends with
the same weights as one that was not (on a CPU with as many threads, bit by bit).

The best epoch is that with the lowest dev loss; without a dev part, the last. Not covered: several GPUs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satsuma.errors import ModelError
from satsuma.students.devices import autocast, out_of_memory
from satsuma.students.items import Item, prediction_batches, training_batches
from satsuma.students.record import Epoch

if TYPE_CHECKING:
    from torch.nn import Module

    from satsuma.students.head import Head
    from satsuma.students.mixing import Mixture
    from satsuma.students.resuming import Keeper
    from satsuma.students.settings import TrainSettings

SAVE_STEPS = 200
"""Steps after which the state is saved inside of an epoch."""
CLIP = 1.0


@dataclass(frozen=True, slots=True)
class Work:
    """What is trained, on what, how and where. settings: resolved. mixture: of several tasks."""

    model: Module
    head: Head
    train: Sequence[Item]
    dev: Sequence[Item]
    settings: TrainSettings
    device: str
    bf16: bool
    mixture: Mixture | None = None

    def drawn(self, epoch: int) -> Sequence[Item]:
        """The items of an epoch: all of them, or as the mixture of several tasks has it."""
        if self.mixture is None:
            return self.train
        return [self.train[at] for at in self.mixture.epoch(epoch)]


@dataclass(slots=True)
class State:
    """Where a training stands. batch: batches done of this epoch; loss, weight: their sums. micro: items at a time."""

    micro: int
    epoch: int = 0
    batch: int = 0
    step: int = 0
    loss: float = 0.0
    weight: float = 0.0
    best: float = math.inf
    best_epoch: int = 0
    history: list[Epoch] = field(default_factory=list)


class Loop:
    """One training, from wherever its state is."""

    def __init__(self, work: Work, state: State, keeper: Keeper, note: Callable[[str], None]) -> None:
        import torch

        settings = work.settings
        self.work, self.state = work, state
        self._keeper, self._note = keeper, note
        self._halved = False
        self._trained = [p for p in work.model.parameters() if p.requires_grad]
        self._epochs = settings.epochs or 1
        self._rate = settings.learning_rate or 1e-4
        self._steps = self._epochs * math.ceil(len(work.train) / settings.batch)
        plain = [p for p in self._trained if p.ndim < 2]  # biases and norms do not decay
        groups = [
            {"params": [p for p in self._trained if p.ndim >= 2], "weight_decay": settings.weight_decay},
            {"params": plain, "weight_decay": 0.0},
        ]
        self.optimizer = torch.optim.AdamW([g for g in groups if g["params"]], lr=self._rate)

    def run(self) -> State:
        """Train to the end.

        Raises:
            ModelError: not even one item fits into memory.
        """
        while not self._finished():
            self._epoch()
        return self.state

    def _finished(self) -> bool:
        state = self.state
        patient = not self.work.dev or state.epoch - state.best_epoch < self.work.settings.patience
        return state.epoch >= self._epochs or not patient

    def _epoch(self) -> None:
        work, state = self.work, self.state
        work.model.train()
        drawn = work.drawn(state.epoch)
        lengths = [item.length for item in drawn]
        batches = training_batches(lengths, work.settings.batch, work.settings.seed, state.epoch)
        for batch in batches[state.batch :]:
            self._step([drawn[at] for at in batch])
            state.batch += 1
            if state.step % SAVE_STEPS == 0:
                self._keeper.save(self)
        self._end_of_epoch()

    def _end_of_epoch(self) -> None:
        state = self.state
        state.epoch += 1
        found = Epoch(epoch=state.epoch, train_loss=state.loss / state.weight)
        if self.work.dev:
            found.dev_loss = self.dev_loss()
        score = state.epoch * -1.0 if found.dev_loss is None else found.dev_loss
        better = score < state.best
        if better:
            state.best, state.best_epoch = score, state.epoch
            if self.work.dev or state.epoch == self._epochs:
                self._keeper.save_best(self)
        state.history.append(found)
        state.batch, state.loss, state.weight = 0, 0.0, 0.0
        self._keeper.save(self)
        dev = "" if found.dev_loss is None else f", dev loss {found.dev_loss:.4f}{' (best)' if better else ''}"
        self._note(f"epoch {state.epoch} of {self._epochs}: loss {found.train_loss:.4f}{dev}")

    def _step(self, items: Sequence[Item]) -> None:
        import torch

        while True:
            self.optimizer.zero_grad(set_to_none=True)
            try:
                loss = self._accumulated(items)
                break
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                self._halve(error)
        weight = sum(item.weight for item in items)
        torch.nn.utils.clip_grad_norm_(self._trained, CLIP)
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate * self._share_of_rate()
        self.optimizer.step()
        self.state.step += 1
        self.state.loss += loss * weight
        self.state.weight += weight

    def _accumulated(self, items: Sequence[Item]) -> float:
        """The gradient of the mean loss of all items, in parts; and that loss."""
        work, total = self.work, sum(item.weight for item in items)
        found = 0.0
        for start in range(0, len(items), self.state.micro):
            with autocast(work.device, bf16=work.bf16):
                loss = work.head.loss(work.model, items[start : start + self.state.micro], work.device) / total
            loss.backward()
            found += loss.item()
        return found

    def _halve(self, error: BaseException) -> None:
        import torch

        if self.state.micro == 1:
            raise ModelError(
                "there is not enough memory for a single instance",
                "Cut the texts (--longest 128), name a smaller student, or train adapters (--lora 16).",
            ) from error
        self.state.micro = max(1, self.state.micro // 2)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        if not self._halved:
            self._halved = True
            self._note("memory is full: batches go through in smaller parts, with the same gradient")

    def _share_of_rate(self) -> float:
        """The share of the peak rate at this step: up from 0 while it warms up, then down to 0."""
        warm = self.work.settings.warmup * self._steps
        if self.state.step < warm:
            return (self.state.step + 1) / (warm + 1)
        return max(0.0, (self._steps - self.state.step) / max(1.0, self._steps - warm))

    def dev_loss(self) -> float:
        """The mean loss of the dev part."""
        import torch

        work = self.work
        work.model.eval()
        total = 0.0
        with torch.inference_mode(), autocast(work.device, bf16=work.bf16):
            for batch in prediction_batches(work.dev):
                total += work.head.loss(work.model, [work.dev[at] for at in batch], work.device).item()
        return total / sum(item.weight for item in work.dev)
