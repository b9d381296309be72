"""A curation on a cluster of two nodes has the bytes of the one without."""

from __future__ import annotations

import json
import os
import random
from importlib.util import find_spec
from pathlib import Path
from typing import Unpack

import pytest

from satsuma.curation.doors import curate
from satsuma.curation.job import Curation
from satsuma.curation.options import CurateKeywords
from satsuma.errors import ClusterError, SettingsError
from tests.cluster.conftest import WELL, Nodes

pytest.importorskip("ray", reason="not installed (the extra ray)")
needs_rensa = pytest.mark.skipif(find_spec("rensa") is None, reason="not installed: rensa")
WORDS = [a + b for a in ("ba", "do", "fe", "li", "mu", "no", "pi", "ra") for b in ("ber", "cken", "dul", "gan", "lo")]


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """400 rows of 30 words, every tenth nearly an earlier one; and an evaluation set with 20 of them and 20 others."""
    draw = random.Random(7)
    texts = [" ".join(draw.choices(WORDS, k=30)) for _ in range(400)]
    for at in range(10, 400, 10):
        said = texts[at - 7].split()
        said[draw.randrange(30)] = "otherwise"
        texts[at] = " ".join(said)
    labels = ["a" if at % 2 else "b" for at in range(400)]
    lines = [json.dumps({"text": text, "label": label}) for text, label in zip(texts, labels, strict=True)]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines) + "\n")
    asked = [*texts[5:400:20], *(" ".join(draw.choices(WORDS, k=30)) for _ in range(20))]
    asked[3] = " ".join([*asked[3].split()[:15], *draw.choices(WORDS, k=15)])
    (tmp_path / "test.jsonl").write_text("\n".join(json.dumps({"text": text, "label": "a"}) for text in asked) + "\n")
    return tmp_path / "rows.jsonl"


def files_of(done: Curation) -> dict[str, bytes]:
    """Everything that a curation writes."""
    return {
        path.relative_to(done.path).as_posix(): path.read_bytes() for path in done.path.rglob("*") if path.is_file()
    }


def both(nodes: Nodes, rows: Path, **options: Unpack[CurateKeywords]) -> tuple[Curation, Curation]:
    here = curate(rows, out="here", text=["text"], label="label", **options)
    options["ray"] = nodes.address
    return here, curate(rows, out="there", text=["text"], label="label", **options)


@needs_rensa
def test_minhash_and_leaks_on_two_nodes_are_those_without_a_cluster(
    nodes: Nodes, rows: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("satsuma.curation.minhash.RANGE", 30)
    monkeypatch.setattr("satsuma.curation.leaks.RANGE", 30)
    nodes.have(WELL, WELL)
    here, there = both(nodes, rows, against_eval=["test.jsonl"], duplicates="minhash", noise="off", seed=3)
    removed = {step.name: step.removed for step in here.record.steps}
    assert removed["leak"] == 20
    assert removed["duplicate"] > 20
    assert files_of(there) == files_of(here)


def test_a_cluster_that_nobody_asks_is_refused(rows: Path) -> None:
    with pytest.raises(SettingsError, match="no step of this curation is computed on a cluster"):
        curate(rows, out="out", text=["text"], label="label", duplicates="rouge", noise="off", ray="local")
    assert not Path("out").exists()


@needs_rensa
def test_a_worker_without_the_package_says_which_and_where(nodes: Nodes, rows: Path, tmp_path: Path) -> None:
    lacking = tmp_path / "lacking"
    lacking.mkdir()
    (lacking / "sitecustomize.py").write_text("import sys\nsys.modules['rensa'] = None\n")
    nodes.have({"PYTHONPATH": os.pathsep.join([str(lacking), os.environ["PYTHONPATH"]])})
    with pytest.raises(ClusterError, match=r"rensa.* on [\d.]+\n") as wrong:
        curate(rows, out="out", text=["text"], label="label", duplicates="minhash", noise="off", ray=nodes.address)
    assert wrong.value.hint.startswith("On every machine of the cluster, before `ray start` there: ")
    assert not Path("out").exists()
