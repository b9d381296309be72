"""The YAML file of a drafted card: its comments are ours (`card.yaml.jinja`), its values are the model's.

Every value goes through `scalars.py`, every text in a comment onto one line with what nobody can see escaped, so that
nothing that a model, a user or a dataset says becomes anything but what it stands for. The same card gives the same
bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from satsuma.drafting.assembling import Data
from satsuma.drafting.scalars import block, key, quoted, scalar
from satsuma.run.plain import one_line

if TYPE_CHECKING:
    import jinja2


@dataclass(frozen=True, slots=True)
class Origins:
    """Where a card comes from, for its comments.

    file: the card's own name. model: who drafted it. task: the user's sentence. source: the rows' name. renamed: field
    → the column that it was. left_out: column → why it is no input.
    """

    file: str
    model: str
    task: str = ""
    source: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def written(data: Data, origins: Origins) -> str:
    """The text of the card's file."""
    return _template().render(
        card={**data, "name": ""},
        output=data["output"],
        file=origins.file,
        model=origins.model,
        task=origins.task,
        source=origins.source,
        left_out=origins.left_out,
        renamed=origins.renamed,
    )


@cache
def _template() -> jinja2.Template:
    import jinja2

    environment = jinja2.Environment(  # noqa: S701 - YAML: `scalar` and `key` escape it
        undefined=jinja2.ChainableUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {
        "block": block, "key": key, "line": one_line, "meaning": _meaning, "quoted": _in_a_comment, "scalar": scalar,
    }  # fmt: skip
    source = resources.files("satsuma.drafting").joinpath("card.yaml.jinja").read_text("utf-8")
    return environment.from_string(source)


def _meaning(text: str, indent: int) -> str:
    """What stands behind a key and its colon; nothing where there is no meaning."""
    return f" {scalar(text, indent)}" if text else ""


def _in_a_comment(text: str) -> str:
    return quoted(one_line(text))
