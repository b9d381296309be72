"""YAML as cards use it: text, lists and mappings, and the line where each of them stands.

The rule: a scalar is the text that the user wrote. `yes`, `1.0` and `2024-01-01` are not turned into anything;
whoever wants a number or a truth value converts it. Only a plain empty value, `~` or `null` is None; as a key, even
`null` is text.

The mechanism: the parser's events (libyaml where PyYAML has it) are folded into data one by one, without PyYAML's
composer, resolver or constructor. So nothing can be built from a tag, no alias is ever expanded, and depth and number
of values are bounded while reading, not after it.

Refused, each with its line: tags, anchors and aliases, merge keys, duplicate and complex keys, several documents,
text that is not UTF-8, control characters, more than 4 MB, 32 levels or 200,000 values. Mistakes that leave the rest
readable are collected and reported together. Not covered: YAML 1.2's rules for plain scalars, which do not matter
where nothing is converted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    NodeEvent,
    ScalarEvent,
    SequenceStartEvent,
)

from satsuma.task.flaw import DataPath, Flaw, card_error, field_name, quoted

MAX_BYTES = 4 * 1024 * 1024
MAX_DEPTH = 32
MAX_VALUES = 200_000
MAX_FLAWS = 500
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TEXT_HINT = "put it in quotes if it is text"

Data = str | None | list["Data"] | dict[str, "Data"]


@dataclass(frozen=True, slots=True)
class Document:
    """A card's data and where it stands.

    keys: data path → line of the key, or of a list's item. values: data path → line where the value begins. blocks:
    the paths of literal blocks (`|`), whose text begins on the line after.
    """

    data: dict[str, Data]
    keys: dict[DataPath, int]
    values: dict[DataPath, int]
    blocks: frozenset[DataPath]

    def line(self, path: DataPath) -> int:
        """The line of the key at a path, or of the nearest thing around it; from 1."""
        while path and path not in self.keys:
            path = path[:-1]
        return self.keys.get(path, 1)


def read_yaml(source: bytes, file: str) -> Document:
    """The data of a YAML file that holds one mapping.

    Args:
        source: the bytes of the file.
        file: its name in error messages.

    Raises:
        CardError: everything that the module refuses, each with its line.
    """
    text = decode(source, file)
    reader = _Reader(file)
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            reader.take(event)
    except yaml.YAMLError as error:
        raise card_error([*reader.flaws, _syntax_flaw(error, text, file)]) from None
    return reader.document()


def decode(source: bytes, file: str, limit: int = MAX_BYTES) -> str:
    """Text of a file: UTF-8, without control characters, not larger than `limit` bytes; a byte order mark is dropped.

    Raises:
        CardError: it is not; the line says where.
    """
    if len(source) > limit:
        raise card_error([Flaw(f"is larger than {limit // 1024} kB, which is more than a card needs", file=file)])
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise card_error([Flaw("is written in UTF-16; save it as UTF-8", file=file, line=1)])
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        what = f"is not text in UTF-8: byte 0x{source[error.start]:02x}"
        raise card_error([Flaw(what, file=file, line=source.count(b"\n", 0, error.start) + 1)]) from None
    if found := _CONTROL.search(text):
        what = f"has the control character U+{ord(found[0]):04X}, which no card needs"
        raise card_error([Flaw(what, file=file, line=text.count("\n", 0, found.start()) + 1)])
    return text


@dataclass(slots=True)
class _Open:
    """A list or mapping that is being read; `key` waits for its value."""

    made: list[Data] | dict[str, Data]
    path: DataPath
    key: str | None = None
    where: dict[str, int] = field(default_factory=dict)
    skipped: bool = False


class _Reader:
    """Folds events into data."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.flaws: list[Flaw] = []
        self._open: list[_Open] = []
        self._root: Data = None
        self._documents = 0
        self._keys: dict[DataPath, int] = {}
        self._values: dict[DataPath, int] = {}
        self._blocks: set[DataPath] = set()

    def document(self) -> Document:
        """What was read, once every event was taken."""
        if not self.flaws and not isinstance(self._root, dict):
            empty = self._root is None
            what = (
                "is empty" if empty else "is not a card, which is a mapping that begins with something like `task: …`"
            )
            self.flaws.append(Flaw(what, file=self.file, line=0 if empty else 1))
        if self.flaws or not isinstance(self._root, dict):
            raise card_error(self.flaws)
        return Document(self._root, self._keys, self._values, frozenset(self._blocks))

    def take(self, event: Event) -> None:
        """Folds one event in."""
        if isinstance(event, NodeEvent):
            self._refuse_magic(event)
            if len(self._values) >= MAX_VALUES:
                self._stop(event, f"has more than {MAX_VALUES:,} values, which is more than a card needs")
            if isinstance(event, ScalarEvent):
                self._scalar(event)
            elif isinstance(event, CollectionStartEvent):
                self._start(event)
            elif self._wants_key():
                self._open[-1].key, self._open[-1].skipped = event.anchor or "", True
            else:
                self._put(event, None)
        elif isinstance(event, DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                self._stop(event, "holds several documents (`---`); a card is one")
        elif isinstance(event, CollectionEndEvent):
            self._open.pop()

    def _refuse_magic(self, event: NodeEvent) -> None:
        """Tags, anchors and aliases."""
        if isinstance(event, AliasEvent):
            self._flaw(event, f"*{event.anchor} is an alias; cards have none: write the value out, or {_TEXT_HINT}")
        elif event.anchor is not None:
            self._flaw(event, f"&{event.anchor} is an anchor; cards have none: leave it out, or {_TEXT_HINT}")
        if tag := getattr(event, "tag", None):
            shown = "!!" + tag[18:] if tag.startswith("tag:yaml.org,2002:") else tag
            self._flaw(event, f"{quoted(shown)[1:-1]} is a tag; cards have none: leave it out, or {_TEXT_HINT}")

    def _scalar(self, event: ScalarEvent) -> None:
        if found := _CONTROL.search(event.value):
            self._flaw(event, f"has the control character U+{ord(found[0]):04X}, which no card needs")
        if self._wants_key():
            self._take_key(event)
            return
        value = None if not event.style and event.value in _NULLS else event.value
        path = self._put(event, value)
        if event.style == "|":
            self._blocks.add(path)

    def _start(self, event: CollectionStartEvent) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._stop(event, f"is nested more than {MAX_DEPTH} levels deep")
        if self._wants_key():
            self._stop(
                event, "a key is a list or a mapping, but has to be text (text that begins with { or [ needs quotes)"
            )
        made: list[Data] | dict[str, Data] = [] if isinstance(event, SequenceStartEvent) else {}
        self._open.append(_Open(made, self._put(event, made)))

    def _wants_key(self) -> bool:
        return bool(self._open) and isinstance(self._open[-1].made, dict) and self._open[-1].key is None

    def _take_key(self, event: ScalarEvent) -> None:
        """A mapping's key: text, named once."""
        mapping, key, line = self._open[-1], event.value, _line(event)
        mapping.key, mapping.skipped = key, True
        if not key:
            self._flaw(event, "a key is empty")
        elif key == "<<" and not event.style:
            self._flaw(event, "<< is a merge key; cards have none: write the keys out")
        elif key in mapping.where:
            self._flaw(event, f"{quoted(key)} stands here twice; the first is on line {mapping.where[key]}")
        else:
            mapping.where[key], mapping.skipped = line, False
            self._keys[(*mapping.path, key)] = line

    def _put(self, event: Event, value: Data) -> DataPath:
        """Puts a value where it belongs and returns its path."""
        if not self._open:
            path: DataPath = ()
            self._root = value
        else:
            around = self._open[-1]
            path = self._put_into(around, value)
            if isinstance(around.made, list):
                self._keys[path] = _line(event)
        self._values[path] = _line(event)
        return path

    @staticmethod
    def _put_into(around: _Open, value: Data) -> DataPath:
        if isinstance(around.made, list):
            around.made.append(value)
            return (*around.path, len(around.made) - 1)
        key, around.key = around.key or "", None
        if not around.skipped:
            around.made[key] = value
        return (*around.path, key)

    def _here(self) -> DataPath:
        if not self._open:
            return ()
        around = self._open[-1]
        if isinstance(around.made, list):
            return (*around.path, len(around.made))
        return around.path if around.key is None else (*around.path, around.key)

    def _flaw(self, event: Event, what: str) -> None:
        self.flaws.append(Flaw(what, field_name(self._here()), self.file, _line(event)))
        if len(self.flaws) >= MAX_FLAWS:
            raise card_error(self.flaws)

    def _stop(self, event: Event, what: str) -> None:
        """A mistake after which reading on is of no use."""
        self._flaw(event, what)
        raise card_error(self.flaws)


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1 if event.start_mark is not None else 0


def _syntax_flaw(error: yaml.YAMLError, text: str, file: str) -> Flaw:
    """What YAML's own parser says, in plain words where the mistake is a frequent one."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", None) or "cannot be parsed").strip()
    if mark is None:
        return Flaw(f"is not YAML: {problem}", file=file)
    lines = text.splitlines() or [""]
    line = min(int(mark.line), len(lines) - 1)
    return Flaw(f"is not YAML: {next(_plainer(problem, lines[line]), problem)}", file=file, line=line + 1)


def _plainer(problem: str, line: str) -> Iterator[str]:
    if "mapping values are not allowed" in problem:
        yield "a colon stands inside unquoted text here; put the text in quotes"
    if "cannot start any token" in problem:
        if re.match(r"\s*\t", line):
            yield "a tab stands here; indent with spaces"
        yield "unquoted text cannot begin with this character; put the text in quotes"
    if "expected ',' or" in problem:
        yield "a list or mapping that is opened with [ or { is not closed, or lacks a comma"
    if any(said in problem for said in ("expected <block end>", "expected ':'", "expected key", "expected '-'")):
        yield "this line is indented differently from those it belongs to, or lacks a `key:`"
    if "unexpected end of stream" in problem:
        yield "a quote that is opened is never closed"
