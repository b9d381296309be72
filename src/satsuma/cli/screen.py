"""Standard output: plain lines and aligned columns, in which text of cards and models is shown and never obeyed.

Every text is escaped by `plain` and printed without markup, so that neither `[red]` nor an escape sequence does
anything. Lines are never cut or wrapped where the output is not a terminal, so that `grep` finds what is there.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from satsuma.run.plain import one_line, plain

if TYPE_CHECKING:
    from rich.console import Console

_WIDE = 10_000
_NARROW = 40
_UNDER = "    "


def console() -> Console:
    """The console of standard output."""
    from rich.console import Console

    width = None if sys.stdout.isatty() else _WIDE
    return Console(markup=False, highlight=False, emoji=False, soft_wrap=False, width=width)


def line(text: str) -> None:
    """A line, or several."""
    from rich.text import Text

    console().print(Text(plain(text, keep="\n\t")), soft_wrap=True)


def named(name: str, text: str) -> None:
    """A value with its name, its further lines under the first; on a terminal wrapped between words."""
    import textwrap

    whole = plain(f"{name}: {text}", keep="\n\t")
    if sys.stdout.isatty():
        wide = max(console().width, _NARROW) - len(_UNDER)
        whole = "\n".join(textwrap.fill(each, wide, replace_whitespace=False) for each in whole.split("\n"))
    line(f"  {whole}".replace("\n", f"\n{_UNDER}"))


def columns(rows: Sequence[Sequence[str]]) -> None:
    """Rows of aligned texts without a head."""
    table(None, rows)


def table(head: Sequence[str] | None, rows: Sequence[Sequence[str]], numbers: int = 0) -> None:
    """Aligned rows; the last `numbers` columns stand to the right."""
    from rich.table import Table
    from rich.text import Text

    width = max((len(row) for row in rows), default=len(head or ()))
    made = Table(box=None, show_header=head is not None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for i in range(width):
        right = i >= width - numbers
        made.add_column(Text(one_line(head[i])) if head else "", justify="right" if right else "left", overflow="fold")
    for row in rows:
        made.add_row(*(Text(one_line(cell)) for cell in row))
    screen = console()
    with screen.capture() as captured:
        screen.print(made)
    screen.out("\n".join(row.rstrip() for row in captured.get().splitlines()), highlight=False)
