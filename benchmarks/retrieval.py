"""How well a catalog is searched: words, meaning and both, on labelled queries that people could have written.

`python -m benchmarks.retrieval SOURCES CATALOG` builds a catalog of a folder of datasets amid a JSON Lines file of
others and answers the queries of retrieval_queries.jsonl: 66 needs in three wordings each (a task description, a few
words, a longer request), without names of datasets and without copying their cards' words. `right` names the datasets
that serve the need; several where they are interchangeable, and the same dataset under its name in the other file too.

recall@k: the share of queries with a right dataset among the first k. MRR: the mean of 1/rank of the first right one.
`--sweep` chooses a fusion on the needs with an even number and shows it on the others. A second table has queries that
are the names of datasets, which is what words are for.
The estimated vectors are fitted without any description of a right dataset, so that none is known exactly.

Not covered: other languages than English, and whether a model likes what was found.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from satsuma.catalog.building import build_catalog
from satsuma.catalog.dense import Dense, digest, known_vectors, open_dense, shortened, write_dense
from satsuma.catalog.fusion import COMPUTED, ESTIMATED, Blend
from satsuma.catalog.opening import open_catalog
from satsuma.catalog.searching import WAYS, Catalog
from satsuma.embedding.embedder import Embedder, Floats
from satsuma.embedding.fitting import fitted
from satsuma.embedding.opening import open_embedder, open_minilm
from satsuma.embedding.wordtable import open_table

QUERIES = Path(__file__).with_name("retrieval_queries.jsonl")
RRF = 60
EVERY = 10
"""Of how many names one is asked for."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """Queries and their right answers. texts: three to a need. right: (texts, entries), true where it is one."""

    texts: list[str]
    right: Floats
    chosen_on: Floats

    def figures(self, scores: Floats, part: Floats | None = None) -> tuple[float, float, float]:
        """recall@5, recall@25 and MRR of scores, shape (queries, entries); part: which queries count."""
        order = np.argsort(-scores, axis=1, kind="stable")
        first = np.argmax(np.take_along_axis(self.right, order, axis=1), axis=1)
        ranks = first if part is None else first[part]
        return float(np.mean(ranks < 5)), float(np.mean(ranks < 25)), float(np.mean(1 / (ranks + 1)))


def labelled(names: list[str]) -> Labelled:
    """The queries, labelled by the positions of names."""
    texts, right, chosen_on = [], [], []
    for number, line in enumerate(QUERIES.read_text("utf-8").splitlines()):
        said = json.loads(line)
        if missing := set(said["right"]) - set(names):
            raise SystemExit(f"{said['id']}: the catalog has no {', '.join(sorted(missing))}")
        for text in said["texts"]:
            texts.append(text)
            right.append(np.isin(names, said["right"]))
            chosen_on.append(number % 2 == 0)
    return Labelled(texts, np.array(right), np.array(chosen_on))


def cosines(dense: Dense, embedder: Embedder, texts: list[str]) -> Floats:
    """Of each text with each entry."""
    return np.stack([dense.cosines(vector[None]) for vector in embedder.embed(texts)])


def estimated(catalog: Catalog, descriptions: list[str], queries: Labelled, folder: Path) -> Dense:
    """The dense index of a large catalog: vectors estimated from those of descriptions that are no right answers."""
    known = known_vectors(catalog.place)
    others = [text for text, right in zip(descriptions, queries.right.any(axis=0), strict=True) if not right]
    vectors = np.stack([known[digest(text)] for text in others])
    write_dense(
        folder, fitted(open_table(open_minilm()), descriptions, others, vectors).embed(descriptions), descriptions
    )
    return open_dense(folder)


def by_rank(scores: Floats) -> Floats:
    """Reciprocal ranks, as reciprocal-rank fusion adds them."""
    return 1 / (RRF + 1 + np.argsort(np.argsort(-scores, axis=1, kind="stable"), axis=1))


def sweep(queries: Labelled, meaning: Floats, coverage: Floats) -> None:
    """The fusions that are best on the half that they are chosen on, and what they are on the other."""
    found = []
    for power, weight in itertools.product((1, 1.5, 2, 3, 4, 5), (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0, 1.5)):
        scores = Blend(weight, power)(meaning, coverage)
        halves = queries.figures(scores, queries.chosen_on), queries.figures(scores, ~queries.chosen_on)
        found.append((sum(halves[0]), weight, power, halves))
    for _, weight, power, halves in sorted(found, key=lambda f: -f[0])[:8]:
        print(f"| weight {weight}, power {power} | {shown(halves[0])} | {shown(halves[1])} |")


def names_found(catalog: Catalog, names: list[str]) -> None:
    """How often a query that is a dataset's name finds it first, or among the first five."""
    asked = [
        (i, " ".join(name.split("/")[-1].replace("_", " ").replace("-", " ").split())) for i, name in enumerate(names)
    ]
    print("| query: a name | found first | among the first 5 |\n|---|---|---|")
    for by in WAYS:
        ranks = []
        for position, query in asked[::EVERY]:
            found = [hit.entry.name for hit in catalog.search(query, 5, by=by)]
            ranks.append(found.index(names[position]) if names[position] in found else 5)
        print(f"| {by} | {np.mean(np.array(ranks) == 0):.3f} | {np.mean(np.array(ranks) < 5):.3f} |")


