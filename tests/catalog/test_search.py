"""Searching a catalog: what is found, in which order, why, and when the index is made."""

from __future__ import annotations

import json
import multiprocessing
import shutil
from pathlib import Path

import numpy as np
import pytest

from satsuma.catalog import indexing
from satsuma.catalog.filters import Wanted
from satsuma.catalog.fusion import COMPUTED, ESTIMATED
from satsuma.catalog.opening import open_catalog
from satsuma.embedding import opening
from satsuma.embedding.opening import open_embedder
from satsuma.errors import DataError, ExtraError, SettingsError
from tests.catalog.conftest import Listing

CARDS: list[dict[str, object]] = [
    {"name": "spam", "description": "Spam messages with a label, reported by readers.", "license": "mit"},
    {"name": "health", "description": "Questions about health with answers of doctors.", "license": "cc-by-sa-4.0"},
    {"name": "code", "description": "Python code with comments, one line each.", "license": "cc-by-nc-4.0"},
    {"name": "news", "description": "News of the day in Russian, sentence by sentence."},
    {"name": "secret", "description": "Spam messages that one has to sign for.", "gated": True, "license": "mit"},
]


@pytest.fixture
def catalog(listing: Listing) -> Path:
    return listing(*CARDS)


def home(catalog: Path) -> Path:
    return catalog.with_name(f"{catalog.name}.index")


def test_the_datasets_come_best_first_with_the_words_that_matched(catalog: Path, tiny: str) -> None:
    hits = open_catalog(catalog, embedder=tiny).search("Python code, line by line")
    assert hits[0].entry.name == "code"
    assert set(hits[0].matched) == {"python", "code", "line"}
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)
    assert len(hits) == 4


def test_a_name_finds_its_dataset(listing: Listing, tiny: str) -> None:
    source = listing(*CARDS, {"name": "someone/med_quad-v2", "description": "Texts with a number for each of them."})
    assert open_catalog(source, embedder=tiny).search("med quad v2", 1)[0].entry.name == "someone/med_quad-v2"


def test_gated_datasets_and_licences_are_filtered_before_the_best_are_taken(catalog: Path, tiny: str) -> None:
    opened = open_catalog(catalog, embedder=tiny)
    found = {
        "any": [h.entry.name for h in opened.search("spam messages")],
        "gated": [h.entry.name for h in opened.search("spam messages", wanted=Wanted(gated=True))],
        "free": [h.entry.name for h in opened.search("spam messages", 3, wanted=Wanted(licence="permissive"))],
        "share": [h.entry.name for h in opened.search("spam messages", wanted=Wanted(licence="share-alike"))],
    }
    assert set(found["any"]) == {"spam", "health", "code", "news"}
    assert set(found["gated"][:2]) == {"spam", "secret"}
    assert found["free"] == ["spam"]
    assert set(found["share"]) == {"spam", "health"}


def test_words_alone_need_no_embedder(catalog: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "CARRIER", "no_such_package")
    opening.open_minilm.cache_clear()
    with pytest.raises(ExtraError):
        open_catalog(catalog)
    opened = open_catalog(catalog, embedder="none")
    assert opened.search("doctors' health answers", 1)[0].entry.name == "health"
    with pytest.raises(SettingsError, match="without an embedder"):
        opened.search("health", by="meaning")


def test_meaning_alone_is_the_cosine_without_the_mean(catalog: Path, tiny: str) -> None:
    opened = open_catalog(catalog, embedder=tiny)
    embedder = open_embedder(tiny)
    vectors = embedder.embed([str(card["description"]) for card in CARDS])
    mean = vectors.mean(axis=0) * 5 / 25
    query = embedder.embed(["health"])[0] - mean
    for hit in opened.search("health", by="meaning", wanted=Wanted(gated=True)):
        index = [card["name"] for card in CARDS].index(hit.entry.name)
        rest = vectors[index] - mean
        assert hit.meaning == pytest.approx(query @ rest / np.linalg.norm(query) / np.linalg.norm(rest), abs=1e-5)
        assert hit.words == 0
        assert hit.score == pytest.approx(hit.meaning, abs=1e-4)


