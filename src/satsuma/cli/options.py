"""A command whose options are the fields of a frozen dataclass, so that many options are one value.

typer reads a command's options from its signature; `with_options` gives the command the signature of the dataclass.
Each field is `Annotated[type, typer.Option(...)]`. A parameter that may be a path or a URL is a `str` with
`parser=place`, since pathlib would take a slash from a URL. `plain_words` tells what is wrong with an option's value.
Options that several commands have in the same words are here as well; those of the measurements are in `report.py`.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Collection
from typing import Annotated, Literal, TypeVar, get_type_hints

import typer

T = TypeVar("T")
Card = Annotated[str, typer.Option("--card", help="The card that describes the rows.", metavar="CARD")]
Text = Annotated[list[str], typer.Option("--text", help="A column of the text; may be repeated.", metavar="COLUMN")]
Label = Annotated[str, typer.Option("--label", help="The column of the label.", metavar="COLUMN")]
Licence = Annotated[
    Literal["any", "permissive", "share-alike"],
    typer.Option("--licence", "--license", help="Which licences; share-alike includes permissive."),
]
Gated = Annotated[bool, typer.Option("--gated", help="Also datasets that ask for something first.")]


def with_options(kind: type[T], without: Collection[str] = ()) -> Callable[[Callable[[T], None]], Callable[..., None]]:
    """Makes `command(options)` a function of the dataclass's fields. without: fields that are no options of it."""
    hints = get_type_hints(kind, include_extras=True)
    offered = [field for field in dataclasses.fields(kind) if field.name not in without]  # type: ignore[arg-type]
    parameters = [_parameter(field, hints[field.name]) for field in offered]

    def decorate(command: Callable[[T], None]) -> Callable[..., None]:
        def run(**values: object) -> None:
            command(kind(**values))

        run.__doc__ = command.__doc__
        run.__name__ = command.__name__
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def place(given: str) -> str:
    """A path in its plain form, as pathlib has it; a URL as it is."""
    from pathlib import Path

    from satsuma.remote.urls import is_url

    return given if is_url(given) else str(Path(given))


def plain_words(wrong: typer.BadParameter) -> str:
    """What is wrong with an option's value, without the words of the library that checks it."""
    from pydantic import ValidationError

    if not isinstance(wrong.__cause__, ValidationError):
        return wrong.message
    first = wrong.__cause__.errors()[0]
    kind, value = first["type"], first["input"]
    if kind.startswith("int_"):
        return f"{value!r} is not a whole number"
    if kind.startswith("float_"):
        return f"{value!r} is not a number"
    if kind == "greater_than_equal":
        return f"{value} is less than {first['ctx']['ge']}"
    return wrong.message.removeprefix("Value error, ")


def _parameter(field: dataclasses.Field[object], annotation: object) -> inspect.Parameter:
    default: object = inspect.Parameter.empty
    if field.default is not dataclasses.MISSING:
        default = field.default
    elif field.default_factory is not dataclasses.MISSING:
        default = field.default_factory()
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
