"""What `satsuma check` finds: every mistake of a card at once, and what is allowed but unwise.

A mistake keeps the card from running; a warning does not. Every remark has its place, `file:line: field: what`. Each
kind of warning is one small generator, and one entry in `_ADVICE`; those that compare words are in `satsuma.overlaps`.
No model is asked: prompts are rendered with placeholders by the caller's `render`, so this room knows nothing of the
steps.
"""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from pathlib import Path

from satsuma.errors import CardError
from satsuma.llm.request import Message
from satsuma.overlaps import overlaps
from satsuma.task.card import Card
from satsuma.task.card_output import Kind
from satsuma.task.consistency_fields import Found, option_names
from satsuma.task.flaw import Flaw, in_order, quoted
from satsuma.task.loader import Examined, examine

Render = Callable[[Card], Sequence[tuple[str, tuple[Message, ...]]]]
"""Step → messages, with placeholders for what models write; raises CardError where a prompt cannot be rendered."""
MANY_LABELS = 100
SMALL_SHARE = 0.01
FEW_CONTEXTS = 5
_COMPARED = 150
_ALIKE = 0.9
_LISTED = 5
_LABELS = {"accuracy", "accuracy+gender-parity", "accuracy+macro-f1", "balanced-accuracy", "f1", "macro-f1", "matthews"}
_FITTING: dict[Kind, set[str]] = {
    "labels": {*_LABELS, "mean-absolute-error", "micro-f1", "multiple-choice-grade", "quadratic-kappa"},
    "multiple": {"exact-match", "macro-f1", "micro-f1"},
    "spans": {"exact-match", "span-f1"},
    "choice": {"accuracy", "multiple-choice-grade", "token-f1+em"},
    "choices": {"exact-match", "f1a+em", "micro-f1"},
    "span": {"exact-match", "token-f1", "token-f1+em"},
    "text": {"exact-match", "rouge-l", "token-f1", "token-f1+em", "accuracy"},
}


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found about a card.

    file: as the user named it, empty for a mapping. card: the card if it can run, else None. prompts: step → messages
    with placeholders, empty if the card cannot run or nothing was to be rendered.
    """

    file: str
    card: Card | None
    errors: tuple[Flaw, ...]
    warnings: tuple[Flaw, ...]
    prompts: tuple[tuple[str, tuple[Message, ...]], ...] = ()

    @property
    def exit_code(self) -> int:
        """0 if the card can run, warnings included; else 2."""
        return 2 if self.errors else 0

    def lines(self) -> list[str]:
        """The report, one remark a line, the errors first, and the verdict last."""
        remarks = [f"error: {flaw}" for flaw in self.errors] + [f"warning: {flaw}" for flaw in self.warnings]
        return [*remarks, self._verdict()]

    def _verdict(self) -> str:
        named = self.file or "the card"
        found = ", ".join(_counted(flaws, noun) for flaws, noun in ((self.errors, "error"), (self.warnings, "warning")))
        return f"{named} cannot run: {found}" if self.errors else f"{named} can run: {found}"


def check_card(ref: str | Path | Mapping[str, object], render: Render | None = None) -> CheckReport:
    """Everything that is wrong or weak about a card.

    Args:
        ref: as for `satsuma.task.loader.load_card`.
        render: makes the prompts that the card would send; what it raises is reported as an error of the card.

    Raises:
        CardError: there is no such card.
    """
    examined = examine(ref)
    card = examined.card
    if card is None:
        return CheckReport(examined.file, None, tuple(in_order(examined.flaws)), ())
    warnings = tuple(in_order(_advice(card, examined)))
    try:
        prompts = tuple(render(card)) if render is not None else ()
    except CardError as error:
        found = tuple(Flaw(line) for line in error.message.splitlines())
        return CheckReport(examined.file, None, found, warnings)
    return CheckReport(examined.file, card, (), warnings, prompts)


def _advice(card: Card, examined: Examined) -> Iterator[Flaw]:
    for advise in _ADVICE:
        for path, what in advise(card):
            yield examined.flaw(path, what)


def _counted(flaws: Sequence[Flaw], noun: str) -> str:
    return f"{len(flaws) or 'no'} {noun}{'' if len(flaws) == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return ", ".join(quoted(name) for name in names[:_LISTED]) + more


def _described(card: Card) -> Found:
    """Models write what they are told, and guess what they are not."""
    if len(card.task.split()) < 3:
        yield ("task",), "is very short; say in a sentence what is given and what is to be found"
    for name, one in card.inputs.items():
        if not one.description.strip() and not one.values and not one.computed:
            yield ("inputs", name), "has no description; say what it holds and how long it is"
    bare = [name for name, label in (card.output.labels or {}).items() if not label.description.strip()]
    if bare:
        what = "has no description" if len(bare) == 1 else "have no description"
        yield ("output", "labels"), f"{_listed(bare)} {what}; say in a few words what each label means"


def _told_apart(card: Card) -> Found:
    """Labels that a model will mix up."""
    labels = card.output.labels or {}
    meanings: dict[str, str] = {}
    for name, label in labels.items():
        meaning = " ".join(label.description.casefold().split())
        if meaning and meaning in meanings:
            yield ("output", "labels", name), f"means the same as {quoted(meanings[meaning])}, word for word"
        meanings.setdefault(meaning, name)
    if len(labels) <= _COMPARED:
        yield from islice(_alike(list(labels)), _LISTED)


def _alike(labels: Sequence[str]) -> Found:
    for one, other in combinations(labels, 2):
        if difflib.SequenceMatcher(None, one.casefold(), other.casefold()).ratio() >= _ALIKE:
            yield ("output", "labels", other), f"looks much like {quoted(one)}; models mix such labels up"


def _given_away(card: Card) -> Found:
    """An input whose description names a label asks for instances that name it."""
    names = [name for name in islice(card.output.labels or {}, MANY_LABELS) if len(name) > 3]
    for field, one in card.inputs.items():
        told = [n for n in names if re.search(rf"(?<!\w){re.escape(n)}(?!\w)", one.description, re.IGNORECASE)]
        if told:
            yield ("inputs", field), f"its description names {_listed(told)}; instances may then give their label away"


def _shares(card: Card) -> Found:
    labels = card.output.labels or {}
    if len(labels) > MANY_LABELS:
        yield (
            ("output", "labels"),
            f"{len(labels):,} labels: each prompt of self-correction lists them all, and each label needs instances",
        )
    weights = card.output.proportions or {}
    small = [name for name, weight in weights.items() if weight < SMALL_SHARE * sum(weights.values())]
    if small:
        yield ("output", "proportions"), f"{_listed(small)}: less than 1% of the instances; a run of 100 may have none"


def _examples_balanced(card: Card) -> Found:
    if not card.examples or card.output.kind == "text":
        return
    shown = Counter(str(example[card.output.name]) for example in card.examples)
    known = list(card.output.labels or map(str, range(len(option_names(card)))))
    unseen = [name for name in known if name not in shown]
    what = "label" if card.output.labels is not None else "position"
    if unseen and len(card.examples) > 1:
        yield ("examples",), f"never show the {what} {_listed(unseen)}; models copy what they are shown"
    elif shown and max(shown.values()) > 2 * min(shown.values()):
        most, least = shown.most_common()[0][0], shown.most_common()[-1][0]
        yield ("examples",), f"show {quoted(most)} more than twice as often as {quoted(least)}; models copy that"


def _varied(card: Card) -> Found:
    for name, values in card.attributes.items():
        if len(values) == 1:
            yield ("attributes", name), "has one value, so it does not make instances differ"
    for part, left_out in card.left_out.items():
        yield (part, "file"), left_out
    if 0 < len(card.contexts.given) < FEW_CONTEXTS:
        yield ("contexts",), f"{_counted_contexts(card)}: instances will be much alike"


def _counted_contexts(card: Card) -> str:
    count = len(card.contexts.given)
    return "only one context" if count == 1 else f"only {count} contexts"


def _learned(card: Card) -> Found:
    """What students learn from, and are measured by."""
    words = card.verbalize.labels
    unsaid = [name for name in card.output.labels or {} if name not in words]
    if words and unsaid:
        yield ("verbalize", "labels"), f"gives no word for {_listed(unsaid)}; the label itself is used"
    for word, count in Counter(words.values()).items():
        if count > 1 and card.output.labels is not None:
            yield (
                ("verbalize", "labels"),
                f"gives {count} labels the word {quoted(word)}; students cannot tell them apart",
            )
    if card.metric not in _FITTING[card.output.kind]:
        fitting = ", ".join(sorted(_FITTING[card.output.kind]))
        yield ("metric",), f"{card.metric} says little about this kind of output; fitting are {fitting}"


_ADVICE: tuple[Callable[[Card], Found], ...] = (
    _described, _told_apart, overlaps, _given_away, _shares, _examples_balanced, _varied, _learned,
)  # fmt: skip
