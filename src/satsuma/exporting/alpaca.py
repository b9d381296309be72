"""Form `alpaca`: `{"instruction": …, "input": …, "output": …}`.

Read by LLaMA-Factory (its default `formatting`,
https://llamafactory.readthedocs.io/en/latest/getting_started/data_preparation.html) and by axolotl with `type: alpaca`
(https://docs.axolotl.ai/docs/dataset-formats/inst_tune.html). Both put instruction and input together in their own way,
so the layouts of `satsuma.exporting.wording` have no part in it. Without the task's instruction the text is the
instruction and the input is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satsuma.exporting.wording import Turns
from satsuma.run.columns import Row


def as_alpaca(turns: Turns, rows: Iterable[Row]) -> Iterator[Row]:
    """One instruction, its input and its output per instance."""
    for turn in map(turns, rows):
        first, second = (turn.instruction, turn.text) if turn.instruction else (turn.text, "")
        yield {"instruction": first, "input": second, "output": turn.answer}
