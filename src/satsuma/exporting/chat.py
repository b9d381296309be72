"""Form `chat`: `{"messages": [{"role": "user", …}, {"role": "assistant", …}]}`.

What TRL's SFTTrainer calls conversational language modeling (https://huggingface.co/docs/trl/dataset_formats) and
axolotl reads with `type: chat_template` (https://docs.axolotl.ai/docs/dataset-formats/conversation.html). LLaMA-Factory
reads it with `formatting: sharegpt` and its tags set to role and content; `sharegpt` needs no tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from satsuma.exporting.wording import Turns
from satsuma.run.columns import Row


def as_chat(turns: Turns, rows: Iterable[Row]) -> Iterator[Row]:
    """One conversation of two messages per instance."""
    for turn in map(turns, rows):
        yield {
            "messages": [{"role": "user", "content": turn.message}, {"role": "assistant", "content": turn.answer}],
        }
