"""The local server for batches speaks both APIs as their documentation has them, and does what its switches say."""

from __future__ import annotations

import http.client
from collections.abc import Mapping

import orjson
import pytest

from satsuma.testing.batches import BatchServer, Switches, serve_batches

BOUNDARY = "line"
BODY = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
PARAMS = {**BODY, "max_tokens": 20, "system": "Be brief."}


def call(server: BatchServer, method: str, path: str, body: object = None, key: str = "") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    headers = {"Authorization": f"Bearer {key}"}
    if isinstance(body, bytes):
        headers["Content-Type"] = f"multipart/form-data; boundary={BOUNDARY}"
    try:
        connection.request(method, path, body if isinstance(body, bytes | None) else orjson.dumps(body), headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def said(server: BatchServer, method: str, path: str, body: object = None) -> dict[str, object]:
    status, answer = call(server, method, path, body)
    assert status == 200, answer
    found = orjson.loads(answer)
    assert isinstance(found, dict)
    return found


def openai_batch(server: BatchServer, *keys: str) -> str:
    lines = [{"custom_id": k, "method": "POST", "url": "/v1/chat/completions", "body": BODY} for k in keys]
    content = b"\n".join(map(orjson.dumps, lines)) + b"\n"
    form = (
        b'--line\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--line\r\nContent-Disposition: '
        b'form-data; name="file"; filename="a.jsonl"\r\n\r\n' + content + b"\r\n--line--\r\n"
    )
    file = said(server, "POST", "/v1/files", form)["id"]
    asked = {
        "input_file_id": file,
        "endpoint": "/v1/chat/completions",
        "completion_window": "24h",
        "metadata": {"a": "b"},
    }
    return str(said(server, "POST", "/v1/batches", asked)["id"])


def anthropic_batch(server: BatchServer, *keys: str) -> str:
    body = {"requests": [{"custom_id": f"{key}_name", "params": PARAMS} for key in keys]}
    return str(said(server, "POST", "/v1/messages/batches", body)["id"])


def lines(server: BatchServer, path: str) -> list[Mapping[str, object]]:
    status, answer = call(server, "GET", path)
    assert status == 200
    return [orjson.loads(line) for line in answer.splitlines()]


def test_an_openai_batch_ends_after_so_many_looks_with_an_output_and_an_error_file() -> None:
    fate = {"a": "answered", "b": "expired", "c": "429 slow down", "d": "missing"}
    with serve_batches(switches=Switches(looks=2, fate=lambda key, _times: fate[key])) as server:
        batch = openai_batch(server, *fate)
        seen = [said(server, "GET", f"/v1/batches/{batch}") for _ in range(3)]
        assert [look["status"] for look in seen] == ["in_progress", "in_progress", "completed"]
        assert seen[2]["request_counts"] == {"total": 4, "completed": 1, "failed": 2}
        (good,) = lines(server, f"/v1/files/{seen[2]['output_file_id']}/content")
        assert good["custom_id"] == "a"
        bad = lines(server, f"/v1/files/{seen[2]['error_file_id']}/content")
        assert [line["custom_id"] for line in bad] == ["b", "c"]
        assert isinstance(bad[0]["error"], dict)
        assert bad[0]["error"]["code"] == "batch_expired"
        assert server.submitted == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_an_anthropic_batch_has_all_its_results_in_one_file() -> None:
    fate = {"a": "answered", "b": "expired", "c": "529 Overloaded"}
    with serve_batches(switches=Switches(fate=lambda key, _times: fate[key])) as server:
        batch = anthropic_batch(server, *fate)
        assert call(server, "GET", f"/v1/messages/batches/{batch}/results")[0] == 404
        look = said(server, "GET", f"/v1/messages/batches/{batch}")
        assert look["processing_status"] == "ended"
        assert look["request_counts"] == {"processing": 0, "succeeded": 1, "canceled": 0, "expired": 1, "errored": 1}
        results = lines(server, f"/v1/messages/batches/{batch}/results")
        kinds = [r["result"]["type"] for r in results if isinstance(r["result"], dict)]
        assert kinds == ["succeeded", "expired", "errored"]


@pytest.mark.parametrize(("make", "path"), [(openai_batch, "/v1/batches"), (anthropic_batch, "/v1/messages/batches")])
def test_lists_are_newest_first_in_pages_and_can_lag_behind(make: object, path: str) -> None:
    assert callable(make)
    after = "after_id" if "messages" in path else "after"
    with serve_batches(switches=Switches(held=True)) as server:
        ids = [make(server, f"k{i}") for i in range(3)]
        first = said(server, "GET", f"{path}?limit=2")
        assert [b["id"] for b in _data(first)] == ids[:0:-1]
        assert first["has_more"] is True
        second = said(server, "GET", f"{path}?limit=2&{after}={ids[1]}")
        assert ([b["id"] for b in _data(second)], second["has_more"]) == (ids[:1], False)
        server.switches.unlisted = 1
        make(server, "late")
        assert [len(_data(said(server, "GET", path))) for _ in range(2)] == [3, 4]


def _data(page: Mapping[str, object]) -> list[dict[str, object]]:
    data = page["data"]
    assert isinstance(data, list)
    return data


def test_a_cancelled_batch_keeps_what_was_answered() -> None:
    with serve_batches(switches=Switches(held=True)) as server:
        batch = openai_batch(server, "a", "b")
        assert said(server, "POST", f"/v1/batches/{batch}/cancel")["status"] == "cancelling"
        server.release()
        assert said(server, "GET", f"/v1/batches/{batch}")["status"] == "cancelled"
        assert server.jobs[0].fates == {"a": "answered", "b": "canceled"}


def test_too_many_requests_a_wrong_key_and_an_unknown_batch_are_refused() -> None:
    with serve_batches(switches=Switches(most_requests=1)) as server:
        body = {"requests": [{"custom_id": f"{i}_n", "params": PARAMS} for i in range(2)]}
        assert call(server, "POST", "/v1/messages/batches", body)[0] == 400
        assert not server.submitted
        assert call(server, "GET", "/v1/batches/none")[0] == 404
        server.switches.key = "right"
        assert call(server, "GET", "/v1/batches", key="wrong")[0] == 401
        assert call(server, "GET", "/v1/batches", key="right")[0] == 200


def test_a_failed_batch_says_why_and_refusals_come_first() -> None:
    switches = Switches(ending=lambda _number: "failed", failure=("why", "Because."), refusals={"look": [(500, "?")]})
    with serve_batches(switches=switches) as server:
        batch = openai_batch(server, "a")
        assert call(server, "GET", f"/v1/batches/{batch}")[0] == 500
        look = said(server, "GET", f"/v1/batches/{batch}")
        assert look["status"] == "failed"
        assert isinstance(look["errors"], dict)
        assert look["errors"]["data"][0]["code"] == "why"


def test_a_test_can_wait_for_what_happens_and_is_told_when_it_does_not() -> None:
    with serve_batches() as server:
        openai_batch(server, "a")
        server.wait_for("created")
        with pytest.raises(TimeoutError, match="cancel was asked for 0 times"):
            server.wait_for("cancel", timeout=0.01)


def test_all_other_paths_are_those_of_the_model_server() -> None:
    with serve_batches() as server:
        assert "choices" in said(server, "POST", "/v1/chat/completions", BODY)
