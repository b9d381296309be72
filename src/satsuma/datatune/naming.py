"""Names as a model gives them back: the same, or in another case, or with quotes around it; nothing else is guessed."""

from __future__ import annotations

from collections.abc import Iterable

_AROUND = " \t\r\n\"'`"


def known(name: str, names: Iterable[str]) -> str | None:
    """The one of the names that is meant; None if there is none, or if it could be several."""
    listed = list(names)
    if name in listed:
        return name
    bare = name.strip(_AROUND).casefold()
    near = [one for one in listed if one.strip(_AROUND).casefold() == bare]
    return near[0] if len(near) == 1 else None
