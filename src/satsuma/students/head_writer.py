"""Text → target, by an encoder-decoder or a decoder: every output is what the card's verbalization makes of it.

The loss counts the target's tokens alone, each the same. Where the card has a closed set (labels, the options of a
choice), all targets that could be written are scored by their probability, so that every prediction is one of them and
has a probability (as T0 and T5 are measured); else the most probable token is written, one after the other, and the
text is read back.

A decoder reads the text and a line break, or the text alone where the card renders it whole; then a space at its end
goes with the target, as tokens have it. Where that is too long, its beginning is cut. What stands before the text is in
`satsuma.students.before`. Not covered: sampling, beams, chat templates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from satsuma.errors import ModelError
from satsuma.students.before import NOTHING, Before, break_of
from satsuma.students.head import Prediction
from satsuma.students.head_options import chosen
from satsuma.students.items import IGNORED, Ids, Item, inputs_of, padded
from satsuma.students.labelled import Labelled, Reader
from satsuma.task.outputs.span import NO_SPAN, found

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module

    from satsuma.students.checkpoints import Base, Body
    from satsuma.task.card import Card
    from satsuma.task.instance import OutputValue

WRITTEN = 128
"""Tokens of a target at most."""
_LEAST = 8


class WriterHead:
    """The language model itself. targets: tokens of a target at most. before: what stands before each text."""

    body: Body = "writer"
    labels = 0

    def __init__(self, card: Card, base: Base, longest: int, targets: int, before: Before = NOTHING) -> None:
        self._card = card
        self._before = before
        self._break = break_of(card)
        self._reader = Reader(card)
        self._base = base
        self._decoder = base.kind == "decoder"
        self._targets = min(max(targets, 1), WRITTEN)
        self._room = max(_LEAST, longest - self._targets) if self._decoder else longest
        self._closed = card.output.kind in ("labels", "choice")
        self._end = end_of(base)

    def items(self, instances: Sequence[Labelled], *, learn: bool) -> list[Item]:
        """The text and what is to be written; or the text and all that could be written; or the text."""
        if learn:
            kept = [(at, one) for at, one in enumerate(instances) if one.output is not None]
            return [self._item(at, one, [one.target], len(self._target(one.target))) for at, one in kept]
        if self._closed:
            return [self._item(at, one, self._candidates(one), 1) for at, one in enumerate(instances)]
        return [Item(at, (self._prompt(one.text),)) for at, one in enumerate(instances)]

    def _candidates(self, one: Labelled) -> list[str]:
        outputs: Sequence[OutputValue] = list(self._card.output.labels or range(len(one.options)))
        made = []
        for output in outputs:
            try:
                made.append(self._reader.target_of(one, output))
            except IndexError:  # more options than the card has letters for
                break
        return made

    def _item(self, at: int, one: Labelled, targets: Sequence[str], weight: float) -> Item:
        space = " " if self._decoder and self._break == "" and one.text.endswith(" ") else ""
        prompt, written = self._prompt(one.text), tuple(self._target(space + target) for target in targets)
        if not self._decoder:
            return Item(at, (prompt,) * len(written), (), written, weight=weight)
        return Item(at, tuple(prompt + ids for ids in written), target=len(prompt), weight=weight)

    def _prompt(self, text: str) -> Ids:
        """The text behind as many examples as there is room for; where even none fits, it is cut."""
        for shots in range(len(self._before.shots), 0, -1):
            ids = self._whole(self._before.opened(text, shots))
            if len(ids) <= self._room:
                return ids
        ids = self._whole(self._before.opened(text))
        return ids if len(ids) <= self._room else self._cut(text, ids)

    def _whole(self, text: str) -> Ids:
        ended = f"{text}{self._break}" if self._break else text.removesuffix(" ")
        return tuple(
            self._base.tokenizer(ended if self._decoder else text, return_attention_mask=False, verbose=False)[
                "input_ids"
            ]
        )

    def _cut(self, text: str, ids: Ids) -> Ids:
        """Too long a text behind its description: a decoder's loses its beginning, an encoder-decoder's its end."""
        if not self._decoder:
            opened = self._before.opened(text)
            return tuple(self._base.tokenizer(opened, truncation=True, max_length=self._room)["input_ids"])
        kept = len(self._whole(self._before.opened("").removesuffix("\n"))) if self._before.instruction else 0
        kept = min(kept, self._room // 2)
        return ids[:kept] + ids[len(ids) - (self._room - kept) :]

    def _target(self, target: str) -> Ids:
        ids = self._base.tokenizer(text_target=target, add_special_tokens=False)["input_ids"]
        return (*ids[: self._targets - 1], self._end)

    def loss(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        """Cross entropy, summed over the tokens of the targets."""
        return self._surprise(model, items, device).sum()

    def _surprise(self, model: Module, items: Sequence[Item], device: str) -> Tensor:
        """What each row's target costs, in nats; shape (rows,)."""
        from torch.nn import functional

        inputs = inputs_of(items, self._base.pad, device)
        if self._decoder:
            rows = [
                (IGNORED,) * int(str(item.target)) + row[int(str(item.target)) :] for item in items for row in item.rows
            ]
            targets = padded(rows, IGNORED, device)[:, 1:]
            logits = model(**inputs).logits[:, :-1].float()
        else:
            targets = padded([row for item in items for row in item.written], IGNORED, device)
            logits = model(**inputs, labels=targets).logits.float()
        return functional.cross_entropy(logits.transpose(1, 2), targets, ignore_index=IGNORED, reduction="none").sum(1)

    def results(self, model: Module, items: Sequence[Item], device: str) -> list[object]:
        """The probabilities of what could be written, or what was written."""
        if self._closed:
            return list(self._chances(model, items, device))
        return list(self._generated(model, items, device))

    def _chances(self, model: Module, items: Sequence[Item], device: str) -> Iterator[object]:
        costs, start = self._surprise(model, items, device), 0
        for item in items:
            yield (-costs[start : start + len(item.rows)]).softmax(dim=0).tolist()
            start += len(item.rows)

    def _generated(self, model: Module, items: Sequence[Item], device: str) -> Iterator[object]:
        from transformers import GenerationConfig

        config = GenerationConfig(
            max_new_tokens=self._targets, do_sample=False, num_beams=1, pad_token_id=self._base.pad,
            eos_token_id=self._end, bos_token_id=getattr(self._base.config, "bos_token_id", None),
            decoder_start_token_id=getattr(self._base.config, "decoder_start_token_id", None),
        )  # fmt: skip
        inputs = inputs_of(items, self._base.pad, device, left=self._decoder)
        made = model.generate(**inputs, generation_config=config)
        written = made[:, inputs["input_ids"].shape[1] :] if self._decoder else made
        yield from self._base.tokenizer.batch_decode(written, skip_special_tokens=True)

    def prediction(self, instance: Labelled, results: Sequence[object]) -> Prediction:
        """What the most probable target, or the written text, means."""
        said = results[0] if results else ""
        if isinstance(said, list):
            names = list(self._card.output.labels or ())
            if not names:
                return chosen(instance, said, several=False)
            best = max(range(len(said)), key=lambda at: said[at])
            return Prediction(instance.id, names[best], names[best], dict(zip(names, said, strict=True)))
        text = str(said).strip()
        return Prediction(instance.id, self._read(instance, text), text)

    def _read(self, one: Labelled, said: str) -> OutputValue | None:
        output = self._card.output
        if output.span is not None:
            if output.span.none and said in ("", NO_SPAN):
                return ""
            return found(said, str(one.fields.get(output.span.field, ""))) if said else None
        if output.kind == "text":
            return said
        parts = [part.strip() for part in said.split(",")]
        if output.kind == "multiple":
            words = {self._card.verbalize.labels.get(name, name): name for name in output.labels or {}}
            return tuple(name for word, name in words.items() if word in parts)
        letters = [chr(ord("A") + at) for at in range(len(one.options))]
        return tuple(at for at, letter in enumerate(letters) if letter in parts)


def end_of(base: Base) -> int:
    """The token that ends what is written.

    Raises:
        ModelError: the tokenizer has none.
    """
    tokenizer = base.tokenizer
    for token in (tokenizer.eos_token_id, tokenizer.sep_token_id, tokenizer.pad_token_id):
        if isinstance(token, int):
            return token
    raise ModelError(
        f"the tokenizer of {base.name} has no token that ends a text",
        "Name a checkpoint whose tokenizer has an eos_token.",
    )


def target_tokens(base: Base, targets: Sequence[str]) -> int:
    """Tokens of the longest target, with a space before it or without, its end among them, at most `WRITTEN`."""
    written = [text for target in targets for text in (target, f" {target}")]
    made = base.tokenizer(text_target=written, add_special_tokens=False)
    return min(WRITTEN, 1 + max((len(ids) for ids in made["input_ids"]), default=0))
