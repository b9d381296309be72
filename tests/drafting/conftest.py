"""A model server that drafts what a test says, and ways to say it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

import satsuma.testing
from satsuma.llm.request import Json
from satsuma.testing import Question, Server
from tests.drafting.clauses import DRAFT

Draft = dict[str, Json]
Plays = Callable[..., AbstractContextManager[Server]]


def changed(**parts: Json) -> Draft:
    """The draft about clauses with other parts; `output__labels` is a part of `output`."""
    draft = copy.deepcopy(DRAFT)
    for name, value in parts.items():
        outer, _, inner = name.partition("__")
        holder = draft[outer] if inner else draft
        assert isinstance(holder, dict)
        assert (inner or outer) in holder
        holder[inner or outer] = value
    return draft


def labels(*names: str) -> list[Json]:
    """Labels with meanings of their own."""
    return [{"name": name, "meaning": f"m{at}x n{at}y", "word": name} for at, name in enumerate(names)]


@pytest.fixture
def plays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plays:
    """Serves a model that gives these drafts one after the other, in an empty directory; the rest as usual."""
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def serving(*drafts: Mapping[str, Json] | str) -> Iterator[Server]:
        def answers(question: Question) -> Mapping[str, Json] | str | None:
            if question.step != "draft":
                return None
            return drafts[min(sum(role == "assistant" for role, _ in question.messages), len(drafts) - 1)]

        with satsuma.testing.serve(script=answers, record=True) as server:
            yield server

    return serving
