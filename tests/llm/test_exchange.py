"""`file:DIR`: requests go out whole, answers come in in any state, and nothing in them is fatal."""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from satsuma.errors import DataError, RunError, SettingsError, Waiting
from satsuma.llm.exchange import FileExchange
from satsuma.llm.request import Json, Message, Reply, Request, Sampling, Usage

SCHEMA: dict[str, Json] = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}


def request(number: int) -> Request:
    return Request(
        "openai/gpt-4.1-mini",
        (Message("system", "Be brief."), Message("user", f"question {number}")),
        schema=SCHEMA,
        sampling=Sampling(temperature=0.7, max_tokens=100, seed=3),
        step="seeds",
    )


def line(number: int, content: object) -> str:
    return json.dumps({"custom_id": request(number).key(), "content": content})


def batch_line(number: int, *, status: int = 200, error: object = None, body: object = None) -> str:
    message = {"role": "assistant", "content": f"answer {number}", "refusal": None}
    completion = {
        "object": "chat.completion",
        "model": "gpt-2026",
        "choices": [{"index": 0, "message": message, "finish_reason": "length"}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 9, "total_tokens": 16},
    }
    response = {"status_code": status, "request_id": "r", "body": completion if body is None else body}
    return json.dumps(
        {
            "id": "batch_req_1",
            "custom_id": request(number).key(),
            "response": None if error else response,
            "error": error,
        }
    )


def exchange(model: FileExchange, *numbers: int) -> Mapping[str, Reply]:
    return asyncio.run(model.exchange([request(number) for number in numbers]))


def opened(directory: Path, *lines: str, known: Callable[[str], bool] | None = None) -> tuple[FileExchange, list[str]]:
    notes: list[str] = []
    directory.mkdir(exist_ok=True)
    (directory / "replies.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return FileExchange(directory, note=notes.append, known=known), notes


def contents(model: FileExchange, *numbers: int) -> list[str | None]:
    found = [model.look_up(request(number)) for number in numbers]
    return [None if reply is None else reply.content for reply in found]


def test_requests_are_written_in_the_form_of_the_batch_api_and_the_run_waits(tmp_path: Path) -> None:
    directory = tmp_path / "to" / "ask"
    with pytest.raises(Waiting) as stop:
        exchange(FileExchange(directory), 1, 2)
    asked, answers = directory / "requests.jsonl", directory / "replies.jsonl"
    assert stop.value.message == f"waiting for 2 answers in {answers}; the requests are in {asked}"
    assert '{"custom_id": "k1-…", "content": "…"}' in stop.value.hint
    first, second = map(json.loads, (directory / "requests.jsonl").read_text().splitlines())
    assert second["custom_id"] == request(2).key()
    assert first == {
        "custom_id": request(1).key(),
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {
            "model": "gpt-4.1-mini",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "question 1"}],
            "temperature": 0.7,
            "max_completion_tokens": 100,
            "seed": request(1).wire_seed(),
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "seeds", "strict": True, "schema": SCHEMA},
            },
        },
    }
    assert [path.name for path in directory.iterdir()] == ["requests.jsonl"]


def test_a_later_wave_replaces_the_requests(tmp_path: Path) -> None:
    for wave in ((1, 2), (3,)):
        with pytest.raises(Waiting):
            exchange(FileExchange(tmp_path), *wave)
    (only,) = (tmp_path / "requests.jsonl").read_text().splitlines()
    assert json.loads(only)["custom_id"] == request(3).key()


def test_answers_in_both_forms_are_found(tmp_path: Path) -> None:
    model, notes = opened(tmp_path, batch_line(1), line(2, "plain"), line(3, {"label": "ü"}), line(4, [1]))
    assert model.look_up(request(1)) == Reply("answer 1", "length", Usage(7, 9), "gpt-2026")
    assert contents(model, 2, 3, 4, 5) == ["plain", '{"label": "ü"}', "[1]", None]
    assert notes == []
    assert model.report().usable == 4


def test_lines_that_cannot_be_used_are_noted_with_their_numbers_and_are_never_fatal(tmp_path: Path) -> None:
    broken = [
        "not json", "[1, 2]", '{"content": "no id"}', '{"custom_id": 5, "content": "x"}', line(8, None), line(8, 7),
        '{"custom_id": "k1-a", "content": ' + "[" * 100_000, '{"custom_id": "k1-b", "content": ' + "9" * 5000 + "}",
    ]  # fmt: skip
    failed = [
        batch_line(6, status=429, body={"error": {"message": "slow\ndown"}}),
        batch_line(7, error={"code": "batch_expired", "message": "expired"}),
        batch_line(9, body={"choices": []}),
    ]
    model, notes = opened(tmp_path, *broken, *failed, line(1, "good"))
    assert contents(model, 1, 6, 7, 8, 9) == ["good", None, None, None, None]
    report = model.report()
    assert (report.usable, report.broken.count, report.failed.count) == (1, 8, 3)
    assert notes[0].startswith(
        f"{tmp_path / 'replies.jsonl'}: 8 lines that cannot be read (line 1: not JSON, line 2: not"
    )
    assert "line 9: status 429: slow down, line 10: expired" in notes[1]


