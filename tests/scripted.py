"""What the built-in cards need their model to say, so that their validators are satisfied.

`ANSWERS` has a script for each card whose instances have to fit together: a function from a question to the whole
answer, or None to leave the question to the simulated teacher. Every text is drawn from the question's digest, so that
no two are alike. An instance says in its text which label it was asked for, and the correction reads that.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from typing import cast

from satsuma.llm.request import Json
from satsuma.testing import words
from satsuma.testing.question import Question
from satsuma.testing.words import Draw

Answer = Mapping[str, Json] | None
Script = Callable[[Question], Answer]


def _draw(question: Question, salt: str = "") -> Draw:
    return Draw(0, question.digest, salt)


def _sentences(question: Question, count: int, salt: str = "") -> str:
    return words.sentences(_draw(question, salt), count)


def _names(question: Question, count: int) -> list[str]:
    drawn = random.Random(question.digest)
    return [
        f"{drawn.choice('BDFGHKLMNPRST')}{'aeiou'[drawn.randrange(5)]}{drawn.randrange(10**6):06x}"
        for _ in range(count)
    ]


def _given(question: Question, name: str) -> str:
    """The value of a field in a correction's prompt, or of the seed field in an instance's."""
    found = re.findall(
        rf'(?m)^{name}: (.+)$|^The input "{name}" is given, and you build on it as it is: (.+)$', question.last_message
    )
    return "".join(found[-1]) if found else ""


def _properties(question: Question) -> dict[str, dict[str, int]]:
    """The fields that a question's answer has."""
    return cast("dict[str, dict[str, int]]", cast("Mapping[str, object]", question.schema)["properties"])


def _wanted(question: Question) -> list[str]:
    """The labels that an instance's schema asks for."""
    return re.findall(r'"([^"]+)"', str((question.schema or {}).get("description", "")))


def _marked(text: str, labels: list[str]) -> str:
    return " ".join([text, *(words.marker(label) for label in labels)])


def _held(question: Question, labels: tuple[str, ...]) -> list[str]:
    return [label for label in labels if words.marker(label) in question.last_message.partition("<instance>")[2]]


def _seeds(question: Question, make: Callable[[int], str]) -> Answer:
    count = int(re.findall(r"Write (\d+) ", question.last_message)[-1])
    return {"seeds": [make(i) for i in range(count)]}


def wic(question: Question) -> Answer:
    """A made-up word, in the plural and in the singular."""
    if question.step != "instance":
        return None
    word = _names(question, 1)[0].lower()
    first = _marked(f"{_sentences(question, 1, 'a')} Then {word}s came.", [question.label])
    return {"word": word, "form1": f"{word}s", "form2": word, "sentence1": first,
            "sentence2": f"{_sentences(question, 1, 'b')} And {word} went."}  # fmt: skip


def wsc(question: Question) -> Answer:
    """Two people and a pronoun."""
    if question.step != "instance":
        return None
    one, other = _names(question, 2)
    text = _marked(
        f"{one} met {other} as {_sentences(question, 1).lower().rstrip('.')} because she was late", [question.label]
    )
    return {"sentence": text, "span1_text": one, "span2_text": "she", "other": other}


def axg(question: Question) -> Answer:
    """A pair that differs in the pronoun."""
    if question.step != "instance":
        return None
    told = _marked(" ".join(_names(question, 6)), [question.label])
    hers, his = (f"The baker told the guest about {told} when {pronoun} came." for pronoun in ("she", "he"))
    one, other = (hers, his) if "feminine" in question.last_message else (his, hers)
    return {"premise": one, "counterpart": other, "hypothesis": f"The guest came with {_names(question, 7)[6]}."}


def record(question: Question) -> Answer:
    """A passage of names, and a query with a gap."""
    if question.step == "seeds":
        names = _names(question, 80)
        return _seeds(question, lambda i: " ".join(
            f"{_sentences(question, 1, f'{i} {j}')} {names[8 * i + j]} saw it." for j in range(8)
        ))  # fmt: skip
    if question.step != "instance":
        return None
    names = re.findall(r"(\w+) saw it", _given(question, "passage"))
    size = cast("dict[str, dict[str, int]]", cast("Mapping[str, object]", question.schema)["properties"])["wrong"][
        "minItems"
    ]
    return {
        "query": f"It was @placeholder who saw that {_sentences(question, 1).lower()}",
        "correct": f"{names[0]}",
        "wrong": list(names[1 : size + 1]),
    }


def multirc(question: Question) -> Answer:
    """A long paragraph; answers that say of themselves whether they are right."""
    if question.step == "seeds":
        return _seeds(question, lambda i: _sentences(question, 10, str(i)))
    if question.step == "instance":
        names = iter(_names(question, 8))
        properties = _properties(question)
        right, wrong = properties["correct"]["minItems"], properties["wrong"]["minItems"]
        return {
            "question": f"Why did {_sentences(question, 1).lower().rstrip('.')}?",
            "correct": [f"{next(names)} is right" for _ in range(right)],
            "wrong": [f"{next(names)} is wrong" for _ in range(wrong)],
        }
    if question.step == "correction":
        return {"reason": "They say so.", "right": re.findall(r"(?m)^([A-Z]): .* is right$", question.last_message)}
    return None


def qa(question: Question) -> Answer:
    """A passage with amounts; the question names one, or none."""
    if question.step == "seeds":
        return _seeds(
            question, lambda i: f"{_sentences(question, 8, str(i))} It cost {i}{_names(question, i + 1)[i]} then."
        )
    if question.step == "instance":
        amount = re.findall(r"It cost (\w+) then", _given(question, "passage"))[-1]
        there = "answer" in _properties(question)
        asks = f"What about {_sentences(question, 1).lower().rstrip('.')}"
        return {"question": f"{asks} in all?", "answer": amount} if there else {"question": f"{asks} at last?"}
    if question.step == "correction":
        amount = re.findall(r"It cost (\w+) then", _given(question, "passage"))[-1]
        return {"reason": "It says so.", "answer": amount if _given(question, "question").endswith("in all?") else ""}
    return None


