"""The batches of `satsuma.testing.batches`: the two APIs' paths and forms, and how a batch gets its results.

Sources: https://platform.openai.com/docs/api-reference/batch,
https://platform.claude.com/docs/en/api/creating-message-batches
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import orjson

from satsuma.llm.request import Json
from satsuma.testing.question import read
from satsuma.testing.routes import error
from satsuma.testing.teacher import Said, say
from satsuma.testing.wire import HttpRequest, Response

if TYPE_CHECKING:
    from satsuma.testing.batches import BatchServer
    from satsuma.testing.behaviour import Behaviour

Body = Mapping[str, Json]
_OPENAI, _ANTHROPIC = "/v1/batches", "/v1/messages/batches"
_PATHS = (
    ("POST", r"/v1/files", "upload"),
    ("GET", r"/v1/files/([^/]+)/content", "results"),
    ("POST", r"(?:/v1/batches|/v1/messages/batches)", "create"),
    ("GET", r"(?:/v1/batches|/v1/messages/batches)", "list"),
    ("GET", r"/v1/messages/batches/([^/]+)/results", "results"),
    ("GET", r"(?:/v1/batches|/v1/messages/batches)/([^/]+)", "look"),
    ("POST", r"(?:/v1/batches|/v1/messages/batches)/([^/]+)/cancel", "cancel"),
)


@dataclass
class Job:
    """One batch. asked: `custom_id` → body. fates: `custom_id` → what becomes of it. looks: since it was made."""

    id: str
    anthropic: bool
    asked: dict[str, Body]
    fates: dict[str, str]
    metadata: Json = None
    state: str = "in_progress"
    created: float = 0.0
    looks: int = 0
    cancelled: bool = False
    output: list[bytes] = field(default_factory=list)
    errors: list[bytes] = field(default_factory=list)

    @property
    def ended(self) -> bool:
        """Whether nothing more happens to it."""
        return self.state not in ("in_progress", "cancelling")


class Jobs:
    """All batches of a server. all: id → batch, oldest first."""

    def __init__(self, server: BatchServer, behaviour: Behaviour) -> None:
        self.all: dict[str, Job] = {}
        self._server = server
        self._behaviour = behaviour
        self._files: dict[str, bytes] = {}
        self._times: dict[str, int] = {}
        self._unlisted: dict[str, int] = {}

    def operation(self, request: HttpRequest) -> str | None:
        """What a request asks for; None if it is nothing of a batch API."""
        for method, pattern, operation in _PATHS:
            if request.method == method and re.fullmatch(pattern, request.path):
                return operation
        return None

    def carry_out(self, operation: str, request: HttpRequest) -> Response:
        """Do it."""
        named = next(m for _, p, o in _PATHS if o == operation and (m := re.fullmatch(p, request.path)))
        which = named[1] if named.lastindex else ""
        doing: dict[str, Callable[[], Response]] = {
            "upload": lambda: self._upload(request),
            "create": lambda: self._create(request),
            "list": lambda: self._list(request),
            "results": lambda: self._results(which),
        }
        if operation in doing:
            return doing[operation]()
        job = self.all.get(which)
        if job is None:
            return error(404, f"No batch found with id '{which}'.", "invalid_request_error")
        self._cancel(job) if operation == "cancel" else self._look(job)
        return _json(_shown(job, self._server.switches.failure))

    def _upload(self, request: HttpRequest) -> Response:
        boundary = request.headers["content-type"].partition("boundary=")[2].encode()
        parts = [part.partition(b"\r\n\r\n") for part in request.body.split(b"--" + boundary)]
        (content,) = (body for head, _, body in parts if b'name="file"' in head)
        if not any(b'name="purpose"' in head and body.strip() == b"batch" for head, _, body in parts):
            return error(400, "'purpose' is missing", "invalid_request_error")
        file = f"file-{len(self._files) + 1}"
        self._files[file] = content.removesuffix(b"\r\n")
        return _json({"id": file, "object": "file", "purpose": "batch", "bytes": len(content)})

    def _create(self, request: HttpRequest) -> Response:
        body = orjson.loads(request.body)
        anthropic = request.path == _ANTHROPIC
        if anthropic:
            asked = {item["custom_id"]: item["params"] for item in body["requests"]}
        else:
            if body["endpoint"] != "/v1/chat/completions" or body["completion_window"] != "24h":
                return error(400, "Invalid value", "invalid_request_error")
            lines = [orjson.loads(line) for line in self._files[body["input_file_id"]].splitlines()]
            asked = {line["custom_id"]: line["body"] for line in lines if line["method"] == "POST"}
        server = self._server
        if len(asked) > server.switches.most_requests:
            return error(400, f"This batch has {len(asked)} requests, more than allowed.", "invalid_request_error")
        server.bodies.append(request.body)
        job = Job(f"{'msgbatch' if anthropic else 'batch'}_{len(self.all) + 1}", anthropic, asked, {})
        job.metadata, job.created = body.get("metadata"), datetime.now(UTC).timestamp()
        for name in asked:
            key = name.partition("_")[0]
            server.submitted[key] += 1
            job.fates[name] = server.switches.fate(key, server.submitted[key])
        self.all[job.id] = job
        self._unlisted[job.id] = server.switches.unlisted
        return _json(_shown(job, server.switches.failure))

    def _list(self, request: HttpRequest) -> Response:
        query = parse_qs(request.query)
        anthropic = request.path == _ANTHROPIC
        jobs = [job for job in reversed(self.all.values()) if job.anthropic == anthropic]
        hidden = {job.id for job in jobs if self._unlisted[job.id] > 0}
        self._unlisted.update({job: self._unlisted[job] - 1 for job in hidden})
        jobs = [job for job in jobs if job.id not in hidden]
        after = (query.get("after_id" if anthropic else "after") or [""])[0]
        names = [job.id for job in jobs]
        start = names.index(after) + 1 if after in names else 0
        page = jobs[start : start + int(query.get("limit", ["20"])[0])]
        for job in page:
            self._look(job)
        shown = [_shown(job, self._server.switches.failure) for job in page]
        return _json({"object": "list", "data": shown, "has_more": start + len(page) < len(jobs)})

    def _look(self, job: Job) -> None:
        job.looks += 1
        switches = self._server.switches
        if not job.ended and not switches.held and job.looks > switches.looks:
            number = list(self.all).index(job.id) + 1
            self._end(job, "cancelled" if job.cancelled else switches.ending(number))

    def _cancel(self, job: Job) -> None:
        if not job.ended:
            job.cancelled, job.state = True, "cancelling"
            for name in list(job.fates)[len(job.fates) // 2 :]:
                job.fates[name] = "canceled"

    def _results(self, which: str) -> Response:
        job = self.all.get(which.removeprefix("output-").removeprefix("error-"))
        if job is None or not job.ended:
            return error(404, f"No results found for '{which}'.", "invalid_request_error")
        lines = job.output if not which.startswith("error-") else job.errors
        return Response(200, b"".join(line + b"\n" for line in lines), content_type="application/octet-stream")

    def _end(self, job: Job, state: str) -> None:
        job.state = state
        if state == "failed":
            return
        names = list(job.asked)
        if self._server.switches.shuffled:
            random.Random(0).shuffle(names)
        for name in names:
            fate = job.fates[name]
            if fate != "missing":
                lines = job.output if fate == "answered" or job.anthropic else job.errors
                lines.append(orjson.dumps(self._line(job, name, fate)))

    def _line(self, job: Job, name: str, fate: str) -> dict[str, object]:
        """One result, in the form of its API."""
        body = job.asked[name]
        if job.anthropic:
            return {"custom_id": name, "result": self._anthropic(body, fate)}
        line: dict[str, object] = {"id": f"batch_req_{name}", "custom_id": name, "response": None, "error": None}
        if fate == "answered":
            answer = _completion(body, say(read(body), self._behaviour))
            line["response"] = {"status_code": 200, "request_id": "req", "body": answer}
        elif fate[:3].isdigit():
            refused = {"error": {"message": fate[4:], "type": "invalid_request_error", "param": None, "code": None}}
            line["response"] = {"status_code": int(fate[:3]), "request_id": "req", "body": refused}
        else:
            message = "This request could not be executed before the completion window expired."
            line["error"] = {"code": f"batch_{fate}", "message": message}
        return line

    def _anthropic(self, body: Body, fate: str) -> dict[str, object]:
        if fate == "answered":
            return {"type": "succeeded", "message": _message(body, say(read(_as_chat(body)), self._behaviour))}
        if not fate[:3].isdigit():
            return {"type": fate}
        kinds = {"401": "authentication_error", "429": "rate_limit_error", "529": "overloaded_error"}
        kind = kinds.get(fate[:3], "invalid_request_error")
        return {"type": "errored", "error": {"type": "error", "error": {"type": kind, "message": fate[4:]}}}


def _json(body: object) -> Response:
    return Response(200, orjson.dumps(body))


def _shown(job: Job, failure: tuple[str, str]) -> dict[str, object]:
    """A batch in the form of its API."""
    done = len(job.output) + len(job.errors)
    if job.anthropic:
        states = {"in_progress": "in_progress", "cancelling": "canceling"}
        fates = list(job.fates.values()) if job.ended else []
        counts = {
            "processing": 0 if job.ended else len(job.asked),
            "succeeded": fates.count("answered"),
            "canceled": fates.count("canceled"),
            "expired": fates.count("expired") + fates.count("missing"),
            "errored": sum(fate[:3].isdigit() for fate in fates),
        }
        started = datetime.fromtimestamp(job.created, UTC).isoformat()
        return {
            "id": job.id, "type": "message_batch", "processing_status": states.get(job.state, "ended"),
            "request_counts": counts, "created_at": started, "cancel_initiated_at": started if job.cancelled else None,
            "results_url": f"https://elsewhere.invalid/{job.id}" if job.ended else None,
        }  # fmt: skip
    errors = {"object": "list", "data": [{"code": failure[0], "message": failure[1], "line": None, "param": None}]}
    return {
        "id": job.id, "object": "batch", "endpoint": "/v1/chat/completions", "status": job.state,
        "created_at": int(job.created), "metadata": job.metadata, "errors": errors if job.state == "failed" else None,
        "output_file_id": f"output-{job.id}" if job.output else None,
        "error_file_id": f"error-{job.id}" if job.errors else None,
        "request_counts": {"total": len(job.asked), "completed": done - len(job.errors), "failed": len(job.errors)},
    }  # fmt: skip


def _completion(body: Body, said: Said) -> dict[str, object]:
    total = said.input_tokens + said.output_tokens
    message = {"role": "assistant", "content": said.content}
    return {
        "id": "chatcmpl", "object": "chat.completion", "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": said.finish_reason}],
        "usage": {
            "prompt_tokens": said.input_tokens, "completion_tokens": said.output_tokens, "total_tokens": total,
        },
    }  # fmt: skip


def _message(body: Body, said: Said) -> dict[str, object]:
    return {
        "id": "msg", "type": "message", "role": "assistant", "model": body["model"],
        "content": [{"type": "text", "text": said.content}],
        "stop_reason": "max_tokens" if said.finish_reason == "length" else "end_turn",
        "usage": {"input_tokens": said.input_tokens, "output_tokens": said.output_tokens},
    }  # fmt: skip


def _as_chat(params: Body) -> dict[str, Json]:
    """A messages body as the chat-completions body that asks the same."""
    messages, config = params["messages"], params.get("output_config")
    made: dict[str, Json] = {k: v for k, v in params.items() if k not in ("system", "output_config")}
    made["messages"] = (
        [{"role": "system", "content": params.get("system", "")}, *messages] if isinstance(messages, list) else []
    )
    form = config.get("format") if isinstance(config, dict) else None
    if isinstance(form, dict):
        named: Json = {"name": "answer", "strict": True, "schema": form.get("schema")}
        made["response_format"] = {"type": "json_schema", "json_schema": named}
    return made
