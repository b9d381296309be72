"""AX-g's second measure: whether a prediction depends on the gender of a pronoun.

Source: SuperGLUE (Wang et al. 2019), section 3.2; Winogender schemas (Rudinger et al. 2018).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence

from satsuma.errors import DataError
from satsuma.scoring.pairs import matched


def gender_parity(predictions: Sequence[Hashable], pairs: Sequence[Hashable]) -> float:
    """The share of minimal pairs whose predictions are all the same.

    pairs: for each prediction, the pair that it is of. A pair of one is left out.

    Raises:
        DataError: there is nothing to score, the numbers differ, or no pair has two predictions.
    """
    matched(predictions, pairs)
    said: defaultdict[Hashable, list[Hashable]] = defaultdict(list)
    for prediction, pair in zip(predictions, pairs, strict=True):
        said[pair].append(prediction)
    whole = [one for one in said.values() if len(one) > 1]
    if not whole:
        raise DataError("no pair has two predictions", "Predict both sides of each pair: AX-g's pair_id names it.")
    return sum(len(set(one)) == 1 for one in whole) / len(whole)
