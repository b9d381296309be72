"""Form `prompt-completion`: `{"prompt": …, "completion": …}`, as TRL's SFTTrainer reads it; it learns the completion.

The two are one text for the trainer, with nothing between them, so the prompt ends with a line break.

Source: https://huggingface.co/docs/trl/dataset_formats ("prompt-completion", standard).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satsuma.exporting.wording import Turns
from satsuma.run.columns import Row


def as_completion(turns: Turns, rows: Iterable[Row]) -> Iterator[Row]:
    """One prompt and its completion per instance."""
    for turn in map(turns, rows):
        yield {"prompt": f"{turn.message}\n", "completion": turn.answer}
