"""README.md of a run: a dataset card that the Hugging Face hub understands, made from run.json alone.

The YAML block is written by `yaml.safe_dump`; the body is `readme.md.jinja`, in which every text of a card or a model
is escaped for Markdown and HTML, so that nothing a model wrote becomes a link, a heading or a tag. Not covered:
uploading it.

Source: https://huggingface.co/docs/hub/datasets-cards
"""

from __future__ import annotations

import re
from importlib import resources
from typing import TYPE_CHECKING

from satsuma.run.account import account
from satsuma.run.atomic import write_atomically
from satsuma.run.hub import language_code, license_metadata, size_category
from satsuma.run.plain import one_line
from satsuma.run.redact import redact
from satsuma.run.summary import summarize

if TYPE_CHECKING:
    from satsuma.run.directory import RunDirectory
    from satsuma.run.state import RunState
    from satsuma.task.card import Card

_MATRIX_LABELS = 12
_POSITION = "the position of the right option, from 0"
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_BLOCK_START = re.compile(r"^([-=]|\d+(?=[.)]))")


def write_readme(directory: RunDirectory, card: Card, state: RunState) -> None:
    """Write README.md.

    Raises:
        RunError: it could not be written.
    """
    write_atomically(directory.readme_path, render(card, state, directory).encode())


def render(card: Card, state: RunState, directory: RunDirectory) -> str:
    """The text of README.md."""
    import jinja2
    import yaml

    environment = jinja2.Environment(  # noqa: S701 (Markdown: `md` escapes it, HTML included)
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"md": markdown, "paragraph": paragraph}
    template = environment.from_string(resources.files("satsuma.run").joinpath("readme.md.jinja").read_text("utf-8"))
    summary = summarize(state, directory.path)
    front = yaml.safe_dump(metadata(card, state), allow_unicode=True, sort_keys=False)
    return template.render(
        front=redact(front),
        card=card,
        state=state,
        summary=summary,
        columns=_columns(card),
        matrix=_matrix(state),
        audits=account(state),
        splits=splits(state),
    )


def metadata(card: Card, state: RunState) -> dict[str, object]:
    """The YAML block: license, language, tasks, size, tags and the data files."""
    language = language_code(card.language)
    return {
        **license_metadata(one_line(_licence(card, state))),
        **({"language": [language]} if language else {}),
        "pretty_name": card.name,
        "task_categories": [_category(card)],
        "size_categories": [size_category(state.size)],
        "tags": ["synthetic", "satsuma"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}.parquet"} for split in splits(state)],
            }
        ],
    }


def splits(state: RunState) -> tuple[str, ...]:
    """The splits of the dataset, in order; train alone unless it was curated into more."""
    there = state.curated.splits if state.curated is not None else {}
    return tuple(name for name in ("train", "validation", "test") if name in there) or ("train",)


def _licence(card: Card, state: RunState) -> str:
    """The card's, unless the datasets that rows were taken from ask for another one."""
    of_others = state.transformed or state.blended
    asked = of_others.licence if of_others else ""
    return "other" if asked == "unknown" else asked or card.license


def markdown(value: object) -> str:
    """Text inside a line that Markdown and HTML show as it is."""
    text = one_line(redact(str(value)))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", text).replace("://", ":\\//").replace("www.", "www\\.").replace("@", "&#64;")


def paragraph(value: object) -> str:
    """`markdown` at the beginning of a line, where it could also begin a list or a rule."""
    text = markdown(value)
    return _BLOCK_START.sub(r"\\\1" if text[:1] in "-=" else r"\1\\", text)


def _category(card: Card) -> str:
    if card.output.labels is not None:
        return "text-classification"
    return "multiple-choice" if card.output.choice is not None else "text-generation"


def _columns(card: Card) -> list[tuple[str, str, str]]:
    """Name, type and meaning of every column."""
    from satsuma.run.columns import schema

    meaning = {name: given.description for name, given in card.inputs.items()}
    meaning |= {
        card.output.name: card.output.text
        or ("the position of the right option, from 0" if card.output.choice else "the label"),
        "text": "the instance as a student reads it",
        "target": "what the student is to answer",
        "id": "the path of the instance in its run",
        "provenance": "where it came from: context, seed, models, the label before and after self-correction, requests",
    }
    kinds = {f.name: "struct" if f.name == "provenance" else str(f.type) for f in schema(card)}
    return [(name, kinds[name].replace("element: ", "").replace("item: ", ""), meaning[name]) for name in kinds]


def _matrix(state: RunState) -> tuple[list[str], list[list[str]]] | None:
    """The correction matrix as its labels and its rows of text; None if there is none or it is too wide to read."""
    labels = list(dict.fromkeys([*state.matrix, *(c for row in state.matrix.values() for c in row)]))
    if not labels or len(labels) > _MATRIX_LABELS:
        return None
    return labels, [[str(state.matrix.get(a, {}).get(c, 0)) for c in labels] for a in labels]
