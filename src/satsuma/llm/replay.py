"""`replay:PATH`: a model that answers only from a journal.

PATH is a journal file or a run directory. A replayed run asks under the identities that the recording names
(`recorded_models`), so its requests have the recording's keys. What was given up in the recording is given up again:
the same journal gives the same bytes. The recording is opened for reading only and nothing is written beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from satsuma.errors import JournalError, NotRecorded
from satsuma.llm.journal import MODELS, Journal, journal_at
from satsuma.llm.provider import Answer
from satsuma.llm.request import Request


class Replay:
    """Answers from the journal at `path`.

    Raises:
        JournalError: there is none, or it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._journal = Journal.open(journal_at(path), readonly=True)

    async def complete(self, request: Request) -> Answer:
        """The recorded reply; one that was given up has its `error`.

        Raises:
            NotRecorded: the recording has no reply to this request.
            JournalError: it has a damaged one.
        """
        key = request.key()
        reply = self._journal.get(key)
        if reply is None:
            raise self._missing(request, key)
        return Answer(reply)

    async def close(self) -> None:
        """Let go of the recording."""
        self._journal.close()

    def _missing(self, request: Request, key: str) -> JournalError:
        place, asked = self._journal.path, f"step {request.step or '?'}, {request.path or '?'}, key {key}"
        if key in self._journal.damaged:
            return JournalError(
                f"the recording {place} is damaged: a reply does not fit its checksum ({asked})",
                "Restore the file from a copy, or name a live model with --model.",
            )
        models = sorted(set(_models(self._journal).values()))
        hint = "The card, a prompt, the seed, n or an option differs from the recorded run: use the recording's, "
        if models and request.model not in models:
            hint = f"It was recorded of {', '.join(models)}, and this asks {request.model}: use the recording's model, "
        return NotRecorded(
            f"the recording {place} has no reply to a request ({asked})",
            f"{hint}or name a live model with --model to ask what is missing.",
        )


def recorded_models(path: Path) -> Mapping[str, str]:
    """The identities that a recording was made of: step, or "" for all others → identity; empty if it names none.

    Raises:
        JournalError: there is no journal at `path`, or it cannot be read.
    """
    with Journal.open(journal_at(path), readonly=True) as journal:
        return _models(journal)


def _models(journal: Journal) -> dict[str, str]:
    models = journal.meta(MODELS)
    if not isinstance(models, dict):
        return {}
    return {step: identity for step, identity in models.items() if isinstance(identity, str)}
