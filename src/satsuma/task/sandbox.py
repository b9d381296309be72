"""Where templates run: a Jinja environment in which only plain data can be reached and nothing goes on for ever.

Reach: attributes are items of a mapping, a few methods of text, and `loop`; whatever else is asked for is refused, so
there is no way from a value to its class. Nothing is called but `range` and those methods; nothing is printed but
text and numbers, so there is no way to print an object's address or a list's Python form.

Cost: every rendering has one `Meter`. Each turn of a loop costs the size of its body, each text that is made its
length; when the meter is spent, the rendering ends. Texts are measured before they are made. Lists made in a template
hold only text and numbers, so nothing can be nested to grow exponentially. What remains costs at most a few seconds,
and an ordinary prompt microseconds.

"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from jinja2 import BaseLoader, StrictUndefined, Template, TemplateNotFound, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from satsuma.task.builtin import part_names, prompt_text
from satsuma.task.filters import TooMuch, Unprintable, filters, meter_of, replaced_length, scalars, tests
from satsuma.task.flaw import meant, quoted
from satsuma.task.grammar import INTERNALS, metered, misuses
from satsuma.task.text_filters import text_filters

MAX_RANGE = 10_000
_INTEGER_LIMIT = 10**18
_TEXT_METHODS = frozenset(
    {"capitalize", "count", "endswith", "find", "isalpha", "isdigit", "islower", "isupper", "join", "lower",
     "lstrip", "removeprefix", "removesuffix", "replace", "rstrip", "split", "splitlines", "startswith", "strip",
     "title", "upper"}
)  # fmt: skip
_LOOP = frozenset(
    {"changed", "cycle", "depth", "first", "index", "index0", "last", "length", "nextitem", "previtem", "revindex",
     "revindex0"}
)  # fmt: skip


class Missing(StrictUndefined):
    """A name or a key that is not there; using it is an error that says so, with the nearest one that is."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return str(self._undefined_hint)
        name = str(self._undefined_name)
        if self._undefined_obj is missing:
            return f"{quoted(name)[1:-1]} is not defined"
        if not isinstance(self._undefined_obj, Mapping):
            return (
                f"{quoted(name)[1:-1]} is not something that a prompt may take from a {_sort_of(self._undefined_obj)}"
            )
        return f"there is no {quoted(name)[1:-1]} in it{meant(name, [str(key) for key in self._undefined_obj])}"


