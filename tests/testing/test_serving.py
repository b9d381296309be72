"""Starting and stopping the server, from Python and on the command line, and the options that it takes."""

import dataclasses
import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import cast

import orjson
import pytest

import satsuma.testing as testing
from satsuma.errors import DataError, SettingsError
from satsuma.llm.request import Json
from satsuma.testing.behaviour import Behaviour, Options, from_json
from satsuma.testing.faults import Faults
from satsuma.testing.server import Server, serve


def _ask(server: Server) -> tuple[int, bytes]:
    schema: Json = {"type": "object", "properties": {"a": {"type": "string"}}}
    form: Json = {"type": "json_schema", "json_schema": {"name": "instance", "schema": schema}}
    body: Json = {"model": "m", "messages": [{"role": "user", "content": "x"}], "response_format": form}
    connection = http.client.HTTPConnection(server.host, server.port, timeout=20)
    try:
        connection.request("POST", "/v1/chat/completions", orjson.dumps(body))
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_port_that_is_taken_is_a_clear_error() -> None:
    with (
        serve() as server,
        pytest.raises(SettingsError, match=f"cannot listen on 127.0.0.1:{server.port}"),
        serve(port=server.port),
    ):
        pass


def test_a_function_cannot_be_sent_to_a_process() -> None:
    with (
        pytest.raises(SettingsError, match="cannot be sent to another process"),
        serve(process=True, script=lambda _: None),
    ):
        pass


def test_a_script_file_and_every_option_reach_a_process(tmp_path: Path) -> None:
    path = tmp_path / "script.yaml"
    path.write_text("instance: {a: [scripted]}\n")
    behaviour = Behaviour(seed=2, faults=Faults(rate=0.1), reply_tokens=(5, 9), models=("m",), script=path, key="k")

    assert from_json(cast("dict[str, Json]", orjson.loads(orjson.dumps(behaviour.to_json())))) == dataclasses.replace(
        behaviour, script=str(path)
    )
    with serve(process=True, script=path) as server:
        assert orjson.loads(_ask(server)[1])["choices"][0]["message"]["content"] == '{"a":"scripted"}'


def test_every_option_can_be_given_to_serve() -> None:
    assert set(Options.__annotations__) == {field.name for field in dataclasses.fields(Behaviour)}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"noise": 2.0}, "noise is 2"),
        ({"rpm": 0.0}, "rpm is 0"),
        ({"ideas": -1}, "ideas"),
        ({"reply_tokens": (9, 5)}, "reply"),
    ],
)
def test_options_that_cannot_be_are_refused(options: Options, said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        Behaviour(**options)


def test_an_unknown_option_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="no such option: sede"):
        from_json({"sede": 1})


def test_a_script_that_is_not_there_is_refused_before_anything_starts() -> None:
    with pytest.raises(DataError), serve(script="no-such-script.yaml"):
        pass


def _command(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "satsuma.testing", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )


def test_the_command_says_its_url_first_and_ends_with_ctrl_c() -> None:
    with _command("--seed", "4", "--fault", "rate=1", "--reply-tokens", "20,30") as child:
        assert child.stdout is not None
        url = child.stdout.readline().strip()
        server = Server("127.0.0.1", int(url.split(":")[2].split("/")[0]), child.pid)
        assert url == server.url
        assert _ask(server)[0] == 429
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--fault", "rat=1"), "no such fault"),
        (("--noise", "3"), "noise is 3"),
        (("--fault", "rate=x"), "not a number"),
    ],
)
def test_the_command_refuses_mistakes_in_a_line_or_two(arguments: tuple[str, ...], said: str) -> None:
    with _command(*arguments) as child:
        out, err = child.communicate(timeout=30)

    assert (child.returncode, out) == (2, "")
    assert said in err
    assert len(err.splitlines()) <= 2


def test_a_server_in_a_process_ends_with_whoever_started_it() -> None:
    code = (
        "import os, signal, satsuma.testing as t\n"
        "with t.serve(process=True) as s:\n"
        "    print(s.port, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    # The output ends when every process that holds it has: the server's errors go there too.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=env, timeout=30)

    assert done.returncode == -signal.SIGKILL
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(done.stdout)))


def test_the_public_names_are_sorted_and_there() -> None:
    assert len(set(testing.__all__)) == len(testing.__all__)
    assert all(hasattr(testing, name) for name in testing.__all__)