def test_several_texts_are_one_query(catalog: Path, tiny: str) -> None:
    opened = open_catalog(catalog, embedder=tiny)
    assert [h.score for h in opened.search(["health", "health"])] == [h.score for h in opened.search("health")]
    assert {h.entry.name for h in opened.search(["python code", "health doctors"], 2)} == {"code", "health"}


@pytest.mark.parametrize("query", ["", "  \n", [], ["", " "]])
def test_a_blank_query_is_told(catalog: Path, tiny: str, query: str | list[str]) -> None:
    with pytest.raises(SettingsError, match="blank"):
        open_catalog(catalog, embedder=tiny).search(query)


@pytest.mark.parametrize("query", ["the of and", "\U0001f600", "qqqq zzzz", "x" * 100_000, "\0 {{ 7*7 }} [red]"])
def test_a_query_without_known_words_still_has_an_answer(catalog: Path, tiny: str, query: str) -> None:
    assert len(open_catalog(catalog, embedder=tiny).search(query, 2)) == 2


def test_equal_scores_keep_the_catalogs_order(listing: Listing, tiny: str) -> None:
    source = listing(*({"name": f"n{i}", "description": "The same description of each."} for i in range(30)))
    opened = open_catalog(source, embedder=tiny)
    assert [h.entry.name for h in opened.search("description", 10)] == [f"n{i}" for i in range(10)]


def test_coverage_is_whole_only_where_every_word_is(catalog: Path) -> None:
    opened = open_catalog(catalog, embedder="none")
    by_name = {h.entry.name: h.words for h in opened.search("russian news unheardof", 5)}
    assert 0 < by_name["news"] < 1
    assert by_name["spam"] == 0
    assert opened.search("russian news", 1)[0].words == pytest.approx(1)


def test_low_coverage_counts_little_and_full_coverage_much() -> None:
    cosines, coverage = np.array([0.5, 0.3, 0.1]), np.array([0.0, 0.3, 1.0])
    for blend in (COMPUTED, ESTIMATED):
        assert np.argmax(blend(cosines, coverage)) == 2
        assert np.argmax(blend(cosines[:2], coverage[:2])) == 0


