"""All measurements together: on any dataset, beside another one, in words, as JSON and as Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

np = pytest.importorskip("numpy")
for package in ("babel", "sklearn", "vaderSentiment"):
    pytest.importorskip(package)

from satsuma.errors import DataError, SettingsError  # noqa: E402 - needs numpy
from satsuma.measures import entities, pvi  # noqa: E402 - needs numpy
from satsuma.measures.analysis import MEASURES, OF_OTHERS, Analysis, analyze_dataset  # noqa: E402 - needs numpy
from satsuma.measures.corpus import Options  # noqa: E402 - needs numpy
from satsuma.measures.correction import Correction  # noqa: E402 - needs numpy
from satsuma.measures.mapping import Map  # noqa: E402 - needs numpy
from satsuma.measures.outcome import NotDefined, as_json  # noqa: E402 - needs numpy
from satsuma.measures.rendering import headline_rows, markdown, missing  # noqa: E402 - needs numpy
from satsuma.reading.dataset import Selection, open_dataset  # noqa: E402 - needs numpy
from satsuma.reading.ratings import content_of  # noqa: E402 - needs numpy
from satsuma.run.directory import RunDirectory  # noqa: E402 - needs numpy
from satsuma.run.trust import Noise  # noqa: E402 - needs numpy
from tests.reading.runs import written  # noqa: E402 - needs numpy

SUBJECTS = ["The invoice", "My order", "A payment", "The refund", "Our subscription", "The new price"]
THINGS = ["the app", "that page", "a button", "the search", "this form", "the login"]
ENDINGS = ["on Monday", "again", "without a reason", "for the third time", "since the update", "in Germany"]


class Letters:
    """An embedder: how often each letter occurs."""

    name = identity = "letters"
    dimension = 26

    def embed(self, texts: Sequence[str]) -> object:
        counts = np.array([[text.lower().count(chr(97 + i)) for i in range(26)] for text in texts], np.float32)
        return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1e-9)


@pytest.fixture(autouse=True)
def no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever spaCy pipelines are installed, none is used; and fewer classifiers are tried, which takes seconds."""
    monkeypatch.setattr(entities, "_pipeline", {}.get)
    monkeypatch.setattr(pvi, "FREEDOMS", (1.0,))


def rows(count: int = 60) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for i in range(count):
        billing = i % 2 == 0
        subject, ending = SUBJECTS[i % 6] if billing else THINGS[i % 6], ENDINGS[i // 6 % 6]
        text = f"{subject} was {'charged' if billing else 'broken'} {ending}, she says, number {i}."
        made.append({"message": text, "product": f"product {i // 2 % 4}", "label": "billing" if billing else "bug"})
    return made


def dataset(path: Path, made: Sequence[object]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in made), "utf-8")
    return path


def analyzed(where: Path, *against: Path, **options: object) -> Analysis:
    chosen = Options(**{"embedder": Letters(), **options})  # type: ignore[arg-type]
    return analyze_dataset(where, against, None, chosen)


def test_every_measurement_is_made_and_is_json(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [(str(r["message"]), str(r["product"]), "bug", str(r["label"])) for r in rows()])
    found = analyzed(run.path)
    assert set(found.measures) == set(MEASURES) - OF_OTHERS
    assert [name for name, _ in missing(found)] == []
    again = json.loads(orjson.dumps(found.to_json()))
    assert again["instances"] == 60
    assert again["unique_bigrams_per_example"] == again["measures"]["vocabulary"]["unique_bigrams_per_example"] > 0
    assert again["tokens_per_example"] > 5
    assert len(again["measures"]["map"]["points"]) == 60
    assert {point["label"] for point in again["measures"]["map"]["points"]} == {"billing", "bug"}
    assert again["measures"]["correction"]["changed"]["value"] == 0.5
    assert again["dataset"]["kind"] == "run of satsuma"


def test_the_same_dataset_gives_the_same_figures(tmp_path: Path) -> None:
    path = dataset(tmp_path / "rows.jsonl", rows())
    assert analyzed(path).to_json() == analyzed(path).to_json()


def told(found: Analysis, level: str) -> str:
    return "\n".join(finding.text for finding in found.verdict if finding.level == level)


def test_the_verdict_says_what_to_repair_the_gravest_first(tmp_path: Path) -> None:
    made = rows()
    found = analyzed(dataset(tmp_path / "rows.jsonl", [*made, *made[:20], {**made[0], "label": None}, {"message": ""}]))
    problems = told(found, "problem")
    assert "of the instances are near-duplicates" in problems
    assert "have a copy word for word" in problems
    assert "2 instances (2.4%) have no label." in problems
    assert "'charged' appears in 100% of billing and in 0% of the others: the label leaks." in problems
    assert "The field message alone tells the label in" in problems
    assert "1 of 82 texts are empty" in problems
    assert "product" not in problems
    order = [finding.level for finding in found.verdict]
    assert order == sorted(order, key=("problem", "note", "good").index)


