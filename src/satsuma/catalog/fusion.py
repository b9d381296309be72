"""How the two ways of searching are joined: the cosine, and a bonus for a query whose words are covered.

    score = cosine + weight · coverage ** power

Both parts mean something by themselves, so no query's scores are stretched to fill a range, which makes a weak best
match look like a strong one (as normalizing by the query's maximum does), and no rank is taken for a measure of
relevance (as reciprocal-rank fusion does: it made MiniLM worse). The power keeps low coverage, mostly chance in a long
query, from counting; a query that is a name is covered in full, and the dataset of that name comes first.

Where the vectors are estimated, words are worth more. How the numbers were chosen, and what they are worth by
measurement: docs/catalog.md and benchmarks/retrieval.py.
"""

from __future__ import annotations

from dataclasses import dataclass

from satsuma.embedding.embedder import Floats


@dataclass(frozen=True, slots=True)
class Blend:
    """How much the coverage of words counts."""

    weight: float
    power: float

    def __call__(self, cosines: Floats, coverage: Floats) -> Floats:
        """The joined scores; all shapes are equal."""
        joined: Floats = cosines + self.weight * coverage**self.power
        return joined


COMPUTED = Blend(0.8, 5.0)
"""With vectors that the embedder made."""
ESTIMATED = Blend(1.0, 2.0)
"""With vectors that are estimated."""
