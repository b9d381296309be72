from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.errors import SettingsError
from satsuma.remote.urls import check, is_elsewhere, is_url, name_in, path_in, refuse_url, shown
from satsuma.run.redact import redact


@pytest.mark.parametrize("where", ["s3://b/x", "gs://b", "memory://x", "FILE:///x", "https://h/x?y=1"])
def test_a_protocol_and_two_slashes_are_a_url(where: str) -> None:
    assert is_url(where)


@pytest.mark.parametrize(
    "where", ["x.jsonl", "runs/copa", "hf:owner/name", "c://x", "copa=s3://b/x", "", Path("s3:/b")]
)
def test_everything_else_is_none(where: object) -> None:
    assert not is_url(where)


def test_a_file_url_is_a_path_of_this_machine() -> None:
    assert path_in("file:///a/b%20c.jsonl") == Path("/a/b c.jsonl")
    assert path_in("file://localhost/a") == Path("/a")
    assert path_in("s3://a/b") is None
    assert not is_elsewhere("file:///a")
    with pytest.raises(SettingsError, match="of the machine other"):
        path_in("file://other/a")


def test_what_may_be_a_key_is_never_told() -> None:
    assert shown("https://h/x.parquet?X-Amz-Signature=SECRET&a=1") == "https://h/x.parquet?…"
    assert shown("s3://KEY:SECRET@bucket/x") == "s3://[redacted]@bucket/x"
    assert shown("abfs://container@account.dfs/x") == "abfs://container@account.dfs/x"
    assert shown("s3://bucket/a@b") == "s3://bucket/a@b"


@pytest.mark.parametrize("url", ["s3://KEY:SECRET@bucket/x", "https://TOKENTOKEN@h/x", "abfs://KEY:SECRET@b/x"])
def test_a_url_with_a_key_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingsError, match="carries a key") as refused:
        check(url)
    assert "SECRET" not in str(refused.value)
    assert "TOKENTOKEN" not in str(refused.value)


def test_a_signature_of_a_presigned_url_is_taken_out_of_every_text() -> None:
    told = redact(
        "Go on with: satsuma transform t --dataset 'https://h/x?X-Amz-Credential=AK1&X-Amz-Signature=ZZ&sig=Y'"
    )
    assert told.endswith("x?X-Amz-Credential=[redacted]&X-Amz-Signature=[redacted]&sig=[redacted]'")


def test_a_chain_is_refused_and_a_container_is_no_key() -> None:
    check("abfs://container@account/x")
    with pytest.raises(SettingsError, match="chain"):
        check("zip://a.jsonl::s3://b/x.zip")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("s3://b/x.parquet", "x.parquet"),
        ("https://h/a/x.jsonl?sig=a/b", "x.jsonl"),
        ("s3://b/folder/", "folder"),
        ("s3://bucket", "bucket"),
        ("https://h/a%2F..%2Fx", "data"),
        ("https://h/..", "data"),
    ],
)
def test_a_copy_has_the_name_of_the_original_and_never_a_way_out(url: str, name: str) -> None:
    assert name_in(url) == name


@pytest.mark.parametrize("where", ["s3://b/x", Path("s3://b/x"), "s3:/b/x"])
def test_a_url_is_refused_as_the_user_wrote_it_also_after_pathlib(where: str | Path) -> None:
    with pytest.raises(SettingsError, match="s3://b/x: no journal"):
        refuse_url(where, "no journal there")


def test_a_folder_that_looks_like_a_protocol_is_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError, match="s3://b: no journal"):
        refuse_url("s3:/b", "no journal there")
    Path("s3:").mkdir()
    refuse_url("s3:/b", "no journal there")
