"""From a catalog's entry to its rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from satsuma.catalog.entry import Entry, Loading
from satsuma.catalog.folder import entries_of_folder
from satsuma.datatune.placing import place_of
from satsuma.errors import SourceError
from satsuma.sources.source import Place, open_source


def test_the_entries_of_a_folder_lead_to_their_rows(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "card.md").write_text("# one\n\nNumbers from one.\n\n- Licence: MIT\n")
    (tmp_path / "one" / "data.jsonl").write_text('{"n": 1}\n')
    (tmp_path / "two.csv").write_text("n,m\n2,3\n")
    found = {}
    for entry in entries_of_folder(tmp_path):
        assert isinstance(entry, Entry)
        with open_source(place_of(entry)) as source:
            found[entry.name] = (source.row(0), source.place.licence)
    assert found == {"one": ({"n": 1}, "mit"), "two": ({"n": "2", "m": "3"}, "")}


@pytest.mark.parametrize(
    ("loading", "where"),
    [
        (Loading("hub", "me/data", revision="abc"), "hf:me/data@abc"),
        (Loading("hub", "me/data"), "hf:me/data"),
        (Loading(), "hf:data"),
        (Loading("files", "/data/x", ("a.csv",)), "/data/x"),
    ],
)
def test_a_place_is_a_folder_or_a_repository_at_its_revision(loading: Loading, where: str) -> None:
    entry = Entry("data", "about", licence="mit", gated=True, loading=loading)
    place = place_of(entry, "en", "test")
    assert place == Place(where, "en", "test", loading.files, "mit", gated=True)


def test_what_is_disabled_or_needs_code_is_refused() -> None:
    with pytest.raises(SourceError, match="is disabled"):
        place_of(Entry("data", "about", disabled=True))
    with pytest.raises(SourceError, match="never runs"):
        open_source(place_of(Entry("data", "about", loading=Loading("hub", "me/data", needs_code=True))))
