"""The simulated teacher: a question → what it says. A pure function of the seed and the question.

An instance that is asked for with a label carries that label's marker word; a correction (an enum of labels beside an
instance's text) finds the marker in the message and answers with the label it belongs to, so that four-step generation
agrees with itself as a good model does. For a choice among options the marker stands in the right one, and the answer
is the enum value that stands closest before it. `noise` makes instances of another label than was asked for,
`vote_noise` makes corrections err, `sway` makes them say yes to the label that they are shown, as models tend to.

Not covered: sense. What has to hold between the fields of an instance (a span that occurs in a text) is for a script
to say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from satsuma.llm.request import Json
from satsuma.testing import faults, words
from satsuma.testing.answers import Asking, FreeText, maker_of
from satsuma.testing.behaviour import Behaviour
from satsuma.testing.hints import Size
from satsuma.testing.question import Asked, Question
from satsuma.testing.script import Scripted
from satsuma.testing.words import Draw

_CHARACTERS_PER_TOKEN = 4
_SHOWN = re.compile(
    r"(?:It was written to have the .+? \"|The right option is said to be )(.+?)\"?\. Keep that if it holds"
)
"""Where the default prompts show the corrector the label that was asked for."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: the text, why it ended, and the tokens of both sides (a quarter of the characters)."""

    content: str
    finish_reason: str
    input_tokens: int
    output_tokens: int


def say(asked: Asked, behaviour: Behaviour) -> Said:
    """The answer to a question, with the faults of content that this question has."""
    question = asked.question
    draw = Draw(behaviour.seed, asked.identity, "answer")
    content = _content(question, behaviour, draw)
    luck = Draw(behaviour.seed, question.digest, "content faults")
    reason = "stop"
    if luck.chance(behaviour.faults.malformed):
        content = faults.malform(content, luck)
    elif luck.chance(behaviour.faults.truncated):
        content, reason = content[: int(len(content) * (0.3 + 0.6 * luck.unit()))], "length"
    if asked.max_tokens is not None and len(content) > asked.max_tokens * _CHARACTERS_PER_TOKEN:
        content, reason = content[: asked.max_tokens * _CHARACTERS_PER_TOKEN], "length"
    read = sum(len(text) for _, text in question.messages)
    return Said(content, reason, _tokens(read), _tokens(len(content)))


