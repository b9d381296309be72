"""A map: every instance a point in the plane, near others that mean something similar (TarGEN SDRA, DataTune Figure 6).

t-SNE (van der Maaten and Hinton 2008; scikit-learn, Barnes-Hut) of the embeddings reduced to 50 principal
components, begun from the first two of these, so that the same embeddings and seed give the same map; for fewer than
`LEAST` instances those two components themselves. Instances of several datasets are mapped together: points of two
maps cannot be compared, points of one can. Distances between far points mean nothing. UMAP would keep more of these;
it needs numba (a compiler, 100 MB) and gives other maps on other machines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from satsuma.measures.outcome import NotDefined

if TYPE_CHECKING:
    import numpy as np

Floats: TypeAlias = "np.ndarray"
LEAST = 20
COMPONENTS = 50
PERPLEXITY = 30.0
Method = Literal["t-SNE", "PCA"]


@dataclass(frozen=True, slots=True)
class Projection:
    """Points in the plane, in the order of the embeddings; each axis from -1 to 1. method: how they were had."""

    method: Method
    points: tuple[tuple[float, float], ...]


def project(vectors: Floats, seed: int) -> Projection | NotDefined:
    """The map of embeddings, shape (n, d); not defined for fewer than three, or if all are the same."""
    import numpy as np

    if len(vectors) < 3:
        return NotDefined("a map needs three instances or more")
    components = _principal(vectors)
    if components.shape[1] == 0:
        return NotDefined("all embeddings are the same")
    if components.shape[1] == 1:
        components = np.hstack([components, np.zeros_like(components)])
    if len(vectors) < LEAST:
        return Projection("PCA", _scaled(components[:, :2]))
    return Projection("t-SNE", _scaled(_spread(components, seed)))


def _principal(vectors: Floats) -> Floats:
    """The principal components that vary, each with the sign that makes its largest part positive."""
    import numpy as np

    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    kept = np.flatnonzero(values > 1e-9 * max(values[-1], 1e-12))[::-1][:COMPONENTS]
    axes = axes[:, kept]
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(kept))])
    result: Floats = centred @ axes
    return result if values[-1] > 1e-9 else result[:, :0]


def _spread(components: Floats, seed: int) -> Floats:
    import numpy as np
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    start = components[:, :2] / components[:, 0].std() * 1e-4
    mapper = TSNE(
        perplexity=min(PERPLEXITY, (len(components) - 1) / 3),
        init=start.astype(np.float32),
        random_state=seed,
        n_jobs=1,
    )
    # Several threads wait for one another ten times as long as they work, and add up in an order of their own.
    with threadpool_limits(limits=1):
        result: Floats = mapper.fit_transform(components.astype(np.float32))
    return result


def _scaled(points: Floats) -> tuple[tuple[float, float], ...]:
    import numpy as np

    centred = points.astype(np.float64) - (points.max(axis=0) + points.min(axis=0)) / 2
    scaled = centred / max(float(np.abs(centred).max()), 1e-12)
    return tuple((round(x, 5), round(y, 5)) for x, y in scaled.tolist())
