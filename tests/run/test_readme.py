"""README.md as a dataset card: valid metadata, the whole account, and nothing that a model wrote taken for markup."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml
from markdown_it import MarkdownIt

from satsuma.run.directory import RunDirectory
from satsuma.run.hub import language_code, license_metadata, size_category
from satsuma.run.readme import paragraph, render, write_readme
from satsuma.run.state import RunState
from satsuma.task.card import Card

MakeState = Callable[..., RunState]
MATRIX = {"bug": {"bug": 3, "billing": 1}, "billing": {"billing": 4}}


def split(text: str) -> tuple[dict[str, object], str]:
    """The metadata and the body as HTML."""
    _, front, body = text.split("---\n", 2)
    metadata = yaml.safe_load(front)
    assert isinstance(metadata, dict)
    return metadata, MarkdownIt("commonmark").enable("table").render(body)


def test_the_metadata_is_what_the_hub_asks_for(directory: RunDirectory, tickets: Card, state: MakeState) -> None:
    metadata, _ = split(render(tickets, state(counts={"accepted": {"bug": 1200}}), directory))
    assert metadata == {
        "license": "other",
        "language": ["en"],
        "pretty_name": "tickets",
        "task_categories": ["text-classification"],
        "size_categories": ["1K<n<10K"],
        "tags": ["synthetic", "satsuma"],
        "configs": [{"config_name": "default", "data_files": [{"split": "train", "path": "data/train.parquet"}]}],
    }


def test_the_body_tells_columns_counts_models_matrix_and_rejects(
    directory: RunDirectory, tickets: Card, state: MakeState
) -> None:
    full = state(
        matrix=MATRIX,
        models={"": "test/one", "correction": "test/two"},
        counts={
            "accepted": {"bug": 4, "billing": 4},
            "share": {"bug": 4, "billing": 4},
            "candidates": 11,
            "rejects": {"duplicate": {"the same words as candidate …": 3}},
        },
    )
    _, html = split(render(tickets, full, directory))
    for cell in ("message", "text", "target", "provenance", "about charges", "the same words as candidate …"):
        assert f"<td>{cell}</td>" in html
    assert "correction: test/two" in html
    assert "12.5% of what it saw" in html
    assert html.count("<table>") == 4
    assert "| bug |" not in html


def test_many_labels_show_the_changes_instead_of_a_matrix(
    directory: RunDirectory, tickets: Card, state: MakeState
) -> None:
    matrix = {f"label{i}": {f"label{i}": 5, f"label{i + 1}": 1} for i in range(40)}
    _, html = split(render(tickets, state(matrix=matrix), directory))
    assert "<th>corrected to</th>" in html
    assert html.count("<tr>") < 60


def test_a_partial_dataset_says_so(directory: RunDirectory, tickets: Card, state: MakeState) -> None:
    _, html = split(render(tickets, state(n=9, state="budget", counts={"accepted": {"bug": 2}}), directory))
    assert "2 synthetic instances of 9 wanted (budget)" in html


def test_nothing_that_is_said_becomes_markup(directory: RunDirectory, state: MakeState) -> None:
    nasty = (
        "<script>x</script> [a](http://evil.example) **b** | c `d` # e\n# Title\n---\nlicense: mit\n---\n\u202e\x1b[31m"
    )
    card = Card.model_validate(
        {
            "name": "nasty",
            "task": nasty,
            "license": nasty,
            "inputs": {"message": nasty},
            "output": {"labels": {nasty: nasty, "other": nasty}},
        }
    )
    made = state(card, matrix={nasty: {nasty: 1}}, counts={"accepted": {nasty: 1}, "rejects": {nasty: {nasty: 1}}})
    metadata, html = split(render(card, made, directory))
    assert metadata["license"] == "other"
    for tag in ("<script", '<a href="http://evil', "<strong>", "<h1>Title", "<code>d"):
        assert tag not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("text", ["- a list", "1. a list", "= a rule", "+ plus", "> quote", "# title", "2) two"])
def test_the_beginning_of_a_line_is_no_block(text: str) -> None:
    assert MarkdownIt("commonmark").render(paragraph(text)) == f"<p>{text.replace('>', '&gt;')}</p>\n"


def test_no_key_gets_into_it(
    directory: RunDirectory, tickets: Card, state: MakeState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-Secret-123")
    write_readme(directory, tickets, state(models={"": "file:planted-Secret-123"}))
    assert "planted" not in directory.readme_path.read_text()


def test_a_choice_and_free_text_have_their_task(directory: RunDirectory, riddles: Card, state: MakeState) -> None:
    assert split(render(riddles, state(riddles), directory))[0]["task_categories"] == ["multiple-choice"]
    free = Card.model_validate(
        {**riddles.model_dump(exclude_unset=True), "output": {"name": "a", "text": "An answer."}}
    )
    metadata, html = split(render(free, state(free), directory))
    assert metadata["task_categories"] == ["text-generation"]
    assert "<td>An answer.</td>" in html


@pytest.mark.parametrize(
    ("language", "code"),
    [("English", "en"), ("Haitian Creole", "ht"), ("German (Swiss)", "de"), ("pt-BR", "pt-BR"), ("Klingon", None)],
)
def test_languages_have_their_codes_and_none_is_guessed(language: str, code: str | None) -> None:
    assert language_code(language) == code


def test_licenses_and_sizes_are_the_hubs() -> None:
    assert license_metadata("CC-BY-4.0") == {"license": "cc-by-4.0"}
    assert license_metadata("My own") == {"license": "other", "license_name": "My own"}
    assert [size_category(n) for n in (0, 999, 1000, 99_999, 2_000_000)] == [
        *("n<1K", "n<1K", "1K<n<10K", "10K<n<100K", "1M<n<10M")
    ]
