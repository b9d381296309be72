"""Pairwise cosines against the whole matrix, and maps of embeddings."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

np = pytest.importorskip("numpy")

from satsuma.measures import cosine  # noqa: E402 - needs numpy
from satsuma.measures.cosine import Cosines, cosines, cosines_across  # noqa: E402 - needs numpy
from satsuma.measures.outcome import NotDefined  # noqa: E402 - needs numpy
from satsuma.measures.projection import Projection, project  # noqa: E402 - needs numpy


def vectors(count: int, seed: int = 0, dimension: int = 8) -> object:
    made = np.random.default_rng(seed).normal(size=(count, dimension)).astype(np.float32)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


@settings(max_examples=25)
@given(count=st.integers(2, 40), rows=st.sampled_from([1, 7, 512]))
def test_the_distribution_is_that_of_the_whole_matrix(count: int, rows: int) -> None:
    made = vectors(count)
    pairs = (made @ made.T)[np.triu_indices(count, 1)].astype(np.float64)  # type: ignore[attr-defined]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cosine, "_ROWS", rows)
        found = cosines(made)
    assert isinstance(found, Cosines)
    assert found.pairs == len(pairs)
    assert found.mean == pytest.approx(pairs.mean(), abs=1e-6)
    assert found.deviation == pytest.approx(pairs.std(), abs=1e-5)
    assert list(found.histogram) == np.histogram(pairs, 100, (-1, 1))[0].tolist()
    below = np.quantile(pairs, (0.05, 0.25, 0.5, 0.75, 0.95), method="inverted_cdf")
    assert found.quantiles == pytest.approx(below, abs=1.01 / 1000)


def test_across_two_datasets_every_pair_is_one_of_both() -> None:
    one, other = vectors(30, 1), vectors(20, 2)
    found = cosines_across(one, other)
    assert isinstance(found, Cosines)
    assert found.pairs == 600
    assert found.mean == pytest.approx(float((one @ other.T).mean()), abs=1e-6)  # type: ignore[attr-defined]


def test_one_instance_has_no_pairs() -> None:
    assert isinstance(cosines(vectors(1)), NotDefined)
    assert isinstance(cosines_across(vectors(1), vectors(0)), NotDefined)


def test_a_map_keeps_groups_together_and_is_the_same_each_time() -> None:
    pytest.importorskip("sklearn")
    noise = np.random.default_rng(0).normal(size=(60, 16)) * 0.05
    groups = np.repeat(np.eye(3, 16), 20, axis=0)
    made = (groups + noise).astype(np.float32)
    first = project(made, 7)
    assert isinstance(first, Projection)
    assert first.method == "t-SNE"
    assert first == project(made, 7)
    points = np.array(first.points).reshape(3, 20, 2)
    spread = np.linalg.norm(points - points.mean(axis=1, keepdims=True), axis=-1).max()
    centres = points.mean(axis=1)
    assert min(np.linalg.norm(centres[a] - centres[b]) for a, b in ((0, 1), (0, 2), (1, 2))) > spread
    assert np.abs(points).max() == pytest.approx(1, abs=1e-4)


def test_a_few_instances_are_mapped_by_their_principal_components() -> None:
    line = np.outer(np.arange(5), [3.0, 4.0]).astype(np.float32)
    found = project(line, 0)
    assert isinstance(found, Projection)
    assert found.method == "PCA"
    assert [abs(x) for x, _ in found.points] == [1, 0.5, 0, 0.5, 1]
    assert all(y == 0 for _, y in found.points)


def test_no_map_of_two_instances_or_of_copies() -> None:
    assert isinstance(project(vectors(2), 0), NotDefined)
    assert isinstance(project(np.ones((30, 4), np.float32), 0), NotDefined)