def test_the_index_is_made_once(catalog: Path, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first = open_catalog(catalog, embedder=tiny).search("health")
    monkeypatch.setattr(indexing, "_built", pytest.fail)
    assert open_catalog(catalog, embedder=tiny).search("health") == first


def test_a_changed_catalog_is_indexed_anew_and_embeds_only_what_is_new(
    catalog: Path, tiny: str, listing: Listing
) -> None:
    told: list[tuple[int, int]] = []
    open_catalog(catalog, embedder=tiny)
    (before,) = home(catalog).iterdir()
    listing(*CARDS[1:], {"name": "maths", "description": "Maths problems with answers, for schools."})
    opened = open_catalog(catalog, embedder=tiny, tell=lambda done, of: told.append((done, of)))
    assert told == [(0, 1), (1, 1)]
    assert opened.search("maths problems for schools", 1)[0].entry.name == "maths"
    (after,) = home(catalog).iterdir()
    assert after != before


def test_what_is_taken_over_is_what_would_have_been_made(catalog: Path, tiny: str, listing: Listing) -> None:
    open_catalog(catalog, embedder=tiny)
    listing(*reversed(CARDS))
    grown = open_catalog(catalog, embedder=tiny)
    fresh = listing(*reversed(CARDS), name="fresh.jsonl")
    assert grown.search("health answers") == open_catalog(fresh, embedder=tiny).search("health answers")


def test_indexes_of_several_embedders_lie_side_by_side(catalog: Path, tiny: str) -> None:
    open_catalog(catalog, embedder=tiny)
    open_catalog(catalog, embedder="none")
    assert len(list(home(catalog).iterdir())) == 2


@pytest.mark.parametrize("damage", ["vectors.npy", "entries.jsonl", "ends.npy", "words/params.index.json"])
def test_a_damaged_index_is_made_again(catalog: Path, tiny: str, damage: str) -> None:
    first = open_catalog(catalog, embedder=tiny).search("health")
    (place,) = home(catalog).iterdir()
    (place / damage).write_bytes(b"")
    assert open_catalog(catalog, embedder=tiny).search("health") == first


def test_what_a_killed_builder_left_is_no_index(catalog: Path, tiny: str) -> None:
    first = open_catalog(catalog, embedder=tiny).search("health")
    (place,) = home(catalog).iterdir()
    place.rename(place.with_name(f".{place.name}.123"))
    assert open_catalog(catalog, embedder=tiny).search("health") == first


def test_an_open_catalog_outlives_its_index(catalog: Path, tiny: str) -> None:
    opened = open_catalog(catalog, embedder=tiny)
    first = opened.search("health")
    shutil.rmtree(home(catalog))
    assert opened.search("health") == first


def _found(catalog: str, embedder: str) -> list[str]:
    return [h.entry.name for h in open_catalog(catalog, embedder=embedder).search("health")]


def test_several_processes_may_build_the_same_index(catalog: Path, tiny: str) -> None:
    with multiprocessing.get_context("spawn").Pool(3) as pool:
        found = pool.starmap(_found, [(str(catalog), tiny)] * 3)
    assert found[0] == found[1] == found[2]
    assert len(list(home(catalog).iterdir())) == 1


def test_a_catalog_where_nothing_may_be_written_is_indexed_in_the_cache(
    listing: Listing, tiny: str, tmp_path: Path, cache: Path
) -> None:
    (tmp_path / "readonly").mkdir()
    source = listing(*CARDS, name="readonly/c.jsonl")
    (tmp_path / "readonly").chmod(0o555)
    try:
        assert open_catalog(source, embedder=tiny).search("health", 1)[0].entry.name == "health"
        assert [p.name for p in (tmp_path / "readonly").iterdir()] == ["c.jsonl"]
    finally:
        (tmp_path / "readonly").chmod(0o755)
    assert len(list((cache / "catalogs").iterdir())) == 1


def test_a_folder_of_data_files_is_a_catalog(tmp_path: Path, tiny: str) -> None:
    for name, text in (("spam", "Spam messages with labels."), ("code", "Python code with comments.")):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / "card.md").write_text(f"# {name}\n\n{text} More about it.\n")
        (tmp_path / "all" / name / "rows.csv").write_text("text,label\nx,1\n")
    opened = open_catalog(tmp_path / "all", embedder=tiny)
    (hit,) = opened.search("python code", 1)
    assert (hit.entry.name, hit.entry.rows, hit.entry.loading.files) == ("code", 1, ("rows.csv",))
    key = opened.place
    (tmp_path / "all" / "code" / "rows.csv").write_text("text,label\nx,1\ny,2\n")
    again = open_catalog(tmp_path / "all", embedder=tiny)
    assert again.place != key
    assert again.search("python code", 1)[0].entry.rows == 2


def test_a_large_catalog_is_estimated_from_a_sample(
    listing: Listing, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    embedder = open_embedder(tiny)
    monkeypatch.setattr(indexing, "open_minilm", lambda: embedder)
    monkeypatch.setattr(indexing, "open_embedder", lambda name: embedder)  # noqa: ARG005
    monkeypatch.setattr(indexing, "EXACT", 50)
    monkeypatch.setattr(indexing, "SAMPLE", 40)
    told: list[tuple[int, int]] = []
    source = listing(
        *({"name": f"n{i}", "description": f"Questions about number {i}, with answers."} for i in range(90))
    )
    opened = open_catalog(source, tell=lambda done, of: told.append((done, of)))
    assert opened.recipe.sample == 40
    assert told[-1] == (40, 40)
    assert opened.search("number 77", 1)[0].entry.name == "n77"
    assert open_catalog(source).place == opened.place


def test_what_is_no_catalog_is_told(tmp_path: Path, tiny: str, listing: Listing) -> None:
    with pytest.raises(DataError, match="there is no catalog"):
        open_catalog(tmp_path / "absent", embedder=tiny)
    with pytest.raises(DataError, match="no dataset that could be found"):
        open_catalog(listing({"name": "a", "description": ""}), embedder=tiny)
    assert not list(tmp_path.glob("*.index/*"))


def test_the_recipe_is_written_with_the_index(catalog: Path, tiny: str) -> None:
    opened = open_catalog(catalog, embedder=tiny)
    said = json.loads((opened.place / "index.json").read_text())
    assert said["embedder"] == open_embedder(tiny).identity
    assert said["sample"] == 0
