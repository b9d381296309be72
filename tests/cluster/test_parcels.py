"""Files in pieces: the same bytes, in their place only when they are whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.cluster.parcels import Piece, forget_halves, pieces_of, put
from satsuma.errors import RunError


def cut(path: Path, size: int) -> list[Piece]:
    with path.open("rb") as file:
        return list(pieces_of("checkpoint", path.name, file, size))


@pytest.mark.parametrize(("length", "count"), [(0, 1), (1, 1), (9, 1), (10, 1), (11, 2), (30, 3), (31, 4)])
def test_a_file_arrives_as_it_was_however_it_is_cut(length: int, count: int, tmp_path: Path) -> None:
    sent = tmp_path / "state.pt"
    sent.write_bytes(bytes(range(length)))
    pieces = cut(sent, 10)
    assert len(pieces) == count
    assert all(len(piece.data) <= 10 for piece in pieces)
    assert [put(piece, tmp_path / "there") for piece in pieces] == [None] * (count - 1) + [
        tmp_path / "there" / sent.name
    ]
    assert (tmp_path / "there" / sent.name).read_bytes() == sent.read_bytes()


def test_a_file_that_came_half_leaves_the_one_before_and_the_next_begins_it_anew(tmp_path: Path) -> None:
    sent, folder = tmp_path / "state.pt", tmp_path / "there"
    for text in (b"the first", b"the second one", b"the third"):
        sent.write_bytes(text)
        pieces = cut(sent, 4)
        for piece in pieces[:-1] if b"second" in text else pieces:
            put(piece, folder)
        assert (folder / "state.pt").read_bytes() == (text if b"second" not in text else b"the first")
    assert [path.name for path in folder.iterdir()] == ["state.pt"]


def test_what_will_not_be_whole_is_forgotten(tmp_path: Path) -> None:
    sent, folder = tmp_path / "state.pt", tmp_path / "there"
    sent.write_bytes(b"some bytes")
    put(cut(sent, 4)[0], folder)
    assert len(list(folder.iterdir())) == 1
    forget_halves(folder)
    assert not list(folder.iterdir())


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("a file where a folder should be")
    with pytest.raises(RunError, match=r"state\.pt could not be written"):
        put(Piece("checkpoint", "state.pt", 0, b"x", last=True), tmp_path / "there")
