"""A card, asked for: the question, and up to three answers until one makes a card that can be used.

An answer that makes a card with mistakes is shown to the model again with all of them. A card that can be used but is
weak by the rules of `satsuma check` is sent back once; the best of the answers counts: without mistakes, with the
fewest weaknesses, the earlier of two alike. Each question is a request of its own, so it is journaled and never paid
twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from satsuma.checking import CheckReport, check_card
from satsuma.drafting.answer import DraftedCard, sketch
from satsuma.drafting.assembling import Data, assembled
from satsuma.drafting.fields import Fields, OutputKind
from satsuma.drafting.shown import shown_rows
from satsuma.errors import CardError
from satsuma.llm.ask import Answered, Asker, Question, Unanswered, ask
from satsuma.llm.request import Message, Sampling
from satsuma.settings import Settings
from satsuma.targen.samples import sample_prompts
from satsuma.task.flaw import Flaw
from satsuma.task.templates import built_in

STEP = "draft"
TRIES = 3
ANSWER_TOKENS = 8192
"""The limit on the tokens of one answer: what two hundred labels with their definitions need."""
_TOLD_AT_ONCE = 25
KINDS: Mapping[OutputKind, str] = {
    "labels": "exactly one label of a closed set holds",
    "scale": "exactly one holds, and the labels are the steps of a scale, from the least on",
    "multiple": 'any number of labels can hold at once; "least" and "most" say how many do',
    "choice": 'one of several options is right, and the options are part of the instance; "options" names the inputs '
    'that are the options, or the one input that lists them, of which "least" to "most" stand in an instance',
    "span": 'a part of an input, word for word; "within" names the input, "text" says what the part is',
    "spans": 'parts of an input, each with a label, such as named entities; "within" names the input',
    "text": 'text that is written for the inputs; "text" says what it is',
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What a card is wanted for.

    name: of the card. task: the user's words; may be empty where there are fields. fields: what rows say. about: what
    their source says of itself. language: what the user says.
    """

    name: str
    task: str = ""
    fields: Fields | None = None
    about: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Drafted:
    """A card that can be used. data: as its file would hold it. weaknesses: what `satsuma check` will say of it."""

    data: Data
    weaknesses: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The names of the inputs."""
        inputs = self.data["inputs"]
        return tuple(inputs) if isinstance(inputs, dict) else ()


@dataclass(frozen=True, slots=True)
class _Attempt:
    data: Data
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


async def drafted(asker: Asker, model: str, wish: Wish, sampling: Sampling) -> Drafted:
    """Ask for a card until there is one.

    Raises:
        CardError: no answer made a card that can be used; says why.
        SatsumaError: the asking ends here.
    """
    messages = first_question(wish)
    best: _Attempt | None = None
    attempt: _Attempt | None = None
    sent_back = False
    for number in range(TRIES):
        try:
            answered = await _asked(asker, model, messages, sampling, number)
        except Unanswered as unanswered:
            if best is None:
                raise CardError(f"{model} drafted no card: {unanswered.reason}", _hint(unanswered)) from None
            break
        attempt = _attempt(answered.value, wish)
        if not attempt.errors and (best is None or len(attempt.warnings) < len(best.warnings)):
            best = attempt
        if not attempt.errors and (sent_back or not attempt.warnings):
            break
        sent_back = sent_back or not attempt.errors
        messages = (*messages, Message("assistant", answered.raw), _again(attempt))
    if best is None:
        raise _unusable(model, attempt.errors if attempt else ())
    return Drafted(best.data, best.warnings)


def first_question(wish: Wish) -> tuple[Message, ...]:
    """The messages that ask for a card."""
    fields = wish.fields
    kind = fields.kind if fields else ""
    return built_in("card").render(
        wish=wish.task,
        rows=shown_rows(fields) if fields else [],
        about=wish.about,
        language=wish.language,
        inputs=_inputs(fields) if fields else [],
        kind=kind,
        name=fields.name if fields else "",
        labels=list(fields.labels) if fields else [],
        labelled=kind in ("", "labels", "scale", "multiple", "spans"),
        options=", ".join(fields.options) if fields else "",
        told=dict(KINDS),
        answer=sketch(DraftedCard),
    )


def _inputs(fields: Fields) -> list[dict[str, object]]:
    return [
        {
            "name": one.name,
            "column": one.column.name,
            "values": list(one.values),
            "needed": one.name in {*fields.options, fields.within},
        }
        for one in fields.inputs
    ]


async def _asked(
    asker: Asker, model: str, messages: tuple[Message, ...], sampling: Sampling, number: int
) -> Answered[DraftedCard]:
    question = Question(messages, DraftedCard, step=STEP, path=f"{STEP} {number}", sampling=sampling)
    return await ask(asker, model, question)


def _attempt(answer: DraftedCard, wish: Wish) -> _Attempt:
    made = assembled(answer, wish.name, wish.fields, wish.language)
    report = check_card(made.data, sample_prompts)
    return _Attempt(made.data, (*made.mistakes, *_told(report)), tuple(_of(flaw) for flaw in report.warnings))


def _told(report: CheckReport) -> Sequence[str]:
    return [_of(flaw) for flaw in report.errors]


def _of(flaw: Flaw) -> str:
    return f"{flaw.field}: {flaw.what}" if flaw.field else flaw.what


def _again(attempt: _Attempt) -> Message:
    errors, warnings = attempt.errors[:_TOLD_AT_ONCE], attempt.warnings[:_TOLD_AT_ONCE]
    return built_in("card_again").render(errors=list(errors), warnings=list(warnings))[0]


def _unusable(model: str, errors: Sequence[str]) -> CardError:
    shown = [f"  {error}" for error in errors[:10]]
    if len(errors) > len(shown):
        shown.append(f"  and {len(errors) - len(shown)} more")
    head = f"{model} drafted no card that can be used, in {TRIES} tries. The last one had these mistakes:"
    return CardError(
        "\n".join([head, *shown]),
        "Say more about the task, try another model, or ask for another draft with --seed 1.",
    )


def _hint(unanswered: Unanswered) -> str:
    if unanswered.reason.startswith("given up"):
        return "--retry-failed asks again."
    if "token limit" in unanswered.reason:
        return "With very many labels, begin with fewer of them, or write the card by hand: docs/card.md."
    return "Try another model, or ask for another draft with --seed 1."


def draft_sampling(settings: Settings) -> Sampling:
    """How drafts are sampled under a run's settings."""
    return Sampling(temperature=settings.temperature, max_tokens=ANSWER_TOKENS, seed=settings.seed)
