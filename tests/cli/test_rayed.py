"""`--ray [ADDRESS]`: with an address and without one, wherever it stands; and what is wrong with what it is given."""

from __future__ import annotations

import socket
from contextlib import closing
from pathlib import Path

import pytest

import satsuma
from satsuma.cli.rayed import filled
from satsuma.cluster.joining import checked_address, join
from satsuma.errors import ClusterError, SettingsError
from satsuma.settings import Settings


@pytest.mark.parametrize(
    ("words", "read"),
    [
        ("copa -n 5 --ray", "copa -n 5 --ray local"),
        ("--ray copa -n 5", "--ray local copa -n 5"),
        ("copa --ray -n 5", "copa --ray local -n 5"),
        ("copa --ray head:6379 -n 5", "copa --ray head:6379 -n 5"),
        ("copa --ray auto", "copa --ray auto"),
        ("copa --ray=head:6379", "copa --ray=head:6379"),
        ("copa -n 5", "copa -n 5"),
        ("-- --ray", "-- --ray"),
    ],
)
def test_ray_without_an_address_is_ray_on_this_machine(words: str, read: str) -> None:
    assert filled(words.split()) == read.split()


@pytest.mark.parametrize("address", ["head", "head:", "head:x", ":6379", "head:6379/x", "head:99999"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="is no address of a Ray cluster"):
        checked_address(address)


def test_ray_client_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="ends its workers when the connection drops"):
        checked_address("ray://head:10001")


def test_without_ray_its_options_are_refused() -> None:
    with pytest.raises(SettingsError, match="--ray-http is given without --ray"):
        Settings(1, "openai/m", ray_http=2)
    with pytest.raises(SettingsError, match="no model of this run is vllm"):
        Settings(1, "hf/m", tensor_parallel=2)
    assert Settings(1, "openai/m", models={"correction": "vllm/m"}, tensor_parallel=2).tensor_parallel == 2


def test_an_address_at_which_nobody_is_says_so_at_once_and_leaves_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="not installed (the extra ray)")
    monkeypatch.setenv("OPENAI_API_KEY", "planted-key-0123456789")
    with closing(socket.socket()) as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ClusterError, match=f"no Ray cluster answers at {address}"):
            join(address)
        with pytest.raises(ClusterError, match="no Ray cluster answers"):
            satsuma.generate("copa", n=2, model="openai/m", out=tmp_path / "run", ray=address, ray_http=1)
    assert not (tmp_path / "run" / "run.json").exists()
