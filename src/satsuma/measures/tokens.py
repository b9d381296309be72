"""Words and punctuation as the Penn Treebank separates them: the tokens in which n-grams are counted.

Which tokens the papers counted is not said in them; it was found by trying. DataTune's Table 3 comes out to the last
digit, for all four of its gold sets that are at hand, under the conventions of `nltk.word_tokenize` of its time (NLTK
3.8) over the text in lower case (`lowered`), and under none of: white space, runs of letters, NLTK's word-punctuation
and tweet tokenizers and its `word_tokenize` since 3.9, sacrebleu's 13a, Moses, spaCy. Its texts are BIG-bench's
inputs, for Code with `Python code:` before them, for Russian with one further token before them. These conventions:

* brackets, `? ! ; @ # $ % & *` and runs of two or more full stops are tokens wherever they stand; a comma or a colon
  is one unless a digit follows it; `--` is one;
* a full stop is a token of its own where a sentence ends, and part of the word elsewhere (`e.g.`, `3.5`, `x.y`);
* double quotes are tokens; a single quote that ends a word is one, and one that begins a word stays with it unless
  that word is a single letter;
* contractions are two tokens: `do n't`, `she 's`, `they 've`, and so are `can not`, `gon na` and the like.

Where a sentence ends is a rule here, not NLTK's trained Punkt model: a full stop before white space, unless the word
before it is a known English abbreviation, a single letter or has full stops inside. Not covered: abbreviations of
other languages (the paper's figures for Russian have none either), and scripts without spaces between words, whose
sentences are long tokens (`satsuma.selecting.rouge.words` counts these by character).
"""

from __future__ import annotations

import re

_SHORT = """
    adj adm adv apr approx apt assn aug ave blvd bros capt cf cmdr co col comm corp ct dec dept dist dr ed est etc feb
    fig figs fri ft gen gov hon inc jan jr jul jun lt ltd maj mar messrs min mon mr mrs ms mt no nos nov oct op pl pp
    prof pvt rd rep rev sat sec sen sep sept sgt sq sr st sun thu tue univ viz vol vs wed wm
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
_INITIAL = re.compile("[a-z]")
_STOP = re.compile(r"(?<!\s)\.([\])}>\"'»”’]*)(?=\s)")
_LAST = re.compile(r"([^.])(\.)([\])}>\"'»”’ ]*)$")
_BEFORE = 40
"""Characters before a full stop that are looked at to tell an abbreviation."""
_CLOSING = re.compile(r"([\])}>\"'»”’])")
_Rule = tuple[frozenset[str], re.Pattern[str], str]
"""Characters without any of which a text is left as it is; what is looked for; what takes its place."""


def _rules(*rules: tuple[str, str, str]) -> tuple[_Rule, ...]:
    return tuple((frozenset(signs), re.compile(pattern, re.IGNORECASE), put) for signs, pattern, put in rules)


_RULES = _rules(
    ("«“‘„`", r"([«“‘„]|`+)", r" \1 "),
    ('"', r'^"', "`` "),
    ("\"'", r'([ (\[{<])("|\'\')', r"\1 `` "),
    ("'", r"(')(?!re|ve|ll|m|t|s|d|n)(\w)\b", r"\1 \2"),
    (":,", r"([:,])([^\d])", r" \1 \2"),
    (":,", r"([:,])$", r" \1 "),
    (".;@#$%&?!*", r"(\.{2,}|[;@#$%&?!*])", r" \1 "),
    ("'", r"([^'])' ", r"\1 ' "),
    ("[](){}<>", r"([\[\](){}<>])", r" \1 "),
    ("-", r"--", " -- "),
)
_ENDINGS = _rules(
    ("»”’", r"([»”’])", r" \1 "),
    ("\"'", r"''|\"", " '' "),
    ("'", r"([^' ])('s|'m|'d|'|'ll|'re|'ve|n't) ", r"\1 \2 "),
    ("'", r"([^' ])('s|'m|'d|'|'ll|'re|'ve|n't) ", r"\1 \2 "),
    ("'", r"\b(d)('ye)\b|\b(more)('n)\b|('t)(is|was)\b", r"\1\3\5 \2\4\6"),
)
_TWO_WORDS = re.compile(r"\b(?:can(?=not\b)|(?:gim|lem)(?=me\b)|(?:gon|wan)(?=na\b)|got(?=ta\b))", re.IGNORECASE)


def tokens(text: str) -> list[str]:
    """The tokens of a text, in order; none in a text of white space."""
    spread = text
    signs = set(text)
    if "." in signs:
        spread = _STOP.sub(_sentence_end, text + " ").rstrip()
        spread = spread[:-_BEFORE] + _LAST.sub(r"\1 \2 \3 ", spread[-_BEFORE:])
    spread = _applied(_RULES, spread.rstrip() if "." not in signs else spread, signs)
    spread = _applied(_ENDINGS, f" {spread} ", signs)
    return _TWO_WORDS.sub(r"\g<0> ", spread).split()


def lowered(text: str) -> list[str]:
    """The tokens of the text in lower case, as DataTune's Table 3 counts them."""
    return tokens(text.lower())


def _applied(rules: tuple[_Rule, ...], text: str, signs: set[str]) -> str:
    for needed, pattern, put in rules:
        if not needed.isdisjoint(signs):
            text = pattern.sub(put, text)
    return text


def _sentence_end(match: re.Match[str]) -> str:
    before = match.string[max(0, match.start() - _BEFORE) : match.start()]
    word = re.split(r"\s", before)[-1]
    bare = word.lstrip("([{<\"'«“‘`-").lower()
    if word.endswith(".") or bare in _ABBREVIATIONS or (bare.isascii() and ("." in bare or _INITIAL.fullmatch(bare))):
        return match[0]
    return " . " + _CLOSING.sub(r" \1 ", match[1])
