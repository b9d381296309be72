"""What the words of a card give away: labels that mean the same, and seeds, settings and attributes that settle them.

Each rule compares words in a common form (lower case, no endings), and stays silent where it could be wrong as easily
as right: definitions that mirror each other (`… says that …`, `… does not say that …`; `the first causes the second`,
`the second causes the first`) are good ones, and a seed that names every label leaves them all open. Only English
endings and small words are known; in other languages the rules see less. Not covered: meaning that shares no words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import combinations, islice

from satsuma.task.card import Card
from satsuma.task.card_output import Label
from satsuma.task.consistency_fields import Found
from satsuma.task.flaw import DataPath, quoted

MOST_COMPARED = 150
"""Labels that are compared with each other."""
_LISTED = 5
_FEWEST = 2
"""Words that a definition has to have to be compared, and that a seed has to share with one."""
_SMALL = frozenset(
    {"a", "about", "all", "also", "an", "and", "any", "are", "as", "at", "be", "because", "been", "by", "can", "could",
     "do", "does", "each", "either", "for", "from", "had", "has", "have", "he", "her", "his", "how", "if", "in", "into",
     "is", "it", "its", "just", "made", "make", "may", "might", "more", "most", "must", "of", "on", "one", "or", "own",
     "said", "say", "says", "she", "should", "so", "some", "somebody", "someone", "something", "such", "than", "that",
     "the", "their", "them", "then", "there", "these", "they", "thing", "this", "those", "to", "too", "very", "was",
     "were", "what", "when", "where", "which", "while", "who", "whom", "whose", "will", "with", "would", "you", "your"}
)  # fmt: skip
_SMALLEST = frozenset({"a", "an", "and", "are", "be", "been", "is", "or", "the", "was", "were"})
_CONTRAST = frozenset(
    {"but", "cannot", "different", "else", "except", "few", "instead", "lack", "least", "less", "neither", "never",
     "no", "nobody", "none", "nor", "not", "nothing", "only", "other", "otherwise", "rather", "than", "unless",
     "unlike", "without", "wrong"}
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = (("ies", "y"), ("ing", ""), ("ed", ""), ("es", ""), ("s", ""))
_RIGHT, _WRONG = frozenset({"right", "correct", "true"}), frozenset({"wrong", "incorrect", "false"})

Words = frozenset[str]


def overlapping_labels(card: Card) -> Found:
    """Labels of which one holds wherever another does, by the words of their definitions."""
    labels = _exclusive(card)
    for name, one in labels.items():
        if one.description and _meaning(one.description) <= _meaning(name):
            yield _at(name), "its description says no more than its name; say when it holds"
    if not card.output.ordinal:
        told = {name: _in_order(one.description) for name, one in labels.items()}
        compared = {name: words for name, words in told.items() if len(words) >= _FEWEST}
        yield from islice(_pairs(dict(islice(compared.items(), MOST_COMPARED)), labels), _LISTED)


def _pairs(told: Mapping[str, tuple[str, ...]], labels: Mapping[str, Label]) -> Found:
    for one, other in combinations(told, 2):
        wide, narrow = (one, other) if len(told[one]) <= len(told[other]) else (other, one)
        contrast = _contrast(labels[one].description) ^ _contrast(labels[other].description)
        if contrast or not _contains(told[narrow], told[wide]):
            continue
        if told[wide] != told[narrow]:
            yield _at(narrow), f"where it holds, {quoted(wide)} seems to hold too; say where the border runs"
        elif _plainly(labels[one].description) != _plainly(labels[other].description):
            yield _at(other), f"means the same as {quoted(one)}"


def _contains(words: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether all the others stand among the words, in their order: who did it to whom is a matter of order."""
    left = iter(words)
    return all(any(word == other for word in left) for other in others)


def _in_order(text: str) -> tuple[str, ...]:
    return tuple(_stem(word) for word in _listed(text) if word not in _SMALLEST)


def _plainly(text: str) -> str:
    return " ".join(text.casefold().split())


def settled_early(card: Card) -> Found:
    """Seeds, settings and attributes that choose the label before anybody was asked for one."""
    labels = _exclusive(card)
    told: tuple[tuple[DataPath, str, str], ...] = (
        (("seed", "description"), card.seed.description if card.seed else "", "a seed must not settle the label"),
        (("contexts",), card.contexts.description, "a setting must leave every label open"),
    )
    for place, text, why in told:
        if named := _named(text, labels):
            yield place, f"speaks of {quoted(named)} and not of the other labels; {why}"
    known = {name.casefold() for name in card.output.labels or {}}
    for name, values in card.attributes.items():
        if same := [value for value in values if value.casefold() in known]:
            what = "is also a label, which it would contradict" if len(same) == 1 else "are also labels"
            yield ("attributes", name), f"{', '.join(map(quoted, same[:_LISTED]))} {what}; attributes are drawn freely"


def _named(text: str, labels: Mapping[str, Label]) -> str:
    """The label that a text is about, if it is about one of them alone; else nothing."""
    if len(labels) < _FEWEST or len(labels) > MOST_COMPARED or _contrast(text):
        return ""
    said = _meaning(text)
    meanings = {name: _meaning(f"{name.replace('_', ' ')} {one.description}") for name, one in labels.items()}
    hits = [name for name in labels if _says(text, name) or len(said & _own(name, meanings)) >= _FEWEST]
    touched = [name for name in labels if said & _own(name, meanings)]
    return hits[0] if len(hits) == 1 and touched in ([], hits) else ""


def _own(name: str, meanings: Mapping[str, Words]) -> Words:
    """The words that only this label is defined by."""
    return meanings[name].difference(*(words for other, words in meanings.items() if other != name))


def _says(text: str, name: str) -> bool:
    return len(name) > 3 and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def lopsided_options(card: Card) -> Found:
    """Options are written as right ones and as wrong ones, by the same description."""
    for name in card.option_fields:
        words = _words(card.inputs[name].description) if name in card.inputs else frozenset()
        if bool(words & _RIGHT) != bool(words & _WRONG):
            one, other = ("right", "wrong") if words & _RIGHT else ("wrong", "right")
            yield ("inputs", name), f"its description is that of {one} options, but {other} ones are written by it too"


def _exclusive(card: Card) -> Mapping[str, Label]:
    """The labels of which exactly one holds; none where several can."""
    return card.output.labels or {} if card.output.kind == "labels" else {}


def _at(name: str) -> DataPath:
    return ("output", "labels", name)


def _contrast(text: str) -> Words:
    return _words(text) & _CONTRAST


def _words(text: str) -> Words:
    return frozenset(_listed(text))


def _listed(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("n't", " not").replace("n’t", " not"))


def _meaning(text: str) -> Words:
    """The words that carry meaning, without their endings."""
    return frozenset(map(_stem, _words(text) - _SMALL - _CONTRAST))


def _stem(word: str) -> str:
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word.removesuffix(ending) + instead
    return word


RULES = (overlapping_labels, settled_early, lopsided_options)


def overlaps(card: Card) -> Iterator[tuple[DataPath, str]]:
    """All that these rules have to say of a card."""
    for rule in RULES:
        yield from rule(card)
