"""`satsuma.new`: a sentence or rows become a card and a few instances, once, whatever happens in between."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from contextlib import closing, suppress
from pathlib import Path

import pytest

import satsuma
import satsuma.testing
from satsuma.drafting.trial import EACH, FIRST
from satsuma.errors import BudgetSpent, CardError, DataError, ModelError, RunError, SatsumaError, SettingsError, Waiting
from satsuma.llm.journal import Journal
from satsuma.llm.request import Json
from satsuma.testing.behaviour import Behaviour
from satsuma.testing.question import read
from satsuma.testing.teacher import say
from tests.drafting.clauses import DRAFT, WISH, answers
from tests.drafting.conftest import Plays, changed, labels

MODEL = "test/m"


def new(server: satsuma.testing.Server, **options: object) -> satsuma.NewCard:
    given = {"task": WISH, "out": "clauses.yaml", "model": MODEL, "base_url": server.url, **options}
    return satsuma.new(**given)  # type: ignore[arg-type]


def steps(server: satsuma.testing.Server) -> dict[str, int]:
    return dict(server.counters.by_step)


def test_a_sentence_becomes_a_card_that_can_run_and_three_instances(plays: Plays) -> None:
    with plays(DRAFT) as server:
        made = new(server)
    assert made.path == Path("clauses.yaml")
    assert made.report.lines() == ["clauses.yaml can run: no errors, no warnings"]
    assert made.card == satsuma.load_card(made.path)
    assert list(made.card.output.labels or {}) == ["unusual", "ordinary"]
    assert made.run is not None
    rows = made.run.table().to_pylist()
    assert len(rows) == 3
    assert {row["verdict"] for row in rows} == {"unusual", "ordinary"}
    assert made.run.path == Path("runs/new-clauses")


def test_the_same_call_again_asks_nothing_and_changes_nothing(plays: Plays) -> None:
    with plays(DRAFT) as server:
        new(server)
        asked = server.counters.requests
        before = {
            p: (p.stat().st_mtime_ns, p.read_bytes()) for p in (Path("clauses.yaml"), Path("runs/new-clauses/run.json"))
        }
        new(server)
        assert server.counters.requests == asked
        assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in before} == before


def test_a_larger_number_of_instances_goes_on_with_those_that_there_are(plays: Plays) -> None:
    with plays(DRAFT) as server:
        first = new(server).run
        assert first is not None
        ids = [row["id"] for row in first.table().to_pylist()]
        more = new(server, n=6).run
        assert more is not None
        assert len(more.table()) == 6
        assert set(ids) <= {row["id"] for row in more.table().to_pylist()}
        assert steps(server)["draft"] == 1
        assert server.counters.repeated == 0


def test_a_card_that_is_there_is_not_touched_and_nothing_is_asked(plays: Plays) -> None:
    with plays(DRAFT) as server:
        Path("clauses.yaml").write_text("mine")
        with pytest.raises(SettingsError, match=r"clauses.yaml is there already"):
            new(server)
        assert server.counters.requests == 0
        assert Path("clauses.yaml").read_text() == "mine"
        new(server, force=True)
    assert satsuma.load_card(Path("clauses.yaml")).output.name == "verdict"


def test_a_card_that_was_edited_is_not_touched_either(plays: Plays) -> None:
    with plays(DRAFT) as server:
        new(server)
        edited = Path("clauses.yaml").read_text().replace("ordinary:", "usual:")
        Path("clauses.yaml").write_text(edited)
        with pytest.raises(SettingsError, match="is there already"):
            new(server)
        with pytest.raises(SettingsError, match="is there already"):
            new(server, task="Another sentence about rental contracts")
        assert Path("clauses.yaml").read_text() == edited
        assert steps(server)["draft"] == 1


def test_another_seed_asks_for_another_draft(plays: Plays) -> None:
    with plays(DRAFT) as server:
        new(server, n=0)
        new(server, n=0, seed=1, force=True)
        assert steps(server) == {"draft": 2}


def test_no_instances_are_made_where_none_are_wanted(plays: Plays) -> None:
    with plays(DRAFT) as server:
        made = new(server, n=0)
        assert (made.run, steps(server)) == (None, {"draft": 1})
    assert not Path("runs/new-clauses/run.json").exists()


def test_rows_decide_what_the_fields_are(plays: Plays) -> None:
    lines = [{"text": f"Clause {i} of a contract.", "id": i, "kind": ["fair", "unfair"][i % 2]} for i in range(6)]
    Path("few.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    draft = changed(
        inputs=[{"name": "input_text", "description": "a clause", "values": []}],
        output__labels=labels("fair", "unfair"), output__name="other",
    )  # fmt: skip
    with plays(draft) as server:
        made = new(server, task="", examples="few.jsonl", n=2)
    assert (list(made.card.inputs), made.card.output.name) == (["input_text"], "kind")
    assert list(made.card.output.labels or {}) == ["fair", "unfair"]
    written = made.path.read_text()
    assert '# Its fields are those of "few.jsonl".' in written
    assert '  # the column "text"' in written
    assert '#   "id": names the row' in written


def test_a_dataset_decides_what_the_fields_are(plays: Plays, tmp_path: Path) -> None:
    folder = tmp_path / "clauses"
    folder.mkdir()
    (folder / "README.md").write_text("# Clauses\n\nClauses of contracts, each with what a tenant thinks of it.\n")
    (folder / "train.csv").write_text("clause,verdict\n" + "".join(f"Clause {i}.,{'ab'[i % 2]}\n" for i in range(40)))
    with plays(changed(output__labels=labels("a", "b"))) as server:
        made = new(server, task="", from_dataset=str(folder), n=0)
        shown = server.bodies[0]["messages"][1]["content"]  # type: ignore[call-overload, index]
    assert list(made.card.output.labels or {}) == ["a", "b"]
    assert "each with what a tenant thinks of it" in str(shown)


def test_a_recording_gives_the_same_card_and_the_same_instances(plays: Plays) -> None:
    with plays(DRAFT) as server:
        first = new(server)
    again = satsuma.new(WISH, out="again/clauses.yaml", model="replay:runs/new-clauses", run="replayed")
    assert again.path.read_bytes() == first.path.read_bytes()
    assert first.run is not None
    assert again.run is not None
    assert again.run.table().equals(first.run.table())


def test_answers_that_come_later_end_in_the_same_card(plays: Plays) -> None:
    def answer() -> None:
        teacher = Behaviour(script=answers)
        with Path("mail/replies.jsonl").open("a") as replies:
            for line in Path("mail/requests.jsonl").read_text().splitlines():
                request = json.loads(line)
                said = say(read(request["body"]), teacher)
                replies.write(json.dumps({"custom_id": request["custom_id"], "content": said.content}) + "\n")

    with plays(DRAFT):
        for waves in range(12):
            try:
                made = satsuma.new(WISH, out="clauses.yaml", model="file:mail", identity=MODEL)
                break
            except Waiting:
                assert Path("clauses.yaml").exists() == (waves > 0)
                answer()
    assert waves == 5
    assert made.run is not None
    assert made.run.state.state == "complete"
    assert made.report.exit_code == 0


def test_the_budget_ends_it_with_the_card_in_place_and_the_same_call_goes_on(plays: Plays) -> None:
    with plays(DRAFT) as server:
        with pytest.raises(BudgetSpent):
            new(server, max_requests=1)
        assert satsuma.load_card(Path("clauses.yaml")).output.name == "verdict"
        made = new(server)
        assert steps(server)["draft"] == 1
        assert server.counters.repeated == 0
    assert made.run is not None
    assert made.run.state.size == 3


def test_what_the_draft_cost_is_part_of_the_run(plays: Plays) -> None:
    with plays(DRAFT) as server:
        made = new(server)
        assert made.run is not None
        assert made.run.state.totals.requests == server.counters.requests
        assert made.run.state.counts.steps["draft"] == 1


def test_a_model_that_drafts_nothing_usable_leaves_no_card_and_is_not_paid_again(plays: Plays) -> None:
    with plays(changed(output__labels=labels("yes", "YES"))) as server:
        for _ in range(2):
            with pytest.raises(CardError, match="differ only in case"):
                new(server)
        assert steps(server) == {"draft": 3}
    assert not Path("clauses.yaml").exists()


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        ({"out": "clauses"}, SettingsError, "clauses is not the name of a card"),
        ({"out": "folder.yaml"}, SettingsError, "folder.yaml is a folder"),
        ({"task": "  "}, SettingsError, "nothing to draft a card from"),
        ({"label": "x"}, SettingsError, "there are no rows"),
        ({"examples": "a.csv", "from_dataset": "b"}, SettingsError, "both examples and a dataset"),
        ({"examples": "a.csv"}, DataError, "no such file"),
        ({"n": 51}, SettingsError, "0 to 50 instances"),
        ({"model": ""}, SettingsError, "no model was named"),
        ({"run": "folder.yaml"}, RunError, "holds something that is not a run"),
    ],
)
def test_what_is_wrong_is_said_before_anything_is_asked_or_written(
    plays: Plays, tmp_path: Path, options: dict[str, object], kind: type[SatsumaError], said: str
) -> None:
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "folder.yaml" / "something").touch()
    with plays(DRAFT) as server:
        with pytest.raises(kind, match=said):
            new(server, **options)
        assert server.counters.requests == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["folder.yaml"]


def test_a_run_that_grew_is_not_made_small_again(plays: Plays) -> None:
    with plays(DRAFT) as server:
        new(server)
        satsuma.generate("clauses.yaml", n=60, model=MODEL, base_url=server.url, out="runs/new-clauses")
        with pytest.raises(RunError, match="holds a run of 60 instances"):
            new(server)
        Path("tickets.yaml").write_text(Path("clauses.yaml").read_text())
        with pytest.raises(RunError, match="a run of the card clauses, not of tickets"):
            new(server, out="tickets.yaml", run="runs/new-clauses", force=True)
    assert satsuma.Run("runs/new-clauses").state.size == 60


def test_a_card_that_makes_little_is_not_tried_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    def same(question: satsuma.testing.Question) -> dict[str, Json] | None:
        told: dict[str, dict[str, Json]] = {"draft": DRAFT, "instance": {"clause": "The same clause each time."}}
        return told.get(question.step)

    with satsuma.testing.serve(script=same) as server:
        made = new(server)
        assert server.counters.requests <= FIRST + 3 * EACH + 1
        assert made.run is not None
        assert (made.run.state.state, made.run.state.size) == ("budget", 1)
        asked = server.counters.requests
        new(server)
        assert asked < server.counters.requests <= asked + FIRST + 3 * EACH
        assert server.counters.repeated == 0


def test_a_key_that_is_refused_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with satsuma.testing.serve(key="right") as server, pytest.raises(ModelError):
        new(server)
    assert not Path("clauses.yaml").exists()
    assert not Path("runs/new-clauses").exists()


def test_it_can_be_called_where_a_loop_is_running(plays: Plays) -> None:
    async def inside(server: satsuma.testing.Server) -> satsuma.NewCard:
        return new(server, n=1)

    with plays(DRAFT) as server:
        made = asyncio.run(inside(server))
    assert made.run is not None
    assert made.run.state.size == 1


def test_an_interrupt_keeps_the_reply_that_was_on_its_way(plays: Plays) -> None:
    with plays(DRAFT) as server:

        def interrupt() -> None:
            server.wait_for(1)
            os.kill(os.getpid(), signal.SIGINT)

        waiting = threading.Thread(target=interrupt)
        waiting.start()
        with suppress(satsuma.Interrupted):
            new(server)
        waiting.join()
        new(server)
        assert steps(server)["draft"] == 1
        assert server.counters.repeated == 0
    with closing(Journal.open(Path("runs/new-clauses/journal.sqlite"), readonly=True)) as journal:
        assert sum(t.requests for t in journal.tallies() if t.step == "draft") == 1
