"""The filters and tests of templates, and the meter that counts what one rendering costs.

Jinja's harmless filters are wrapped: their arguments are text or numbers, and what goes in and comes out is charged.
Those that could make much from little are written here, and measure before they make. The names that begin with an
underscore are put around loops, concatenations, literals, slices and comparisons by `satsuma.task.grammar.metered`.

Nothing here depends on time or chance: the filters that do are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sized
from typing import Protocol, TypeVar, cast

from jinja2 import pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import SandboxedEnvironment
from jinja2.tests import TESTS

MAX_TEXT = 1_000_000
"""Characters of a text that a template makes, and of what it renders to."""
MAX_WORK = 3_000_000
"""What a meter holds: a node of a loop's body, evaluated once, costs 1; a text that is made, 1 per 8 characters."""
_JINJAS_FILTERS = (
    "abs", "capitalize", "count", "d", "default", "dictsort", "first", "items", "last", "length", "list", "lower",
    "map", "max", "min", "reject", "rejectattr", "reverse", "select", "selectattr", "sort", "title", "trim",
    "truncate", "unique", "upper", "wordcount",
)  # fmt: skip
_ORDERING = frozenset({"dictsort", "max", "min", "sort", "unique"})
_SLOW = 16
"""How much more an item costs the filters that compare items than those that pass it on."""
_JINJAS_TESTS = (
    "!=", "<", "<=", "==", ">", ">=", "boolean", "defined", "divisibleby", "eq", "equalto", "even", "false",
    "float", "ge", "gt", "in", "integer", "iterable", "le", "lower", "lt", "mapping", "ne", "none", "number", "odd",
    "sequence", "string", "true", "undefined", "upper",
)  # fmt: skip

T = TypeVar("T")


class TooMuch(TemplateRuntimeError):
    """The template makes or does more than a prompt needs."""


class Unprintable(TemplateRuntimeError):
    """The template prints something that is not text, or puts together what does not go together."""


class Meter:
    """What one rendering may still cost."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = MAX_WORK

    def charge(self, cost: int) -> None:
        """Take `cost`.

        Raises:
            TooMuch: the meter is spent.
        """
        self.left -= cost
        if self.left < 0:
            raise TooMuch("it does more than a prompt needs; shorten its loops")

    def text(self, length: int) -> None:
        """Take the cost of a text of that length, before it is made.

        Raises:
            TooMuch: the text or the sum of them is too long.
        """
        if length > MAX_TEXT:
            raise TooMuch(f"it makes a text of more than {MAX_TEXT:,} characters")
        self.charge(length // 8 + 1)


def meter_of(context: Context) -> Meter:
    """The meter of the rendering that a filter or call belongs to."""
    return cast(Meter, context.parent["_meter"])  # render() puts it there


def scalars(*groups: Iterable[object], but_first: bool = False) -> None:
    """Refuse lists and mappings as arguments: with them, values could be nested to grow without end.

    Raises:
        Unprintable: there is one.
    """
    for group in groups:
        for at, value in enumerate(group):
            if at == 0 and but_first:
                continue
            if isinstance(value, Undefined):
                str(value)  # raises, and says what is undefined
            if not isinstance(value, str | int | float) and value is not None:
                raise Unprintable("a list or a mapping cannot be an argument here")


def replaced_length(text: str, old: str, new: str) -> int:
    """How long `text.replace(old, new)` can be at most."""
    return len(text) + (text.count(old) if old else len(text) + 1) * max(0, len(new) - len(old))


class _Filter(Protocol):
    def __call__(self, context: Context, value: object, /, *args: object, **kwargs: object) -> object:
        """The value, filtered."""
        ...


def filters() -> dict[str, Callable[..., object]]:
    """Every filter: Jinja's harmless ones, counted, and our own of those that could make much from little."""
    own: dict[str, _Filter] = {"float": _float, "indent": _indent, "int": _int, "join": _join, "replace": _replace,
                               "round": _round, "string": _string, "tojson": _tojson}  # fmt: skip
    hidden: dict[str, _Filter] = {"_compared": _compared, "_concat": _concat, "_literal": _literal, "_method": _method,
                                  "_slice": _slice, "_steps": _steps}  # fmt: skip
    counted = {name: _counted(FILTERS[name], _SLOW if name in _ORDERING else 1) for name in _JINJAS_FILTERS}
    return counted | {name: pass_context(filter_) for name, filter_ in (own | hidden).items()}


def _counted(jinjas: Callable[..., object], factor: int) -> Callable[..., object]:
    """One of Jinja's filters, with scalar arguments and the length of what goes in and comes out charged."""
    wants = str(getattr(jinjas, "jinja_pass_arg", ""))

    def filtered(context: Context, value: object, /, *args: object, **kwargs: object) -> object:
        scalars(args, kwargs.values())
        meter = meter_of(context)
        meter.charge(_size(value) * factor)
        first: tuple[object, ...] = ()
        if "environment" in wants:
            first = (context.environment,)
        elif "eval_context" in wants:
            first = (context.eval_ctx,)
        elif "context" in wants:
            first = (context,)
        made = jinjas(*first, value, *args, **kwargs)
        meter.charge(_size(made))
        return _passing(made, meter) if isinstance(made, Iterator) else made

    return pass_context(filtered)


def tests() -> dict[str, Callable[..., bool]]:
    """Every test: Jinja's harmless ones, counted."""
    return {name: _compared_test(cast(Callable[..., bool], TESTS[name])) for name in _JINJAS_TESTS}