def shown(figures: tuple[float, float, float]) -> str:
    """Figures as cells of a table."""
    return " | ".join(f"{figure:.3f}" for figure in figures)


def systems(catalog: Catalog, descriptions: list[str], queries: Labelled, folder: Path) -> dict[str, Floats]:
    """Scores by the name of the way to search; shape (queries, entries) each."""
    assert catalog.dense is not None
    minilm, static = open_minilm(), open_embedder("static")
    coverage = np.stack([catalog.lexical.coverage(text) for text in queries.texts])
    (folder / "static").mkdir()
    (folder / "estimated").mkdir()
    write_dense(folder / "static", static.embed(descriptions), descriptions)
    meaning = cosines(catalog.dense, minilm, queries.texts)
    guess = cosines(estimated(catalog, descriptions, queries, folder / "estimated"), minilm, queries.texts)
    return {
        "words: BM25": coverage,
        "meaning: MiniLM, plain cosine": minilm.embed(queries.texts) @ catalog.dense.vectors.T,
        "meaning: MiniLM, the catalog's mean taken off": meaning,
        "meaning: static": cosines(open_dense(folder / "static"), static, queries.texts),
        "meaning: estimated (large catalogs)": guess,
        "both: BM25 + MiniLM by reciprocal ranks": by_rank(coverage) + by_rank(meaning),
        "both: the default": COMPUTED(meaning, coverage),
        "both: the default of large catalogs": ESTIMATED(guess, coverage),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sources", type=Path, help="a folder of datasets")
    parser.add_argument("catalog", type=Path, help="a JSON Lines file of dataset cards")
    parser.add_argument("--sweep", action="store_true", help="also try other weights of the fusion")
    parser.add_argument("--at", type=Path, help="where the catalog and its index are kept for the next time")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        file = (given.at or Path(temporary)) / "catalog.jsonl"
        build_catalog([given.sources, given.catalog], file)
        catalog = open_catalog(file)
        entries = [catalog.entry(i) for i in range(len(catalog))]
        queries = labelled([e.name for e in entries])
        found = systems(catalog, [shortened(e.description) for e in entries], queries, Path(temporary))
        report(queries, found)
        names_found(catalog, [e.name for e in entries])
    if given.sweep:
        for name in ("meaning: MiniLM, the catalog's mean taken off", "meaning: estimated (large catalogs)"):
            print(f"\n{name}, with words: the half to choose on, the other half")
            sweep(queries, found[name], found["words: BM25"])


def report(queries: Labelled, found: dict[str, Floats]) -> None:
    """The table."""
    print(f"{len(queries.texts)} queries, {queries.right.shape[1]} datasets")
    print("| | recall@5 | recall@25 | MRR | held-out half: recall@5 | recall@25 | MRR |")
    print("|---|---|---|---|---|---|---|")
    for name, scores in found.items():
        print(f"| {name} | {shown(queries.figures(scores))} | {shown(queries.figures(scores, ~queries.chosen_on))} |")


if __name__ == "__main__":
    main()
