"""The reviewed prompts of the built-in cards. `python -m tests.golden` writes them anew; read the difference."""

from __future__ import annotations

from pathlib import Path

import satsuma
from satsuma.targen.samples import sample_prompts
from satsuma.task.builtin import builtin_names

FOLDER = Path(__file__).parent / "golden"


def golden_path(card: str) -> Path:
    """The file with a card's reviewed prompts."""
    return FOLDER / f"{card}.txt"


def golden_text(card: str) -> str:
    """What the card asks, with placeholders."""
    parts = [
        f"══ {step}\n" + "\n".join(f"── {message.role}\n{message.content}" for message in messages)
        for step, messages in sample_prompts(satsuma.load_card(card))
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Write every card's prompts, and remove those of cards that are gone."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for card in builtin_names():
        golden_path(card).write_text(golden_text(card), "utf-8")


if __name__ == "__main__":
    main()
