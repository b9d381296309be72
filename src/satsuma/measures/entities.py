"""Named entities and how they are distributed: bias of places, people and groups (TarGEN, Figure 4).

With a trained spaCy pipeline, if one is installed: GPE, PERSON, NORP, EVENT, PRODUCT, ORG and LANGUAGE as it finds
them. Without one, by lists and a rule, and `method` says so: countries, nationalities and languages by name
(`satsuma.measures.gazetteer`), and as NAME whatever is written as a name: words with a capital that also stand so
inside a sentence, are never written without the capital in this dataset, and are no stop words, months, weekdays or
titles. NAME is persons, organizations, products and cities together.

`divergence` compares two datasets by kind: the Jensen-Shannon divergence (Lin 1991) of the distributions of
entities, 0 (equal) to 1 (nothing in common).
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from satsuma.measures.gazetteer import mentions
from satsuma.measures.outcome import NotDefined
from satsuma.measures.stopwords import STOP_WORDS

if TYPE_CHECKING:
    from spacy.language import Language

KINDS = ("GPE", "PERSON", "NORP", "EVENT", "PRODUCT", "ORG", "LANGUAGE", "NAME")
TOP = 20
GET = "pip install spacy && python -m spacy download en_core_web_sm"
_RENAMED = {"PER": "PERSON", "LOC": "GPE"}
_UNUSED = ("tagger", "parser", "senter", "attribute_ruler", "lemmatizer", "morphologizer")
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_STARTS = re.compile(r"(?:^|[.!?:;\n\"“”‘(\[*•]|\B')\W*$")
_WRITTEN_SO = """
    january february march april may june july august september october november december monday tuesday wednesday
    thursday friday saturday sunday mr mrs ms miss dr prof professor sir madam lady lord mom dad mum god internet ok
    okay
"""
_NO_NAMES = frozenset(_WRITTEN_SO.split())


@dataclass(frozen=True, slots=True)
class Kind:
    """Entities of one kind. instances: with one at least. top: the most frequent with their mentions, 20 at most."""

    mentions: int
    distinct: int
    instances: int
    top: dict[str, int]


@dataclass(frozen=True, slots=True)
class Entities:
    """What is named. method: how it was found. kinds: kind → its entities, kinds without any left out."""

    instances: int
    method: str
    kinds: dict[str, Kind]


@dataclass(frozen=True, slots=True)
class Found:
    """Every mention: kind → entity → mentions, and kind → instances with one at least."""

    method: str
    instances: int
    counts: Mapping[str, Counter[str]]
    touched: Mapping[str, int]


def find_entities(texts: Sequence[str], language: str = "en") -> Found:
    """Every entity of the texts. language: its code (ISO 639), for the names of countries and the pipeline."""
    pipeline = _pipeline(language)
    if pipeline is None:
        method = f"lists of names and a rule; with a trained model it would be better: {GET}"
        found: Iterable[list[tuple[str, str]]] = _by_rule(texts, language)
    else:
        method = f"spaCy {pipeline.meta['lang']}_{pipeline.meta['name']} {pipeline.meta['version']}"
        found = _by_model(pipeline, texts)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    touched: Counter[str] = Counter()
    for entities in found:
        for kind, name in entities:
            counts[kind][name] += 1
        touched.update({kind for kind, _ in entities})
    return Found(method, len(texts), counts, touched)


def entities(found: Found) -> Entities | NotDefined:
    """The distribution of what was found; not defined without instances."""
    if not found.instances:
        return NotDefined("there are no instances")
    kinds = {}
    for kind in (k for k in KINDS if k in found.counts):
        counts = found.counts[kind]
        top = dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:TOP])
        kinds[kind] = Kind(counts.total(), len(counts), found.touched[kind], top)
    return Entities(found.instances, found.method, kinds)


def divergence(one: Found, other: Found) -> dict[str, float]:
    """Kind → the Jensen-Shannon divergence in bits, of the kinds that both datasets have."""
    shared = [kind for kind in KINDS if one.counts.get(kind) and other.counts.get(kind)]
    return {kind: _jensen_shannon(one.counts[kind], other.counts[kind]) for kind in shared}


def _jensen_shannon(one: Counter[str], other: Counter[str]) -> float:
    totals = one.total(), other.total()
    parts = []
    for name in one.keys() | other.keys():
        shares = one[name] / totals[0], other[name] / totals[1]
        middle = sum(shares) / 2
        parts += [share * math.log2(share / middle) / 2 for share in shares if share]
    return min(max(math.fsum(parts), 0.0), 1.0)


def _pipeline(language: str) -> Language | None:
    """The trained pipeline that is installed for a language, the smallest by name; None if there is none."""
    if find_spec("spacy") is None:
        return None
    import spacy

    for name in sorted(spacy.util.get_installed_models(), key=lambda name: (not name.startswith(language), name)):
        if name.startswith((f"{language}_", "xx_")):
            loaded = spacy.load(name, exclude=list(_UNUSED))
            if "ner" in loaded.pipe_names or "entity_ruler" in loaded.pipe_names:
                return loaded
    return None


def _by_model(pipeline: Language, texts: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    short = (text[: pipeline.max_length] for text in texts)
    for document in pipeline.pipe(short, batch_size=64):
        named = ((_RENAMED.get(entity.label_, entity.label_), entity.text.strip()) for entity in document.ents)
        yield [(kind, name) for kind, name in named if kind in KINDS and name]


def _by_rule(texts: Sequence[str], language: str) -> Iterator[list[tuple[str, str]]]:
    name_words = _name_words(texts)
    for text in texts:
        known = list(mentions(text, language))
        taken = {at for mention in known for at in range(mention.start, mention.end)}
        named = [("NAME", name) for name in _names(text, name_words, taken)]
        yield [(mention.kind, mention.name) for mention in known] + named


def _name_words(texts: Sequence[str]) -> set[str]:
    """Words that stand with a capital inside sentences and never without one."""
    inside: set[str] = set()
    small: set[str] = set()
    for text in texts:
        for match in _WORD.finditer(text):
            word = match[0]
            if word[0].islower():
                small.add(word)
            elif word[1:].islower() and not _starts_a_sentence(text, match.start()):
                inside.add(word)
    refused = small | STOP_WORDS | _NO_NAMES
    return {word for word in inside if word.lower() not in refused}


def _starts_a_sentence(text: str, at: int) -> bool:
    return bool(_STARTS.search(text, max(0, at - 8), at)) if at > 0 else True


def _names(text: str, name_words: set[str], taken: set[int]) -> Iterator[str]:
    """Runs of name words with nothing but a space between them. taken: characters of what is known by name."""
    run: list[str] = []
    end = -1
    for match in _WORD.finditer(text):
        is_name = match[0] in name_words and match.start() not in taken
        if run and (not is_name or text[end : match.start()] != " "):
            yield " ".join(run)
            run = []
        if is_name:
            run.append(match[0])
            end = match.end()
    if run:
        yield " ".join(run)