def test_a_clean_dataset_is_told_to_be_one(tmp_path: Path) -> None:
    words = [f"w{i}" for i in range(997)]
    made = [
        {
            "text": " ".join(words[(i * i * 31 + j * j * 7 + i * j) % 997] for j in range(12)),
            "label": "ab"[i * 7 % 5 % 2],
        }
        for i in range(60)
    ]
    found = analyzed(dataset(tmp_path / "rows.jsonl", made))
    assert told(found, "problem") == ""
    assert "No single word gives a label away." in told(found, "good")


@pytest.mark.parametrize(
    ("made", "undefined"),
    [
        ([{"text": "one"}], {"labels", "self_bleu", "uniqueness", "cosine", "map", "leaks", "shortcuts", "pvi"}),
        ([{"text": "a b", "label": "x"}] * 5, {"map", "leaks", "shortcuts", "pvi"}),
        ([{"text": "a b", "label": float("nan")}] * 5, {"labels", "leaks", "shortcuts", "pvi"}),
        ([{"text": "a b", "label": i} for i in range(5)], {"leaks", "shortcuts", "pvi"}),
        ([{"text": "", "label": i % 2} for i in range(30)], {"readability", "map", "gender"}),
        ([{"text": 5, "label": "x"}, {"text": "t", "label": 1}], {"leaks", "shortcuts", "pvi"}),
        (
            [{"text": "\ud83d\ude00 \u0000 猫 \u202e" * (i + 1), "label": i % 2} for i in range(30)],
            {"readability", "gender"},
        ),
    ],
    ids=["one row", "one label", "no label", "labels of their own", "empty texts", "mixed types", "strange texts"],
)
def test_what_a_dataset_does_not_have_is_not_defined_and_the_rest_is_made(
    tmp_path: Path, made: list[object], undefined: set[str]
) -> None:
    found = analyzed(dataset(tmp_path / "rows.jsonl", made))
    names = {name for name, measure in found.measures.items() if isinstance(measure, NotDefined)}
    assert undefined <= names
    assert names <= undefined | {"correction", "readability", "sentiment", "gender", "map", "cosine"}
    assert found.instances == len(made)
    orjson.dumps(found.to_json())
    assert all(why for _, why in missing(found))


def test_without_an_embedder_the_rest_is_made(tmp_path: Path) -> None:
    found = analyzed(dataset(tmp_path / "rows.jsonl", rows()), embedder=None)
    assert {name for name, _ in missing(found)} == {"cosine", "map", "correction"}
    assert getattr(found.measures["pvi"], "family") == "logistic model on words"  # noqa: B009 - of any measurement


def test_an_embedder_that_cannot_be_had_is_told_and_the_rest_is_made(tmp_path: Path) -> None:
    found = analyzed(dataset(tmp_path / "rows.jsonl", rows()), embedder="no/such-embedder")
    assert "cosine" in dict(missing(found))
    assert isinstance(found.measures["pvi"], object)
    assert "vocabulary" not in dict(missing(found))


def test_another_dataset_is_compared_at_one_size(tmp_path: Path) -> None:
    one = dataset(tmp_path / "one.jsonl", rows(60))
    other = dataset(tmp_path / "other.jsonl", [*rows(10), {**rows(1)[0], "message": "Something else, in France."}])
    found = analyzed(one, other)
    (comparison,) = found.against
    assert (comparison.instances, comparison.compared) == (11, 11)
    assert comparison.shared == pytest.approx(10 / 60)
    assert comparison.entity_divergence["GPE"] == pytest.approx(1, abs=0.5)
    assert comparison.label_distance == pytest.approx(abs(0.5 - 6 / 11))
    assert as_json(comparison.this.vocabulary) != as_json(found.measures["vocabulary"])
    assert getattr(comparison.cosine_across, "pairs") == 660  # noqa: B009 - of any measurement
    mapped = found.measures["map"]
    assert isinstance(mapped, Map)
    assert {point.source for point in mapped.points} == {0, 1}
    assert "word for word: evaluating on it would be unfair" in told(found, "problem")
    assert "unique bigrams per example against" in told(found, "note") + told(found, "problem")