def _sort_of(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, int | float):
        return "number"
    return "list" if isinstance(value, list | tuple | range) else "value"


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """The environment of every template. Its loader knows the built-in parts only."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, undefined=Missing, autoescape=False, finalize=printable,
            loader=_Parts(), auto_reload=False, cache_size=0,
        )  # fmt: skip
        self._compiled_parts: dict[str, Template] = {}
        self.globals = {"range": bounded_range}
        self.filters = filters() | text_filters()
        self.tests = tests()  # type: ignore[assignment]

    def _generate(self, source: nodes.Template, *args: object, **kwargs: object) -> str:
        """Jinja's step from tree to code, with the grammar held and the costs counted."""
        for line, what in misuses(source, part_names(), public_filters(self), self.tests):
            raise SecurityError(f"line {line}: {what}")
        return super()._generate(metered(source), *args, **kwargs)  # type: ignore[arg-type]

    def get_template(self, name: object, *_: object, **__: object) -> Template:
        """A built-in part, compiled once; `{% include %}` asks for it each time."""
        part = str(name)
        if part not in self._compiled_parts:
            self._compiled_parts[part] = super().get_template(part)
        return self._compiled_parts[part]

    def make_globals(self, d: Mapping[str, object] | None) -> dict[str, object]:
        """One dictionary: an included part walks over its globals each time, and Jinja's chain of them is slow."""
        return {**self.globals, **(d or {})}

    def getattr(self, obj: object, attribute: str) -> object:
        """An item of a mapping, a method of text, or a property of `loop`."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return self._attribute(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """An item of a mapping, a list or a text."""
        if isinstance(argument, str) and not (isinstance(obj, Mapping) and argument in obj):
            return self._attribute(obj, argument)
        if isinstance(obj, Mapping | list | tuple | str | range):
            try:
                return obj[argument]  # type: ignore[index, call-overload]
            except (LookupError, TypeError):
                return self.undefined(obj=obj, name=str(argument))
        if isinstance(obj, Undefined):
            return obj[argument]
        raise SecurityError(INTERNALS)

    def _attribute(self, obj: object, name: str) -> object:
        if isinstance(obj, Undefined):
            return getattr(obj, name)  # raises, and says what is undefined
        if name in (_TEXT_METHODS if isinstance(obj, str) else _LOOP if isinstance(obj, LoopContext) else ()):
            return getattr(obj, name)
        if name.startswith("_"):
            raise SecurityError(f"{quoted(name)[1:-1]} {INTERNALS}")
        if isinstance(obj, str | int | float | list | tuple | range | Mapping | LoopContext) or obj is None:
            return self.undefined(obj=obj, name=name)
        raise SecurityError(f"{quoted(name)[1:-1]} {INTERNALS}")

    def call(self, context: Context, obj: object, *args: object, **kwargs: object) -> object:
        """`range`, a method of text, or one of `loop`; a mapping's are called by the filter `_method`."""
        for name in ("_loop_vars", "_block_vars"):  # what Jinja's code hands to functions that take a context
            kwargs.pop(name, None)
        if obj is bounded_range:
            return bounded_range(*args, **kwargs)  # type: ignore[arg-type]
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str) and name in _TEXT_METHODS:
            scalars(args, kwargs.values(), but_first=name == "join")
            meter_of(context).text(_length_of(owner, name, args))
            return obj(*args, **kwargs)  # type: ignore[operator]
        if isinstance(owner, LoopContext) and name in _LOOP:
            return obj(*args, **kwargs)  # type: ignore[operator]
        if isinstance(obj, Undefined):
            return obj()
        raise SecurityError("calls something that is not to be called; a filter may do it: `{{ value | filter }}`")

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """Arithmetic on numbers of an ordinary size, `+` on two texts, `*` on a text and a number."""
        if operator == "+" and isinstance(left, str) and isinstance(right, str):
            meter_of(context).text(len(left) + len(right))
            return left + right
        if operator == "*" and isinstance(left, str) and isinstance(right, int):
            meter_of(context).text(len(left) * max(0, right))
            return left * right
        for side in (left, right):
            if isinstance(side, Undefined):
                str(side)  # raises, and says what is undefined
            if not isinstance(side, int | float):
                what = f"`{operator}` is for numbers here, not for {quoted(side, 40)}"
                raise Unprintable(f"{what}; put texts together with `~`")
            if abs(side) > _INTEGER_LIMIT:
                raise TooMuch("it makes a number that is larger than a prompt needs")
        return super().call_binop(context, operator, left, right)


class _Parts(BaseLoader):
    """The built-in prompts, by name; no path, no file of the user's."""

    def get_source(
        self,
        environment: object,  # noqa: ARG002 - Jinja passes it
        template: str,
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        text = prompt_text(template)
        if text is None:
            raise TemplateNotFound(template)
        return text, None, None


def public_filters(environment: PromptEnvironment) -> list[str]:
    """The filters that a template may name."""
    return [name for name in environment.filters if not name.startswith("_")]


def printable(value: object) -> object:
    """What a template may print: text and numbers.

    Raises:
        Unprintable: it is a list, a mapping, nothing, or a method that was not called.
    """
    if type(value) is str or isinstance(value, str | int | float | Undefined):  # nearly always the first
        return value
    if value is None:
        raise Unprintable("it prints an empty value (none); test for it with `{% if … %}`")
    if isinstance(value, Mapping):
        raise Unprintable("it prints a mapping; loop over it: `{% for key, value in ….items() %}`, or use `| tojson`")
    if callable(value):
        raise Unprintable("it prints a method without calling it")
    raise Unprintable("it prints a list; put it together with `| join(', ')`, loop over it, or use `| tojson`")


def bounded_range(*ends: int) -> range:
    """`range`, for at most `MAX_RANGE` numbers.

    Raises:
        TooMuch: it has more.
    """
    made = range(*ends)
    if max(map(abs, ends)) > _INTEGER_LIMIT or len(made) > MAX_RANGE:
        raise TooMuch(f"range has more than {MAX_RANGE:,} numbers")
    return made


def _length_of(owner: str, name: str, args: Sequence[object]) -> int:
    """The length of what a method of text makes, from above."""
    if name == "replace" and len(args) >= 2 and isinstance(args[0], str) and isinstance(args[1], str):
        return replaced_length(owner, args[0], args[1])
    if name == "join" and args:
        return _joined_length(_concrete(args[0]), owner)
    return len(owner)


def _joined_length(items: Sequence[object], between: str) -> int:
    scalars(items)
    return sum(len(str(item)) + len(between) for item in items)


def _concrete(items: object) -> Sequence[object]:
    if isinstance(items, list | tuple | str | range):
        return items
    raise Unprintable("only a list can be joined this way; use the filter: `{{ list | join(', ') }}`")
