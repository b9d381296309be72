"""What an endpoint does not take, learned from its complaints and remembered for as long as the provider lives.

Rule: "OpenAI-compatible" is a family. Some endpoints refuse `response_format`, some a parameter they do not know or
only take the default of. A complaint that names what was sent is learned from once and the request is sent again
without it (or under the name that the complaint asks for); everything after it is sent right the first time. What was
refused never changes a request's key, and a new process learns it again at the price of one unbilled request.

A refusal of the schema is recognised by its words. Where an endpoint refuses a request with a schema without saying
why, and has never accepted one with a schema, it is tried without: if that works, the schema was it.

Not covered: a parameter whose value is refused (a temperature of 5): that is the user's to repair.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import orjson

from satsuma.llm.request import Message

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from satsuma.llm.request import Json, Request
    from satsuma.llm.retry import Complaint

SCHEMA_LINE = "Answer with one JSON object that matches this JSON Schema:"
ADAPTATIONS = 6
"""Times that one attempt is sent again after something was learned."""

_SCHEMA_WORDS = re.compile(
    r"response[_ ]?format|json[_ ]?schema|structured[_ ]outputs?|output_config|output_format|guided|grammar"
)
_UNKNOWN_WORDS = re.compile(
    r"unsupported|not support|n't support|unknown|unrecogni[sz]ed|unexpected"
    r"|extra[_ ](inputs?|forbidden|fields?)|not permitted|not allowed|cannot both|deprecated|only the default"
    r"|not available|no longer"
)


class Refusals:
    """What one model's endpoint refused so far.

    note: called with a line for people, once for each thing that is learned.
    """

    def __init__(self, model: str, note: Callable[[str], None] | None = None) -> None:
        self.schema = False
        self.dropped: frozenset[str] = frozenset()
        self.renamed: Mapping[str, str] = {}
        self.lessons = 0
        self._schema_taken = False
        self._model = model
        self._note = note

    def accepted(self, *, schema: bool) -> None:
        """A request went through, with a schema or without."""
        self._schema_taken = self._schema_taken or schema

    def learn(self, complaint: Complaint, sent: Collection[str], *, schema: bool) -> bool:
        """Learn from a refusal; True if the request may be sent again, differently.

        sent: the parameters that were sent, under the names they were sent by. schema: whether a schema was.
        """
        words = complaint.words
        if schema and not self.schema and _SCHEMA_WORDS.search(words):
            self.refuse_schema()
            return True
        if not _UNKNOWN_WORDS.search(words):
            return False
        for name in sorted(sent, key=lambda n: (complaint.param != n, n != "top_p", n)):
            if complaint.param == name or re.search(rf"\b{name}\b", words):
                self._refuse(name, words)
                return True
        return False

    def may_be_schema(self, *, schema: bool) -> bool:
        """Whether an unexplained refusal may be one of the schema."""
        return schema and not self.schema and not self._schema_taken

    def refuse_schema(self) -> None:
        """From now on the schema is written into the prompt."""
        self.schema = True
        self._learned("does not take a JSON schema (response_format); the schema is put into the prompt instead")

    def _refuse(self, name: str, words: str) -> None:
        other = (
            re.search(r"\bmax_(?:completion_|output_)?tokens\b", words.replace(name, ""))
            if name.startswith("max_")
            else None
        )
        if other and other[0] not in self.renamed.values():
            self.renamed = {**self.renamed, name: other[0]}
            self._learned(f"wants {other[0]} instead of {name}")
        else:
            self.dropped = self.dropped | {name}
            self._learned(f"does not take the parameter {name}; it is left out")

    def _learned(self, what: str) -> None:
        self.lessons += 1
        if self._note is not None:
            self._note(f"{self._model} {what}")


def with_schema_in_prompt(request: Request, schema: Mapping[str, Json]) -> tuple[Message, ...]:
    """The request's messages with the schema at the end of the user's last one."""
    line = f"{SCHEMA_LINE}\n{orjson.dumps(schema).decode()}"
    messages = list(request.messages)
    for at in range(len(messages) - 1, -1, -1):
        if messages[at].role == "user":
            messages[at] = Message("user", f"{messages[at].content}\n\n{line}")
            return tuple(messages)
    return (*messages, Message("user", line))