def test_a_line_with_an_error_leaves_room_for_an_answer_after_it(tmp_path: Path) -> None:
    model, _ = opened(tmp_path, batch_line(1, error={"message": "expired"}), line(1, "after all"))
    assert contents(model, 1) == ["after all"]


def test_of_answers_to_the_same_request_the_first_counts_and_only_differing_ones_are_noted(tmp_path: Path) -> None:
    model, notes = opened(tmp_path, line(1, "a"), line(1, "a"), line(2, "b"), line(2, "c"))
    assert contents(model, 1, 2) == ["a", "b"]
    assert len(notes) == 1
    assert "1 lines that answer a request a second time, differently; the first counts (line 4: as line 3)" in notes[0]


def test_answers_to_what_was_never_asked_are_noted_once_and_journaled_ones_are_not_unknown(tmp_path: Path) -> None:
    journaled = request(2).key()
    model, notes = opened(
        tmp_path, line(1, "a"), line(2, "b"), '{"custom_id": "x", "content": ""}', known=lambda key: key == journaled
    )
    assert contents(model, 1) == ["a"]
    for _ in range(2):
        with pytest.raises(Waiting):
            exchange(model, 3)
    model.close()
    assert len(notes) == 1
    assert "1 answers to requests that this run does not have (line 3: key x)" in notes[0]
    assert model.report().usable == 2


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf%s\r\n\r\n%s\r\n",
        b"%s\n\n  \n%s",
        b"\x00\x00\n%s\n\xff\xfe\x00\n%s\n",
        b'{"custom_id": "\xff"}\n%s\n{"custom_id": "k1-\\ud800", "content": "\\udfff"}\n%s\n',
    ],
)
def test_marks_line_ends_and_bytes_of_any_kind_do_not_hide_the_answers(tmp_path: Path, content: bytes) -> None:
    good = (line(1, "zero \x00 byte").encode(), line(2, "x\ud800y").encode())
    (tmp_path / "replies.jsonl").write_bytes(content % good)
    assert contents(FileExchange(tmp_path), 1, 2) == ["zero \x00 byte", "x\ufffdy"]


def test_a_request_that_utf_8_cannot_hold_is_written_all_the_same(tmp_path: Path) -> None:
    odd = Request("m", (Message("user", "\x00 \ud800"),))
    with pytest.raises(Waiting):
        asyncio.run(FileExchange(tmp_path).exchange([odd]))
    written = json.loads((tmp_path / "requests.jsonl").read_bytes())
    assert written["body"]["messages"][0]["content"] == "\x00 \ud800"
    assert written["body"]["model"] == "m"


def test_answers_that_come_while_the_run_goes_are_taken_instead_of_waiting(tmp_path: Path) -> None:
    model, _ = opened(tmp_path, line(1, "a"))
    (tmp_path / "replies.jsonl").write_text(line(1, "a") + "\n" + line(2, "late") + "\n")
    assert exchange(model, 2, 3) == {request(2).key(): Reply("late")}
    assert not (tmp_path / "requests.jsonl").exists()
    with pytest.raises(Waiting, match="waiting for 1 answer in") as stop:
        exchange(model, 3)
    assert stop.value.hint == "", "who wrote answers knows their form"


def test_a_file_that_changes_under_the_run_is_noticed_before_a_wrong_answer_is_given(tmp_path: Path) -> None:
    model, _ = opened(tmp_path, line(1, "aaa"), line(2, "bbb"))
    (tmp_path / "replies.jsonl").write_text(line(2, "bbb") + "\n" + line(1, "aaa") + "\n")
    with pytest.raises(DataError, match=r"replies\.jsonl was changed"):
        model.look_up(request(1))


def test_when_the_run_ends_only_open_requests_stay_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(Waiting):
        exchange(FileExchange(tmp_path), 1, 2, 3)
    model, _ = opened(tmp_path, line(1, "a"), line(3, "c"))
    model.close()
    (left,) = (tmp_path / "requests.jsonl").read_text().splitlines()
    assert json.loads(left)["custom_id"] == request(2).key()


def test_a_directory_that_cannot_be_used_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match=r"file is not a directory"):
        FileExchange(tmp_path / "file")
    (tmp_path / "replies.jsonl").mkdir()
    with pytest.raises(DataError, match=r"replies\.jsonl cannot be read"):
        FileExchange(tmp_path)


def test_requests_that_do_not_fit_on_the_disk_leave_the_earlier_ones_whole(tmp_path: Path) -> None:
    with pytest.raises(Waiting):
        exchange(FileExchange(tmp_path), 1)
    before = (tmp_path / "requests.jsonl").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(RunError, match=r"requests\.jsonl cannot be written: File too large"):
            exchange(FileExchange(tmp_path), *range(100))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "requests.jsonl").read_bytes() == before