_KINDS = ("person", "organization", "place", "work")


def entities(question: Question) -> Answer:
    """Names that end in the kind of what they name."""
    if question.step == "instance":
        names = [f"{name}{kind}" for name, kind in zip(_names(question, 4), _wanted(question), strict=False)]
        text = f"{_sentences(question, 1).rstrip('.')} with {' and '.join(names) or 'nobody'}."
        found: list[Json] = [{"text": name, "label": kind} for name, kind in zip(names, _wanted(question), strict=True)]
        return {"sentence": text, "entities": found} if found else {"sentence": text}
    if question.step == "correction":
        text = _given(question, "sentence")
        found = [{"text": hit[0], "label": hit[1]} for hit in re.finditer(rf"\w+({'|'.join(_KINDS)})\b", text)]
        return {"reason": "They are names.", "entities": found}
    return None


_PROBLEMS = ("insult", "threat", "identity attack", "obscenity")


def toxicity(question: Question) -> Answer:
    """Comments with the markers of their labels."""
    if question.step == "instance":
        return {"comment": _marked(_sentences(question, 2), _wanted(question))}
    if question.step == "correction":
        return {"reason": "They are there.", "problems": cast("list[Json]", _held(question, _PROBLEMS))}
    return None


_GERMAN = (
    "der neue Antrag",
    "die alte Wohnung",
    "unsere Straße",
    "das kleine Haus",
    "mein Ausweis",
    "die laute Baustelle",
)


def behoerdenpost(question: Question) -> Answer:
    """German sentences with a marker."""
    if question.step != "instance":
        return None
    drawn = random.Random(question.digest)
    one, other = drawn.sample(_GERMAN, 2)
    name, places = _names(question, 3), ", ".join(_names(question, 19)[3:])
    text = f"Guten Tag, ich heiße {name[0]} und {one} macht mir Sorgen, weil {other} seit {name[1]} nicht {name[2]} ist"
    text += f", auch nicht in {places}"
    return {"nachricht": _marked(text, [question.label])}


def temporal_sequences(question: Question) -> Answer:
    """Three hours of a day that somebody was seen in, and one that nobody saw."""
    if question.step == "instance":
        person, *others = _names(question, 8)
        hours = ["7am to 8am", "8am to 9am", "9am to 10am", "10am to 11am"]
        free = hours.pop(random.Random(question.digest).randrange(4))
        seen = [f"{one} saw {person} at the {other} from {hour}." for one, other, hour in zip(
            others[:3], others[3:6], hours, strict=True
        )]  # fmt: skip
        return {"person": person, "place": others[6], "waking": "7am", "closing": "11am",
                "sightings": "\n".join(_longer(seen)), "correct": free, "wrong": list[Json](hours)}  # fmt: skip
    if question.step == "correction":
        shown = re.findall(r"(?m)^([A-D]): (.+)$", question.last_message)
        free = next(name for name, span in shown if f"from {span}." not in question.last_message)
        return {"reason": "Nobody saw them then.", "answer": free}
    return None


def _longer(lines: list[str]) -> list[str]:
    return [line.replace(" at the ", " standing in front of the house by the ") for line in lines]


def _telling(name: str, instance: Script) -> Script:
    """A script of a choice whose options say of themselves whether they are right."""

    def script(question: Question) -> Answer:
        if question.step == "instance":
            wrong = _properties(question)["wrong"].get("minItems", 1)
            made = iter(_names(question, wrong + 1))
            answers = {"correct": f"{next(made)} is right", "wrong": [f"{next(made)} is wrong" for _ in range(wrong)]}
            return {**(instance(question) or {}), **cast("dict[str, Json]", answers)}
        if question.step == "correction":
            held = re.findall(r"(?m)^([A-Z]): .* is right$", question.last_message)
            return {"reason": "It says so.", name: held[0]}
        return None

    return script


def _problem(question: Question) -> Answer:
    return {"problem": f"{_sentences(question, 2)} how many are there ?"}


_RUSSIAN = (
    "воспаление лёгких",
    "приём препарата",
    "общая слабость",
    "повышение давления",
    "нарушение сна",
    "боль в суставах",
)


def _russian(question: Question, salt: str, most: int) -> str:
    drawn = random.Random(question.digest + salt)
    said = [f"{drawn.choice(_RUSSIAN)} {drawn.randrange(10**6)}" for _ in range(most)]
    return f"При этом заболевании встречается {', '.join(said)} и другие признаки"


def medical_questions_russian(question: Question) -> Answer:
    """Russian passages; a question carries its label's marker."""
    if question.step == "seeds":
        return _seeds(question, lambda i: f"{_russian(question, str(i), 8)}.")
    if question.step == "instance":
        return {"question": _marked(f"Верно ли, что {_russian(question, '', 2).lower()}", [question.label]) + "?"}
    return None


ANSWERS: Mapping[str, Script] = {
    "wic": wic,
    "wsc": wsc,
    "axg": axg,
    "record": record,
    "multirc": multirc,
    "qa": qa,
    "entities": entities,
    "toxicity": toxicity,
    "behoerdenpost": behoerdenpost,
    "temporal_sequences": temporal_sequences,
    "elementary_math": _telling("answer", _problem),
    "medical_questions_russian": medical_questions_russian,
}
"""Card → its script."""
