"""What a report says, whichever form it has: of a run, of any dataset, and small enough to be sent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

for package in ("numpy", "babel", "sklearn", "vaderSentiment"):
    pytest.importorskip(package)

from satsuma.errors import DataError, ExtraError  # noqa: E402 - needs the extra
from satsuma.measures import entities  # noqa: E402 - needs the extra
from satsuma.reporting import instances, making  # noqa: E402 - needs the extra
from tests.reporting.made import HOSTILE, a_run, report_of, rows, some_rows  # noqa: E402 - needs the extra

FEW = ("labels", "uniqueness", "correction")


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entities, "_pipeline", {}.get)


def test_json_has_every_figure_and_what_the_run_says_of_itself(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run")
    told = json.loads(json.dumps(report_of(run.path).to_json()))
    assert told["instances"] == 40
    assert told["measures"]["correction"]["changed"]["value"] == 0.1
    (said,) = told["runs"].values()
    assert (said["state"], said["size"], said["candidates"]) == ("complete", 0, 43)
    assert said["rejects"] == [{"step": "duplicate", "reason": "near-duplicate of candidate …", "count": 3}]
    steps = {step["step"]: step for step in said["steps"]}
    assert set(steps) == {"instance", "correction"}
    assert steps["instance"]["requests"] == steps["instance"]["attempts"] == 40
    assert (steps["instance"]["input_tokens"], steps["instance"]["output_tokens"]) == (4_000, 2_000)
    assert steps["instance"]["usd"] == pytest.approx((4_000 * 0.4 + 2_000 * 1.6) / 1e6)
    assert steps["instance"]["seconds"] == pytest.approx(20)


def test_markdown_has_duplicates_rejects_and_cost_and_obeys_no_text(tmp_path: Path) -> None:
    page = report_of(a_run(tmp_path / "run", 20, odd=HOSTILE).path, only=FEW).markdown()
    for heading in (
        "## Verdict",
        "## The most alike",
        "## The run run",
        "### Rejects by reason",
        "### Cost and time by step",
    ):
        assert heading in page
    assert "<script>" not in page
    assert not {"\u202e", "\x00"} & set(page)
    assert "| duplicate | near-duplicate of candidate … | 3 |" in page


def test_the_verdict_begins_with_problems_and_has_what_the_run_says(tmp_path: Path) -> None:
    report = report_of(a_run(tmp_path / "run", 10).path, only=FEW)
    levels = [finding.level for finding in report.verdict]
    assert levels == sorted(levels, key=making.LEVELS.index)
    told = " ".join(finding.text for finding in report.verdict)
    assert "23% of the candidates were dropped, most often in duplicate (near-duplicate of candidate …: 3)." in told
    assert "Self-correction changed" in told


def test_a_dataset_that_satsuma_did_not_make_has_a_report_too(tmp_path: Path) -> None:
    report = report_of(some_rows(tmp_path / "rows.jsonl"), only=FEW)
    assert report.records == {}
    assert report.whole == ()
    assert report.to_json()["runs"] == {}
    assert {one.label for one in report.instances} == {"bug", "billing"}
    with pytest.raises(DataError):
        report_of(tmp_path / "nothing")


def test_what_it_is_compared_with_is_called_by_the_end_of_its_path(tmp_path: Path) -> None:
    report = report_of(a_run(tmp_path / "run").path, some_rows(tmp_path / "gold.jsonl"), only=FEW)
    assert report.titles == ("run", f"{tmp_path.name}/gold.jsonl")
    assert not [finding for finding in report.verdict if str(tmp_path) in finding.text]


def test_the_whole_lineage_is_of_a_stratified_sample(tmp_path: Path) -> None:
    report = report_of(a_run(tmp_path / "run", 60).path, only=("labels",))
    from satsuma.reporting.lineages import chosen

    places = chosen(report.instances, {(0, "context 3 / seed 2")}, 10, seed=0)
    assert len(places) == len(set(places)) == 10
    assert report.instances[places[0]].id == "context 3 / seed 2"
    strata = {(o.asked, o.corrected) for p in places if (o := report.instances[p].origin)}
    assert strata == {("billing", "billing"), ("billing", "bug"), ("bug", "bug")}
    changed = sum(bool((o := report.instances[p].origin) and o.changed) for p in places)
    assert changed == 3
    origins = [report.instances[place].origin for place in report.whole]
    assert set(report.asked) == {key for origin in origins if origin for key in origin.requests}


def test_a_journal_that_is_gone_is_told_and_the_rest_is_there(tmp_path: Path) -> None:
    run = a_run(tmp_path / "run", 10)
    run.journal_path.write_bytes(b"not a journal" * 1_000)
    report = report_of(run.path, only=FEW)
    assert report.records[0].steps == ()
    assert any("What each step took is not known" in note for note in report.notes)
    assert any("Prompts and replies cannot be read" in note for note in report.notes)
    assert len(report.instances) == 10


def test_keys_are_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACME_API_KEY", "acme-0123456789abcdef")
    report = report_of(a_run(tmp_path / "run", 5, odd="acme-0123456789abcdef").path, only=("labels",))
    asked = next(iter(report.asked.values()))
    assert "acme-0123456789abcdef" not in str(asked.messages) + asked.reply
    assert "acme-0123456789abcdef" not in str(report.records[0].reasons)


def test_a_page_without_its_extra_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(making, "NEEDS", ("no_such_package",))
    report = report_of(some_rows(tmp_path / "rows.jsonl"), only=("labels",))
    with pytest.raises(ExtraError) as wrong:
        report.html()
    assert "satsuma[report]" in wrong.value.hint
    assert report.markdown()


def test_ten_thousand_instances_stay_under_three_megabytes_and_the_bytes_are_the_same(tmp_path: Path) -> None:
    pytest.importorskip("vl_convert")
    run = a_run(tmp_path / "run", 1_500)
    made = report_of(run.path, only=("labels", "correction"))
    assert made.html() == report_of(run.path, only=("labels", "correction")).html()
    assert len(made.whole) == 1_000
    from tests.reporting.made import text

    many = [
        {"text": " ".join(text(7 * i + j) for j in range(4)), "label": i % 3, "number": f"{i * i}"}
        for i in range(10_000)
    ]
    page = report_of(rows(tmp_path / "rows.jsonl", many), only=("labels", "lengths")).html()
    assert 200_000 < len(page.encode()) < 3_000_000


@pytest.mark.parametrize(
    "made",
    [[{"text": "one"}], [{"text": "a b", "label": "x"}] * 5, [{"text": "", "label": i % 2} for i in range(9)]],
    ids=["one row", "one label", "empty texts"],
)
def test_what_is_hardly_a_dataset_has_a_report(tmp_path: Path, made: list[object]) -> None:
    pytest.importorskip("vl_convert")
    page = report_of(rows(tmp_path / "rows.jsonl", made)).html()
    assert "Not defined" in page
    assert page.count("<section") == 8


def test_an_instance_that_was_a_row_of_a_dataset_says_which() -> None:
    source = {
        "dataset": "squad",
        "configuration": "",
        "split": "train",
        "row": 17,
        "licence": "cc-by-4.0",
        "by": "model",
    }
    told = {"asked": "a", "corrected": "b", "votes": 1, "agreement": None, "source": source, "requests": ["k"]}
    origin = instances.origin_of(told)
    assert origin.source == "squad / train, row 17 (cc-by-4.0)"
    assert (origin.changed, origin.requests, origin.context) == (True, ("k",), "")
    assert instances.origin_of({**told, "source": None}).source == ""
