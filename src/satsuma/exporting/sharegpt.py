"""Form `sharegpt`: `{"conversations": [{"from": "human", "value": …}, {"from": "gpt", "value": …}]}`.

Read by LLaMA-Factory with `formatting: sharegpt`
(https://llamafactory.readthedocs.io/en/latest/getting_started/data_preparation.html), and by axolotl with
`type: chat_template`, `field_messages: conversations` and its properties mapped to `from` and `value`
(https://docs.axolotl.ai/docs/dataset-formats/conversation.html).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satsuma.exporting.wording import Turns
from satsuma.run.columns import Row


def as_sharegpt(turns: Turns, rows: Iterable[Row]) -> Iterator[Row]:
    """One conversation of two turns per instance."""
    for turn in map(turns, rows):
        yield {
            "conversations": [{"from": "human", "value": turn.message}, {"from": "gpt", "value": turn.answer}],
        }