def _compared_test(jinjas: Callable[..., bool]) -> Callable[..., bool]:
    """One of Jinja's tests, with the length of what it looks at charged."""

    def tested(context: Context, value: object, /, *args: object) -> bool:
        meter_of(context).charge(_size(value) + sum(map(_size, args)))
        return jinjas(value, *args)

    return pass_context(tested)


def _compared(context: Context, value: object, /, *_: object, **__: object) -> object:
    """What stands on a side of a comparison."""
    meter_of(context).charge(_size(value))
    return value


def _size(value: object) -> int:
    return len(value) // 8 + 1 if isinstance(value, Sized) and not isinstance(value, Undefined) else 1


def _passing(items: Iterator[T], meter: Meter) -> Iterator[T]:
    for item in items:
        meter.charge(1)
        yield item


def _steps(context: Context, value: object, /, *args: object, **_: object) -> object:
    """What a loop goes over, its turns charged: at once where their number is known, else one by one."""
    meter, cost = meter_of(context), int(str(args[0]))
    if isinstance(value, Sized) and not isinstance(value, Undefined):
        meter.charge(len(value) * cost)
        return value
    if isinstance(value, Iterable) and not isinstance(value, Undefined):
        return _weighed(iter(value), meter, cost)
    return value


def _weighed(items: Iterator[T], meter: Meter, cost: int) -> Iterator[T]:
    for item in items:
        meter.charge(cost)
        yield item


def _concat(context: Context, value: object, /, *_: object, **__: object) -> str:
    """`a ~ b`."""
    return _join(context, value)


def _literal(context: Context, value: object, /, *_: object, **__: object) -> object:
    """A list or mapping that is written out in a template."""
    items = list(value.values() if isinstance(value, Mapping) else cast(Iterable[object], value))
    meter_of(context).charge(len(items))
    scalars(items)
    return value


def _method(context: Context, value: object, /, *args: object, **kwargs: object) -> object:
    """`mapping.items()` and its like."""
    name, *given = args
    if isinstance(value, Mapping):
        scalars(given, kwargs.values())
        return getattr(value, str(name))(*given, **kwargs)
    environment = cast(SandboxedEnvironment, context.environment)
    return environment.call(context, environment.getattr(value, str(name)), *given, **kwargs)


def _slice(context: Context, value: object, /, *ends: object, **_: object) -> object:
    """`value[a:b]`."""
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is undefined
    if not isinstance(value, str | list | tuple | range):
        raise Unprintable("only texts and lists can be cut")
    meter_of(context).charge(_size(value))
    return value[slice(*map(_end, ends))]


def _end(value: object) -> int | None:
    return None if value is None else int(str(_scalar(value)))


def _join(context: Context, value: object, /, *args: object, **kwargs: object) -> str:
    """The items' texts with `d` between them; `attribute` takes that item of each."""
    scalars(args, kwargs.values())
    between = str(args[0] if args else kwargs.pop("d", ""))
    attribute = args[1] if len(args) > 1 else kwargs.pop("attribute", None)
    if isinstance(value, Undefined) or not isinstance(value, Iterable):
        str(value)  # raises if it is undefined
        raise Unprintable("only a list can be joined")
    meter = meter_of(context)
    items = list(_passing(iter(value), meter))
    if attribute is not None:
        items = [context.environment.getitem(item, attribute) for item in items]
    texts = [str(_scalar(item)) for item in items]
    meter.text(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def _scalar(value: object) -> object:
    if isinstance(value, str | int | float | Undefined):
        return value
    raise Unprintable("only texts and numbers can be put together, not an empty value, a list or a mapping")


def _string(context: Context, value: object, /, *_: object, **__: object) -> str:  # noqa: ARG001
    return str(_scalar(value))


def _replace(context: Context, value: object, /, *args: object, **_: object) -> str:
    scalars(args)
    text, old, new = str(_scalar(value)), str(args[0]), str(args[1])
    meter_of(context).text(replaced_length(text, old, new))
    return text.replace(old, new)


def _indent(context: Context, value: object, /, *args: object, **kwargs: object) -> str:
    """Every line but the first (with `first=true`, that too) indented by `width` spaces, at most 40."""
    width = min(40, max(0, int(str(args[0] if args else kwargs.get("width", 4)))))
    first = args[1] if len(args) > 1 else kwargs.get("first", False)
    text = str(_scalar(value))
    meter_of(context).text(len(text) + width * (text.count("\n") + 1))
    lines = text.split("\n")
    return "\n".join(" " * width + line if line and (at or first) else line for at, line in enumerate(lines))


def _int(context: Context, value: object, /, *args: object, **_: object) -> object:  # noqa: ARG001
    try:
        return int(str(_scalar(value))[:18])
    except ValueError:
        return args[0] if args else 0


def _float(context: Context, value: object, /, *args: object, **_: object) -> object:  # noqa: ARG001
    try:
        return float(str(_scalar(value))[:40])
    except ValueError:
        return args[0] if args else 0.0


def _round(context: Context, value: object, /, *args: object, **_: object) -> object:  # noqa: ARG001
    if not isinstance(value, int | float):
        raise Unprintable("only a number can be rounded")
    return round(value, min(15, int(str(args[0])))) if args else round(value)


def _tojson(context: Context, value: object, /, *_: object, **__: object) -> str:
    """JSON on one line, with letters of every script as they are."""
    if isinstance(value, Undefined):
        str(value)  # raises, and says what is undefined
    try:
        made = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        raise Unprintable("only text, numbers, lists and mappings can be written as JSON") from None
    meter_of(context).text(len(made))
    return made
