"""A flow takes as many rows as any choice could."""

from __future__ import annotations

from collections import Counter
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from satsuma.blending.mixing import assigned, portions

COUNTS = st.fixed_dictionaries({"x": st.integers(0, 3), "y": st.integers(0, 3)})


@settings(max_examples=200, deadline=None)
@given(
    st.lists(COUNTS, min_size=2, max_size=3),
    st.lists(st.integers(0, 4), min_size=3, max_size=3),
    st.fixed_dictionaries({"x": st.integers(0, 5), "y": st.integers(0, 5)}),
)
def test_no_other_choice_takes_more(there: list[dict[str, int]], parts: list[int], wanted: dict[str, int]) -> None:
    left = parts[: len(there)]
    made = assigned(left, there, wanted)
    for source, taken in enumerate(made):
        assert taken.total() <= left[source]
        assert all(0 <= count <= there[source][label] for label, count in taken.items())
    for label, share in wanted.items():
        assert sum(taken[label] for taken in made) <= share
    best = 0
    for choice in product(*(product(range(own["x"] + 1), range(own["y"] + 1)) for own in there)):
        fits = all(x + y <= part for (x, y), part in zip(choice, left, strict=True))
        sums = Counter({"x": sum(x for x, _ in choice), "y": sum(y for _, y in choice)})
        if fits and sums["x"] <= wanted["x"] and sums["y"] <= wanted["y"]:
            best = max(best, sums.total())
    assert sum(taken.total() for taken in made) == best


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 9)), min_size=2, max_size=4))
def test_parts_are_what_there_is_at_most_and_the_ratio_rounded(pairs: list[tuple[int, int]]) -> None:
    there, ratio = [a for a, _ in pairs], [b for _, b in pairs]
    size = min(a * sum(ratio) // b for a, b in pairs)
    if size:
        made = portions(there, ratio, None)
        assert sum(made) == size
        for have, weight, part in zip(there, ratio, made, strict=True):
            assert part <= have
            assert abs(part - size * weight / sum(ratio)) < 1
