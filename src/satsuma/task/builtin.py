"""The cards and the prompts that come with the package: files in `satsuma/tasks` and `satsuma/prompts`."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

PARTS = ("examples.jinja",)
"""The files that a template may include."""
PROMPTS = ("contexts", "seeds", "instance", "correction", "text", "target")
"""The built-in prompts: one for each step, and the two templates of the verbalized pair."""
_PACKAGE = "satsuma"


def builtin_names() -> tuple[str, ...]:
    """The names of the built-in cards, sorted."""
    return tuple(sorted(path.stem for path in _folder("tasks").glob("*.yaml")))


def builtin_path(name: str) -> Path:
    """The file of a built-in card; it need not exist."""
    return _folder("tasks") / f"{name}.yaml"


@cache
def prompt_names() -> tuple[str, ...]:
    """The files of the built-in prompts and of the parts that they include, sorted."""
    return tuple(sorted(path.name for path in _folder("prompts").glob("*.jinja")))


def part_names() -> tuple[str, ...]:
    """The files that a template may include."""
    return PARTS


@cache
def prompt_text(name: str) -> str | None:
    """The text of a built-in prompt; None if there is none of that name."""
    return (_folder("prompts") / name).read_text(encoding="utf-8") if name in prompt_names() else None


def _folder(name: str) -> Path:
    # The package is always a directory: its data files are read in place.
    return Path(str(resources.files(_PACKAGE) / name))
