"""A journal as lines of JSON, for other programs: everything, or in the forms of OpenAI's Batch API.

* `journal`: one line per request with all that the journal knows of it.
* `requests`: the input form of the Batch API (`custom_id`, `method`, `url`, `body`), as `file:DIR` writes it.
* `replies`: its output form, which `file:DIR` reads as answers; what was given up has an `error`.

Keys are no part of a journal. What looks like one in a prompt or an answer, or is the value of a variable that is named
like a secret, is taken out here too; the key of that request is then no longer the hash of what the line shows.

Source: https://platform.openai.com/docs/guides/batch (input and output files)
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import orjson

from satsuma.errors import SettingsError
from satsuma.llm.exchange import request_line
from satsuma.llm.journal import Entry, Journal
from satsuma.llm.request import Message

Redact = Callable[[str], str]


def exported(
    path: Path, form: str = "journal", *, steps: Collection[str] = (), redact: Redact = str
) -> Iterator[bytes]:
    """The lines of a journal, without their ends, in the order in which it was written.

    form: one of `FORMS`. steps: those wanted, all if empty. redact: takes keys out of a text.

    Raises:
        SettingsError: there is no such form, or no request of a step.
        JournalError: the journal cannot be read.
    """
    line = FORMS.get(form)
    if line is None:
        raise SettingsError(f"there is no form {form!r}", f"The forms are {', '.join(FORMS)}.")
    there: set[str] = set()
    with Journal.open(path, readonly=True) as journal:
        for entry in journal.entries():
            there.add(entry.request.step)
            if not steps or entry.request.step in steps:
                yield line(_without_keys(entry, redact))
    if lacking := [step for step in steps if step not in there]:
        told = ", ".join(sorted(filter(None, there))) or "none"
        raise SettingsError(f"{path} has no request of the step {lacking[0]!r}", f"The steps in it are: {told}.")


def _without_keys(entry: Entry, redact: Redact) -> Entry:
    request, reply = entry.request, entry.reply
    messages = tuple(Message(m.role, redact(m.content)) for m in request.messages)
    return replace(
        entry,
        request=replace(request, messages=messages),
        reply=replace(reply, content=redact(reply.content), error=redact(reply.error)),
    )


def _everything(entry: Entry) -> bytes:
    request, reply = entry.request, entry.reply
    return _line({
        "key": entry.key,
        "step": request.step,
        "path": request.path,
        "request": request.logical(),
        "reply": {
            "content": reply.content,
            "finish_reason": reply.finish_reason,
            "model": reply.model,
            "error": reply.error,
            "input_tokens": reply.usage.input_tokens,
            "output_tokens": reply.usage.output_tokens,
        },
        "attempts": entry.attempts,
        "seconds": entry.seconds,
        "wasted": [entry.wasted.input_tokens, entry.wasted.output_tokens],
        "created": entry.created,
    })  # fmt: skip


def _asked(entry: Entry) -> bytes:
    return request_line(entry.request, entry.key)


def _answered(entry: Entry) -> bytes:
    reply = entry.reply
    if reply.given_up:
        error = {"code": reply.finish_reason, "message": reply.error}
        return _line({"id": entry.key, "custom_id": entry.key, "response": None, "error": error})
    tokens = {"prompt_tokens": reply.usage.input_tokens, "completion_tokens": reply.usage.output_tokens}
    body = {
        "id": entry.key,
        "object": "chat.completion",
        "created": int(entry.created),
        "model": reply.model,
        "choices": [{
            "index": 0,
            "message": {"role": "assistant", "content": reply.content},
            "finish_reason": reply.finish_reason,
        }],
        "usage": {**tokens, "total_tokens": sum(tokens.values())},
    }  # fmt: skip
    response = {"status_code": 200, "request_id": entry.key, "body": body}
    return _line({"id": entry.key, "custom_id": entry.key, "response": response, "error": None})


def _line(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:  # a lone surrogate: JSON can escape it
        return json.dumps(value).encode()


FORMS: dict[str, Callable[[Entry], bytes]] = {"journal": _everything, "requests": _asked, "replies": _answered}
"""Form → an entry as a line of it."""
