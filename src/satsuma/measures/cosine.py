"""How alike the instances are in meaning: cosine similarities of embeddings, all pairs (TarGEN, Figure 3).

The input is an array of embeddings of length 1 (`satsuma.embedding`), so a cosine is a product. All pairs are
multiplied in blocks and counted into a histogram of `BINS` bins over -1 to 1, so no matrix of n by n is ever in
memory; mean and standard deviation are exact, quantiles exact to the width of a bin (0.001). For two datasets there
is one distribution within each and one across.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from satsuma.measures.outcome import NotDefined

if TYPE_CHECKING:
    import numpy as np

Floats: TypeAlias = "np.ndarray"
"""Embeddings, float32, shape (n, d), rows of length 1."""
BINS = 2000
SHOWN_BINS = 100
_ROWS = 512


@dataclass(frozen=True, slots=True)
class Cosines:
    """A distribution of cosine similarities, -1 to 1.

    pairs: how many were counted. quantiles: 5%, 25%, 50%, 75%, 95%. histogram: pairs in 100 bins of equal width.
    """

    instances: int
    pairs: int
    mean: float
    deviation: float
    quantiles: tuple[float, float, float, float, float]
    histogram: tuple[int, ...]


def cosines(vectors: Floats) -> Cosines | NotDefined:
    """The similarities of each pair of different rows, each pair once; not defined for fewer than two."""
    if len(vectors) < 2:
        return NotDefined("pairwise similarity needs two instances or more")
    return _counted(vectors, None)


def cosines_across(vectors: Floats, others: Floats) -> Cosines | NotDefined:
    """The similarities of each row of one array with each of another; not defined if one is empty."""
    if not len(vectors) or not len(others):
        return NotDefined("similarity across datasets needs an instance in each")
    return _counted(vectors, others)


def _counted(vectors: Floats, others: Floats | None) -> Cosines:
    import numpy as np

    bins = np.zeros(BINS, np.int64)
    total = squares = 0.0
    pairs = 0
    for start in range(0, len(vectors), _ROWS):
        values = _block(vectors, start, others)
        bins += np.histogram(np.clip(values, -1, 1), BINS, (-1, 1))[0]
        total += float(values.sum(dtype=np.float64))
        squares += float(np.square(values, dtype=np.float64).sum())
        pairs += len(values)
    mean = total / pairs
    return Cosines(
        instances=len(vectors),
        pairs=pairs,
        mean=mean,
        deviation=math.sqrt(max(squares / pairs - mean * mean, 0.0)),
        quantiles=_quantiles(bins),
        histogram=tuple(int(count) for count in bins.reshape(SHOWN_BINS, -1).sum(axis=1)),
    )


def _block(vectors: Floats, start: int, others: Floats | None) -> Floats:
    """The similarities of some rows with the others, or with one another and the rows that come after them."""
    import numpy as np

    rows = vectors[start : start + _ROWS]
    if others is not None:
        result: Floats = (rows @ others.T).ravel()
        return result
    within = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    beyond: Floats = np.concatenate([within, (rows @ vectors[start + _ROWS :].T).ravel()])
    return beyond


def _quantiles(bins: Floats) -> tuple[float, float, float, float, float]:
    """The middles of the bins in which the quantiles lie."""
    import numpy as np

    reached = np.cumsum(bins) / bins.sum()
    five, quarter, half, most, nearly = (
        (float(np.searchsorted(reached, share)) + 0.5) * 2 / BINS - 1 for share in (0.05, 0.25, 0.5, 0.75, 0.95)
    )
    return five, quarter, half, most, nearly
