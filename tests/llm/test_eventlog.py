from __future__ import annotations

import json
from pathlib import Path

import pytest

from satsuma.errors import SettingsError
from satsuma.llm.eventlog import EventLog
from satsuma.llm.provider import FailureKind


def lines(file: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_each_event_is_a_line_that_is_there_at_once(tmp_path: Path) -> None:
    file = tmp_path / "new" / "run.log"
    with EventLog(file) as log:
        log({"event": "concurrency", "old": 32, "new": 64, "reason": "slow start", "time": 5.0})
        assert lines(file) == [{"time": 5.0, "event": "concurrency", "old": 32, "new": 64, "reason": "slow start"}]
        log({"event": "failure"})
        assert isinstance(lines(file)[1]["time"], float)


def test_a_second_run_goes_on_in_the_same_file(tmp_path: Path) -> None:
    file = tmp_path / "run.log"
    for name in ("one", "two"):
        with EventLog(file) as log:
            log({"event": name})
    assert [event["event"] for event in lines(file)] == ["one", "two"]


@pytest.mark.parametrize("odd", ["\ud800", "a\nb", 2**80, FailureKind.RATE, Path("x"), b"\xff", float("nan")])
def test_odd_values_stay_on_one_line_and_never_raise(tmp_path: Path, odd: object) -> None:
    file = tmp_path / "run.log"
    with EventLog(file) as log:
        log({"event": "odd", "reason": odd})
    assert len(lines(file)) == 1


def test_a_file_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=str(tmp_path)):
        EventLog(tmp_path)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_silences_the_log_and_ends_nothing() -> None:
    log = EventLog(Path("/dev/full"))
    before = len(list(Path("/dev/fd").iterdir()))
    log({"event": "first"})
    log({"event": "second"})
    assert len(list(Path("/dev/fd").iterdir())) == before - 1
    log.close()