def test_a_run_and_a_file_are_compared_by_the_runs_card(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [(str(r["message"]), str(r["product"]), "bug", str(r["label"])) for r in rows(30)])
    found = analyzed(run.path, dataset(tmp_path / "gold.jsonl", rows(30)))
    assert found.against[0].text == "the card tickets"
    assert found.against[0].shared == 1
    plain = analyzed(run.path, dataset(tmp_path / "other.jsonl", [{"text": "something"}, {"text": "else"}]))
    assert plain.against[0].text.startswith("text")


def test_only_what_is_asked_for_is_made(tmp_path: Path) -> None:
    path = dataset(tmp_path / "rows.jsonl", rows())
    found = analyzed(path, path, only=("vocabulary", "leaks"))
    assert list(found.measures) == ["vocabulary", "leaks"]
    assert list(found.against[0].measures) == ["vocabulary", "leaks"]
    with pytest.raises(SettingsError, match="there is no measurement nonsense"):
        analyzed(path, only=("nonsense",))
    with pytest.raises(SettingsError, match="sample is 0"):
        analyzed(path, sample=0)


def test_a_sample_is_measured_where_there_is_more(tmp_path: Path) -> None:
    found = analyzed(dataset(tmp_path / "rows.jsonl", rows(60)), sample=20, embedded=10).to_json()
    measures = found["measures"]
    assert isinstance(measures, dict)
    sizes = {
        name: told["instances"] for name, told in measures.items() if isinstance(told, dict) and "instances" in told
    }
    assert sizes["vocabulary"] == sizes["lengths"] == 60
    assert sizes["self_bleu"] == sizes["uniqueness"] == 20
    assert sizes["cosine"] == 10


def test_nothing_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        analyzed(tmp_path / "nothing")
    with pytest.raises(DataError, match="there is no column x"):
        analyze_dataset(dataset(tmp_path / "rows.jsonl", rows()), (), Selection(text=("x",)), Options(embedder=None))


def test_markdown_has_every_measurement_and_obeys_no_text(tmp_path: Path) -> None:
    made = [
        {"text": f"<script>alert({i})</script> | **bold** {i}", "label": ["</td>|", "[x](y)"][i % 2]} for i in range(30)
    ]
    found = analyzed(dataset(tmp_path / "rows.jsonl", made))
    page = markdown(found)
    assert all(f"## {name}\n" in page for name in MEASURES if name not in OF_OTHERS)
    assert "<script>" not in page
    assert "</td>|" not in page
    assert r"\</td\>\|" in page
    widths = {line.count("|") - line.count(r"\|") for line in page.splitlines() if line.startswith("| labels")}
    assert len(widths) <= 1


def test_the_few_figures_stand_side_by_side(tmp_path: Path) -> None:
    one, other = dataset(tmp_path / "a.jsonl", rows(60)), dataset(tmp_path / "b.jsonl", [{"text": "x"}])
    table = headline_rows(analyzed(one, other))
    assert table[0] == ("instances", "60", "1")
    assert all(len(row) == 3 for row in table)
    assert {row[0]: row[2] for row in table}["self-BLEU-4"] == "-"


def test_the_estimate_of_wrong_labels_is_the_runs_own_and_not_the_share_of_votes_against(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [(str(r["message"]), str(r["product"]), "bug", str(r["label"])) for r in rows()])
    directory = RunDirectory(run.path)
    state = directory.load_state()
    assert state is not None
    for noise in (None, Noise(method="bound", candidates=60, votes=1.0, at_most=0.02)):
        directory.save_state(state.model_copy(update={"noise": noise}))
        found = analyzed(run.path, only=("correction",)).measures["correction"]
        assert isinstance(found, Correction)
        assert found.noise == (noise.model_dump(mode="json") if noise else None)


def test_ratings_that_lie_beside_a_dataset_are_shown_and_left_out_where_there_are_none(tmp_path: Path) -> None:
    run = written(tmp_path / "run", [(str(r["message"]), str(r["product"]), "bug", str(r["label"])) for r in rows()])
    (alone,) = analyzed(run.path, only=("ratings",)).measures.values()
    assert isinstance(alone, NotDefined)
    place = run.path / "ratings" / "some-model"
    place.mkdir(parents=True)
    (place / "rating.json").write_text('{"model": "some/model"}')
    contents = [content_of(example.text) for example in open_dataset(run.path).examples()]
    ratings = pa.table({"content": contents, "rating": [i % 2 + 3 for i in range(len(contents))]})
    pq.write_table(ratings, place / "ratings.parquet")
    found = analyzed(run.path)
    assert ("rated difficulty (1 to 5), mean", "3.50") in headline_rows(found)
    assert found.to_json()["measures"]["ratings"]["distribution"]["4"] == 30  # type: ignore[index, call-overload]
