"""What the result says of itself: run.json and README.md of a run, README.md of a folder, curation.json of both."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from satsuma.auditing.population import stratum_of
from satsuma.errors import RunError
from satsuma.run.atomic import write_atomically
from satsuma.run.curated import Curated
from satsuma.run.directory import RunDirectory, sha256
from satsuma.run.hub import size_category
from satsuma.run.readme import markdown, write_readme
from satsuma.run.redact import redact
from satsuma.task.loader import load_card
from satsuma.task.outputs import output_of

if TYPE_CHECKING:
    from satsuma.run.state import RunState

NAME = "curation.json"


def save_run(copy: RunDirectory, before: RunState, curated: Curated) -> None:
    """Write run.json and README.md of a curated run, whose dataset is there.

    Raises:
        RunError: one cannot be written.
    """
    card = load_card(before.card)
    counts = before.counts
    rejects = {step: dict(row) for step, row in counts.rejects.items()}
    for step in curated.steps:
        for reason, count in step.reasons.items():
            row = rejects.setdefault(step.name, {})
            row[reason] = row.get(reason, 0) + count
    found = _accepted(copy, before)
    accepted = {name: found[name] for name in {**counts.accepted, **found}}
    changed = curated.kept != curated.instances
    state = before.model_copy(
        update={
            "counts": counts.model_copy(update={"accepted": accepted, "rejects": rejects}),
            "noise": None if changed else before.noise,
            "audit": None if changed or curated.splits.keys() != {"train"} else before.audit,
            "curated": curated,
            "files": copy.hashes(),
        }
    )
    write_readme(copy, card, state)
    copy.save_state(state)


def save_folder(part: Path, curated: Curated, name: str) -> None:
    """Write README.md of a curated dataset that is no run: its files for the hub, and what was done.

    Raises:
        RunError: it cannot be written.
    """
    import yaml

    front = {
        "pretty_name": name,
        "size_categories": [size_category(curated.kept)],
        "configs": [
            {
                "config_name": "default",
                "data_files": [{"split": split, "path": f"data/{split}.parquet"} for split in curated.splits],
            }
        ],
    }
    lines = [f"# {markdown(name)}", "", *said(curated)]
    text = redact(f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False)}---\n\n" + "\n".join(lines) + "\n")
    write_atomically(part / "README.md", text.encode())


def said(curated: Curated) -> list[str]:
    """What was done, as lines of Markdown."""
    source = Path(curated.source).name
    lines = [f"Curated by satsuma from {markdown(source)}: {curated.kept:,} of {curated.instances:,} instances stay."]
    if curated.steps:
        lines += ["", "| step | how | judged | removed | flagged |", "|---|---|---:|---:|---:|"]
        lines += [
            f"| {step.name} | {markdown(step.how)} | {step.judged:,} | {step.removed:,} | {step.flagged:,} |"
            for step in curated.steps
        ]
    if len(curated.splits) > 1:
        lines += ["", "| split | instances |", "|---|---:|"]
        lines += [f"| {split} | {sum(labels.values()):,} |" for split, labels in curated.splits.items()]
    return lines


def save_record(part: Path, curated: Curated) -> None:
    """Write curation.json.

    Raises:
        RunError: it cannot be written.
    """
    document = json.loads(redact(curated.model_dump_json()))
    write_atomically(part / NAME, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())


def load_record(place: Path) -> Curated | None:
    """The record of a curated dataset; None where there is none.

    Raises:
        RunError: it cannot be read.
    """
    path = place / NAME
    if not path.is_file():
        return None
    try:
        return Curated.model_validate_json(path.read_bytes())
    except (OSError, ValueError) as error:
        raise RunError(f"{path} cannot be read: {error}", "Move the directory away and curate again.") from error


def digest(files: Mapping[str, Path]) -> str:
    """One hash of files and the names that they go by."""
    import hashlib

    lines = "".join(f"{name} {sha256(path)}\n" for name, path in sorted(files.items()))
    return hashlib.sha256(lines.encode()).hexdigest()


def _accepted(copy: RunDirectory, before: RunState) -> Counter[str]:
    """Label, as run.json counts it → instances in the copy."""
    import pyarrow.parquet as pq

    card = load_card(before.card)
    output = output_of(card)
    found: Counter[str] = Counter()
    for split in ("train", "validation", "test"):
        if copy.data_path(split).is_file():
            with pq.ParquetFile(copy.data_path(split)) as file:
                for batch in file.iter_batches(columns=[card.output.name]):
                    found.update(stratum_of(card, output, row[card.output.name]) for row in batch.to_pylist())
    return found