def _tokens(characters: int) -> int:
    return max(1, characters // _CHARACTERS_PER_TOKEN)


def _content(question: Question, behaviour: Behaviour, draw: Draw) -> str:
    scripted = behaviour.scripted.answer(question, draw) if behaviour.scripted else None
    if isinstance(scripted, str):
        return scripted
    if scripted is not None and scripted.whole:
        return orjson.dumps(scripted.fields).decode()
    if question.schema is None:
        return _long_enough(words.sentences(draw, draw.between(2, 5)), behaviour, draw)
    asking = Asking(draw, behaviour.ideas, stock=f"{behaviour.seed}/{question.step}")
    asking.new_idea()
    value = maker_of(question.schema)(asking)
    if isinstance(value, dict):
        _fit(value, question, behaviour, asking, scripted)
    if behaviour.reply_tokens:
        _pad(value, asking, behaviour.reply_tokens)
    return orjson.dumps(value).decode()


def _fit(
    value: dict[str, Json], question: Question, behaviour: Behaviour, asking: Asking, scripted: Scripted | None
) -> None:
    """Put in what is scripted, the marker of the asked label, or the label that the marker says."""
    noisy = asking.draw.chance(behaviour.noise)
    if scripted is not None:
        value.update({name: part for name, part in scripted.fields.items() if name in value})
        asking.free = [free for free in asking.free if free.holder is not value or free.at not in scripted.fields]
    if question.marker:
        _mark(value, question, asking, noisy)
    else:
        _correct(value, question, behaviour)


def _mark(value: dict[str, Json], question: Question, asking: Asking, noisy: bool) -> None:
    """Let the text say which label it has; with noise, that it has another one."""
    mark = _not(question.label) if noisy else question.marker
    if question.label == "correct" and "correct" in value and "wrong" in value:
        field, mark = ("wrong" if noisy else "correct"), question.marker
        frees = [
            free for free in asking.free if free.holder is value[field] or (free.holder is value and free.at == field)
        ]
    else:
        frees = sorted(asking.free, key=lambda free: free.size.one_word)
        if noisy:
            _unmark(value, question.marker, mark)
        frees = [] if mark in str(value) else frees
    if frees:
        frees[0].text = words.with_marker(frees[0].text, mark, frees[0].limit)


def _unmark(value: dict[str, Json], marker: str, other: str) -> None:
    """A scripted text that has the marker gets the other one."""
    for name, text in value.items():
        if isinstance(text, str) and marker in text:
            value[name] = text.replace(marker, other)


def _not(label: str) -> str:
    return words.marker(f"not {label}")


def _correct(value: dict[str, Json], question: Question, behaviour: Behaviour) -> None:
    """Answer the enum among the fields with the label that the marker in the messages says, alike in every draw."""
    luck = Draw(behaviour.seed, question.digest, "label faults")
    found = _enum(question.schema)
    if found is None:
        if isinstance(value.get("correct"), bool):
            _judge(value, question, luck.chance(behaviour.vote_noise))
        return
    field, options = found
    same = Draw(behaviour.seed, question.last_message, "label")
    label = _marked(question, options, same)
    if label is None:
        return
    value[field] = label
    if luck.chance(behaviour.faults.wrong_label):
        value[field] = f"{label} {words.word(luck)}"
    elif (shown := _shown(question, options)) and luck.chance(behaviour.sway):
        value[field] = shown
    elif len(options) > 1 and luck.chance(behaviour.vote_noise):
        value[field] = luck.pick([option for option in options if option != label])


def _shown(question: Question, options: Sequence[str]) -> str | None:
    """The label that the corrector is shown, if it is shown one of the set."""
    found = _SHOWN.findall(question.last_message)
    return found[-1] if found and found[-1] in options else None


def _judge(value: dict[str, Json], question: Question, wrong: bool) -> None:
    """Say of free text that it is right, and repeat what stands behind its name; with noise, replace it."""
    value["correct"] = not wrong
    for name in () if wrong else [name for name, part in value.items() if isinstance(part, str)]:
        if said := re.findall(rf"(?m)^{re.escape(name)}: (.+)$", question.last_message):
            value[name] = said[-1]


def _enum(schema: object) -> tuple[str, tuple[str, ...]] | None:
    """The first field of a closed set, and the set."""
    properties = schema.get("properties") if isinstance(schema, dict) else None
    for name, part in properties.items() if isinstance(properties, dict) else ():
        options = part.get("enum") if isinstance(part, dict) else None
        if isinstance(options, list) and options and all(isinstance(o, str) for o in options):
            return name, tuple(o for o in options if isinstance(o, str))
    return None


def _marked(question: Question, options: Sequence[str], same: Draw) -> str | None:
    """The label that the last message with a marker speaks of."""
    labels = {words.marker(option): option for option in options}
    others = {_not(option): option for option in options}
    right = words.marker("correct")
    for role, text in reversed(question.messages):
        if role != "user":
            continue
        for mark, at in reversed(words.markers(text)):
            if mark in labels:
                return labels[mark]
            if mark in others:
                left = [option for option in options if option != others[mark]]
                return same.pick(left) if left else others[mark]
            if mark == right:
                return closest_before(text, at, options)
    return None


def closest_before(text: str, at: int, options: Sequence[str]) -> str | None:
    """The option whose name stands closest before a place in a text.

    A name that is set off (`B:`, `(B)`, `"choice1"`, a line's start) counts before one that is a word of a sentence,
    so that the article in "A lamp" is not taken for the option A.
    """
    head = text[:at]
    names = "|".join(re.escape(option) for option in sorted(options, key=len, reverse=True))
    set_off = re.compile(rf"(?:(?<=[\"'`(\[*])|(?<!\w))({names})(?=[\"'`*]*\s*[:.)\]=\-\u2013]|[\"'`*])")
    for pattern in (set_off, re.compile(rf"(?<!\w)({names})(?!\w)")):
        if places := [found[1] for found in pattern.finditer(head)]:
            return places[-1]
    return None


def _pad(value: Json, asking: Asking, tokens: tuple[int, int]) -> None:
    """Lengthen the free texts, each by about as much, until the answer has a length from the range of tokens."""
    missing = asking.draw.between(*tokens) * _CHARACTERS_PER_TOKEN - len(orjson.dumps(value))
    if missing <= 0 or not asking.free:
        return
    share, stock = missing / len(asking.free), words.filling()
    for free in asking.free:
        _lengthen(free, share, stock, asking.draw)


def _lengthen(free: FreeText, characters: float, stock: Sequence[str], draw: Draw) -> None:
    parts = [free.text]
    while characters > 20:
        parts.append(draw.pick(stock))
        characters -= len(parts[-1]) + 1
    free.text = " ".join(parts)


def _long_enough(text: str, behaviour: Behaviour, draw: Draw) -> str:
    if not behaviour.reply_tokens:
        return text
    asking = Asking(draw)
    held: list[Json] = [text]
    asking.free.append(FreeText(held, 0, Size()))
    _pad(held, asking, behaviour.reply_tokens)
    return str(held[0])
