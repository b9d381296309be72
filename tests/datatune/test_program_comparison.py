"""Whether a program may take the model's place: judged blind, in both orders, with an interval."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from satsuma.datatune import execution
from satsuma.datatune.execution import RowItem, Transformed
from satsuma.datatune.program import Row
from satsuma.datatune.program_comparison import ENOUGH, MARGIN, Comparison, compare, interval
from satsuma.datatune.program_execution import QUESTIONS, ROUNDS
from satsuma.datatune.programming import REPAIRS, SHOWN_ROWS
from satsuma.llm.ask import Unanswered
from satsuma.llm.request import Message
from satsuma.task.outputs import Draft
from tests.datatune.grafted import Model, Script, graft, items, labelled

ROWS: list[Row] = [{"q": f"Question {n}?"} for n in range(100)]
FAILS, DROPS = "fails", "drops"


class Scripted:
    """A way whose reply to row n is `replies[n % len(replies)]`; `asks` requests for each row."""

    def __init__(self, *replies: str, asks: int = 0) -> None:
        self.replies = replies
        self.asks = asks

    async def __call__(self, item: RowItem) -> Transformed:
        reply = self.replies[item.index % len(self.replies)]
        keys = tuple(f"{reply} {n}" for n in range(self.asks))
        if reply == FAILS:
            raise Unanswered(f"raised: line {item.index}", keys, "")
        if reply == DROPS:
            return Transformed(None, "of no use", keys)
        return Transformed(Draft({"question": str(item.row["q"]), "reply": reply}, "yes", "yes", "yes"), "", keys)


def by_reply(*order: str) -> Script:
    """A judge who prefers what stands first in `order`; a row that was dropped is called `drops`."""

    def judge(_: str, messages: tuple[Message, ...]) -> object:
        shown = messages[1].content
        a, b = (
            next(reply for reply in order if (DROPS if text.startswith("(no") else json.loads(text)["reply"]) == reply)
            for text in (shown.split(f"<{name}>\n")[1].split(f"\n</{name}>")[0] for name in "AB")
        )
        better = "equal" if a == b else "A" if order.index(a) < order.index(b) else "B"
        return {"reason": "It is so.", "better": better}

    return judge


def said(better: str) -> Script:
    return lambda *_: {"reason": "It is so.", "better": better}


def compared(program: Scripted, model: Scripted, judge: Script, rows: int = 100) -> tuple[Comparison, Model]:
    asked = Model({"judge": judge})
    done = asyncio.run(compare(graft(asked, labelled()), program, model, items(ROWS[:rows])))
    return done.told, asked


GOOD_OR_BAD = by_reply("good", "bad")


def test_a_program_whose_instances_are_worse_is_refused() -> None:
    done, _ = compared(Scripted("bad"), Scripted("good"), GOOD_OR_BAD)
    assert (done.verdict, done.losses, done.score) == ("model", 100, 0.0)
    assert done.reason.startswith("the program may be worse: 0% of the points on 100 rows, at least 0%")


def test_a_better_program_is_taken() -> None:
    done, _ = compared(Scripted("good"), Scripted("bad"), GOOD_OR_BAD)
    assert (done.verdict, done.wins, done.score) == ("program", 100, 1.0)


def test_a_program_that_is_as_good_is_taken() -> None:
    done, model = compared(Scripted("one"), Scripted("other"), said("equal"))
    assert (done.verdict, done.ties, done.identical, done.score) == ("program", 100, 0, 0.5)
    assert len(model.asked) == 200
    halves, _ = compared(Scripted("good", "bad"), Scripted("bad", "good"), GOOD_OR_BAD)
    assert (halves.verdict, halves.wins, halves.losses) == ("program", 50, 50)


def test_a_program_that_is_somewhat_worse_is_refused() -> None:
    done, _ = compared(Scripted(*["bad"] * 6, *["good"] * 4), Scripted(*["good"] * 6, *["bad"] * 4), GOOD_OR_BAD)
    assert (done.verdict, done.score) == ("model", 0.4)


def test_what_says_the_same_is_not_judged() -> None:
    done, model = compared(Scripted("same"), Scripted("Same"), said("A"))
    assert (done.verdict, done.ties, done.identical) == ("program", 100, 100)
    assert not model.asked


@pytest.mark.parametrize("position", ["A", "B"])
def test_a_judge_who_goes_by_position_says_nothing(position: str) -> None:
    done, _ = compared(Scripted("one"), Scripted("other"), said(position))
    assert (done.score, done.split, done.ties, done.wins, done.losses) == (0.5, 100, 0, 0, 0)
    assert done.verdict == "program"
    honest, _ = compared(Scripted("one"), Scripted("other"), said("equal"))
    assert done.high - done.low > 3 * (honest.high - honest.low)
    assert compared(Scripted("one"), Scripted("other"), said(position), rows=60)[0].verdict == "model"


def test_the_judge_sees_task_row_and_both_instances_and_not_whose_they_are() -> None:
    _, model = compared(Scripted("one"), Scripted("other"), said("equal"), rows=1)
    (_, first, one), (_, second, two) = model.asked
    assert (first, second) == ("source / 0 / A", "source / 0 / B")
    shown = one[1].content
    assert '<row>\n{"q": "Question 0?"}\n</row>' in shown
    assert re.search(r'<A>\n{.*"reply":"one".*}\n</A>\n<B>\n{.*"reply":"other".*}\n</B>', shown)
    assert re.search(r'<A>\n{.*"reply":"other".*}\n</A>\n<B>\n{.*"reply":"one".*}\n</B>', two[1].content)
    assert "program" not in "".join(message.content for message in one)


def test_rows_on_which_only_one_fails_count_against_it() -> None:
    done, model = compared(Scripted("same", FAILS), Scripted("same"), said("equal"))
    assert (done.verdict, done.losses, done.ties, done.score) == ("model", 50, 50, 0.25)
    assert (done.program.made, done.program.failed, done.model.failed) == (50, 50, 0)
    assert len(done.program.reasons) == 5
    other, _ = compared(Scripted("same"), Scripted("same", FAILS), said("equal"))
    assert (other.verdict, other.wins, other.model.failed) == ("program", 50, 50)
    assert not model.asked


def test_dropping_rows_that_make_good_instances_is_worse() -> None:
    done, _ = compared(Scripted("good", DROPS), Scripted("good"), by_reply("good", DROPS))
    assert (done.verdict, done.losses, done.program.irrelevant) == ("model", 50, 50)
    other, _ = compared(Scripted("bad", DROPS), Scripted("bad"), by_reply(DROPS, "bad"))
    assert (other.verdict, other.wins) == ("program", 50)


def test_rows_without_any_instance_say_nothing() -> None:
    program, model = Scripted("same", DROPS, FAILS, FAILS), Scripted("same", DROPS, FAILS, DROPS)
    done, asked = compared(program, model, said("A"))
    assert (done.rows, done.scored, done.score) == (100, 25, 0.5)
    assert (done.verdict, done.reason) == ("model", f"only 25 rows could be compared; {ENOUGH} are needed")
    assert not asked.asked


def test_a_row_with_one_judgement_is_left_out() -> None:
    def judge(path: str, _: tuple[Message, ...]) -> object:
        return "cut off by the token limit" if path.endswith("B") else {"reason": "r", "better": "A"}

    done, _ = compared(Scripted("one"), Scripted("other"), judge)
    assert (done.scored, done.unjudged, done.verdict) == (0, 100, "model")
    assert (done.low, done.high) == (0.0, 1.0)


def test_a_program_that_asks_more_than_the_model_has_to_be_better() -> None:
    equal, _ = compared(Scripted("same", asks=2), Scripted("same"), GOOD_OR_BAD)
    assert (equal.verdict, equal.asks) == ("model", 2.0)
    assert "asks 2.0 questions for a row and is not better" in equal.reason
    assert compared(Scripted("good", asks=2), Scripted("bad"), GOOD_OR_BAD)[0].verdict == "program"
    assert compared(Scripted("same", asks=1), Scripted("same"), GOOD_OR_BAD)[0].verdict == "program"


def test_it_can_be_written_and_read_again() -> None:
    done, _ = compared(Scripted("good"), Scripted("bad"), GOOD_OR_BAD, rows=40)
    assert Comparison.model_validate(json.loads(json.dumps(done.model_dump(mode="json")))) == done


def test_every_request_has_its_key() -> None:
    model = Model({"judge": said("equal")})
    ways = Scripted("one", asks=1), Scripted("other", asks=1)
    keys = asyncio.run(compare(graft(model, labelled()), *ways, items(ROWS[:2]))).keys
    assert sorted(keys) == sorted(["one 0", "other 0"] * 2 + [f"judge-{n}" for n in range(1, 5)])


def test_the_interval_is_that_of_paired_proportions() -> None:
    """The adjusted Wald interval of Bonett and Price (2012), by its own formula."""
    wins, losses, ties = 20, 10, 70
    n = wins + losses + ties + 2
    p, q = (wins + 1) / n, (losses + 1) / n
    half = 1.959964 * ((p + q - (p - q) ** 2) / n) ** 0.5
    score, low, high = interval([1.0] * wins + [0.0] * losses + [0.5] * ties)
    assert score == 0.55
    assert low == pytest.approx((1 + p - q - half) / 2, abs=1e-6)
    assert high == pytest.approx((1 + p - q + half) / 2, abs=1e-6)


def test_the_page_has_the_limits_as_they_are() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "datatune.md").read_text("utf-8")
    told = " ".join(page[page.index("## From a row to an instance") :].split())
    assert f"at most {execution.ROW_TOKENS:,} tokens" in told
    assert f"at most {QUESTIONS} questions there, in at most {ROUNDS} rounds" in told
    assert f"begins at {0.5 - MARGIN:g} or above" in told
    assert f"fewer than {ENOUGH} rows" in told
    words = {3: "three", 6: "six"}
    assert f"is shown the plan, the columns, {words[SHOWN_ROWS]} rows" in told
    assert f"at most {words[REPAIRS]} times" in told
    assert f"{words[execution.OTHERS]} of them" in told


def test_nothing_says_nothing() -> None:
    assert interval([]) == (0.5, 0.0, 1.0)
