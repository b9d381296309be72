"""Asking for a card: what is wrong goes back to the model, a few times, and the best answer counts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest

from satsuma.drafting.drafts import TRIES, Drafted, Wish, draft_sampling, drafted, first_question
from satsuma.drafting.fields import fields_of
from satsuma.drafting.rows import Rows
from satsuma.errors import CardError
from satsuma.llm.client import open_client
from satsuma.llm.journal import Journal
from satsuma.settings import Settings
from satsuma.testing import Server
from tests.drafting.clauses import DRAFT, WISH
from tests.drafting.conftest import Plays, changed, labels

BAD = changed(output__labels=labels("yes", "YES"))
WEAK = changed(contexts="", seed="a tenant with an unusual clause")
WEAK["contexts"] = "a kind of tenancy"


def ask(server: Server, wish: Wish) -> Drafted:
    settings = Settings(n=1, model="test/m", base_url=server.url)

    async def asked() -> Drafted:
        with closing(Journal.open(Path("journal.sqlite"))) as journal:
            async with open_client(settings, journal) as client:
                return await drafted(client, "test/m", wish, draft_sampling(settings))

    return asyncio.run(asked())


def questions(server: Server) -> list[list[Mapping[str, str]]]:
    """The messages of every question, in order."""
    return [body["messages"] for body in server.bodies]  # type: ignore[misc]


def test_a_good_draft_is_asked_for_once(plays: Plays) -> None:
    with plays(DRAFT) as server:
        found = ask(server, Wish("clauses", WISH))
        assert len(server.bodies) == 1
    assert (found.weaknesses, found.inputs) == ((), ("clause",))


def test_mistakes_go_back_with_the_answer_that_made_them(plays: Plays) -> None:
    with plays(BAD, DRAFT) as server:
        assert ask(server, Wish("clauses", WISH)).inputs == ("clause",)
        _, again = questions(server)
    assert [message["role"] for message in again] == ["system", "user", "assistant", "user"]
    assert '"YES"' in again[2]["content"]
    assert "cannot be used" in again[3]["content"]
    assert 'the labels "yes" and "YES" differ only in case' in again[3]["content"]


def test_all_mistakes_are_told_at_once(plays: Plays) -> None:
    bad = changed(output__labels=labels("yes", "YES"), seed_field="nothing", contexts="")
    with plays(bad, DRAFT) as server:
        ask(server, Wish("clauses", WISH))
        told = questions(server)[1][3]["content"]
    for mistake in ("differ only in case", 'seed_field: "nothing"', "contexts: is empty"):
        assert mistake in told


def test_a_model_that_cannot_is_given_up_with_its_last_mistakes(plays: Plays) -> None:
    with plays(BAD) as server:
        with pytest.raises(CardError) as caught:
            ask(server, Wish("clauses", WISH))
        assert len(server.bodies) == TRIES
    assert caught.value.message.startswith("test/m drafted no card that can be used, in 3 tries.")
    assert "differ only in case" in caught.value.message
    assert "--seed 1" in caught.value.hint


def test_an_answer_that_is_no_card_at_all_is_told(plays: Plays) -> None:
    with plays("I'd rather not.") as server, pytest.raises(CardError, match="test/m drafted no card: not JSON"):
        ask(server, Wish("clauses", WISH))


def test_a_weak_card_is_sent_back_once_and_the_better_one_counts(plays: Plays) -> None:
    with plays(WEAK, DRAFT) as server:
        assert ask(server, Wish("clauses", WISH)).weaknesses == ()
        told = questions(server)[1][3]["content"]
    assert "can be used, but it has weaknesses" in told
    assert "a seed must not settle the label" in told


def test_a_model_that_insists_gets_its_way_where_it_is_only_weak(plays: Plays) -> None:
    with plays(WEAK) as server:
        found = ask(server, Wish("clauses", WISH))
        assert len(server.bodies) == 2
    assert len(found.weaknesses) == 1


def test_a_repair_that_breaks_the_card_is_not_taken(plays: Plays) -> None:
    with plays(WEAK, BAD) as server:
        found = ask(server, Wish("clauses", WISH))
        assert len(server.bodies) == TRIES
    assert len(found.weaknesses) == 1
    with plays(WEAK, "no more") as server:
        assert len(ask(server, Wish("other", WISH)).weaknesses) == 1


@pytest.mark.parametrize(
    "names",
    [
        ('with "quotes"', "with 'others'"),
        ("line\nbreak", "tab\tulator"),
        ("a: b", "- c", "# d"),
        ("{{ task }}", "{% raw %}"),
        ("🍊", "🍋"),
        ("غير عادي", "عادي"),
        tuple(f"label {i}" for i in range(200)),
    ],
    ids=["quotes", "lines", "yaml", "templates", "emoji", "right to left", "200"],
)
def test_labels_of_all_kinds_make_a_card(plays: Plays, names: tuple[str, ...]) -> None:
    with plays(changed(output__labels=labels(*names))) as server:
        output = ask(server, Wish("clauses", WISH)).data["output"]
    assert isinstance(output, dict)
    assert list(output["labels"]) == [" ".join(name.split()) for name in names]


def text_of(wish: Wish) -> str:
    return first_question(wish)[-1].content


def test_the_question_says_what_is_wanted_and_nothing_of_rows_without_any() -> None:
    text = text_of(Wish("clauses", "Tell {{ x }} <b>whether</b> …", language="Portuguese"))
    assert "<wish>\nTell {{ x }} <b>whether</b> …\n</wish>" in text
    assert "the instances are in: Portuguese" in text
    assert "<rows>" not in text
    for kind in ("labels", "scale", "multiple", "choice", "span", "spans", "text"):
        assert f'- "{kind}": ' in text


def test_the_question_shows_rows_and_fixes_their_fields() -> None:
    rows = Rows(
        "r", ("id", "Clause Text", "label"),
        tuple({"id": i, "Clause Text": f"clause {i}", "label": "ab"[i % 2]} for i in range(6)), about="About clauses.",
    )  # fmt: skip
    text = text_of(Wish("clauses", fields=fields_of(rows), about=rows.about))
    assert '{"Clause_Text":"clause 0","label":"a"}' in text
    assert '- Clause_Text (the column "Clause Text")' in text
    assert 'The labels are exactly these: ["a", "b"].' in text
    assert "<about>\nAbout clauses.\n</about>" in text
    assert "<wish>" not in text
    assert '- "text": ' not in text
