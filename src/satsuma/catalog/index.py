"""The index of a catalog: a folder beside it, complete or not there at all.

    CATALOG.index/KEY/           for a file; DIR/.satsuma-index/KEY/ for a folder of data files
      index.json                 what it was made of: see `Recipe`
      entries.jsonl, ends.npy    the dataset cards, and where each ends
      gated.npy, terms.npy       what a search may filter by
      words/                     the lexical index
      vectors.npy, ...           the dense one, unless the recipe says `none`

KEY is a hash of the recipe: catalog, embedder, format. So an index is never changed: a changed catalog has another key,
and is indexed anew; what of the old one still holds (vectors of unchanged descriptions) is taken over, and the old one
is removed. An index is built under a hidden name and renamed when it is whole, so readers and killed builders never
meet.

A catalog that lies where nothing can be written has its index in the user's cache directory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from satsuma.cache import cache_directory

VERSION = 3
"""Of the format and of everything that turns a card into scores; another version is another key."""
NONE = "none"
_MADE_OF = "index.json"
_WRITABLE = 0o222


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an index depends on, and nothing else.

    catalog: a hash of its content. embedder: the identity, or `none`. sample: of how many descriptions the vectors
    were computed and the others' estimated; 0: all were computed.
    """

    catalog: str
    embedder: str
    sample: int = 0
    version: int = VERSION

    def key(self) -> str:
        """The name of the index's folder."""
        return hashlib.blake2b(json.dumps(asdict(self), sort_keys=True).encode(), digest_size=8).hexdigest()


def fingerprint(source: Path) -> str:
    """A hash of a catalog's file, or of the names, sizes and times of all files in a folder."""
    hashed = hashlib.blake2b(digest_size=16)
    if source.is_dir():
        for line in _listed(source):
            hashed.update(line.encode("utf-8", "surrogateescape"))
    else:
        with source.open("rb") as file:
            while block := file.read(1 << 20):
                hashed.update(block)
    return hashed.hexdigest()


def _listed(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(n for n in folders if not n.startswith("."))
        for name in sorted(n for n in names if not n.startswith(".")):
            at = Path(place) / name
            said = at.stat()
            yield f"{at.relative_to(folder)}\0{said.st_size}\0{said.st_mtime_ns}\n"


def home_of(source: Path) -> Path:
    """The folder that a catalog's indexes lie in."""
    source = source.resolve()
    beside = source / ".satsuma-index" if source.is_dir() else source.with_name(f"{source.name}.index")
    if beside.is_dir() or _can_write(beside.parent):
        return beside
    named = hashlib.blake2b(os.fsencode(source), digest_size=8).hexdigest()
    return cache_directory() / "catalogs" / named


def _can_write(folder: Path) -> bool:
    # Root may write everywhere; a folder that nobody was given the right to write to is left alone all the same.
    return os.access(folder, os.W_OK) and bool(folder.stat().st_mode & _WRITABLE)


def made_of(folder: Path) -> Recipe | None:
    """The recipe of an index; None if the folder holds none that this version understands."""
    try:
        return Recipe(**json.loads((folder / _MADE_OF).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def earlier(home: Path, recipe: Recipe) -> Iterator[Path]:
    """Indexes whose vectors are this recipe's: the same embedder, all computed."""
    for folder in sorted(home.glob("[!.]*")):
        found = made_of(folder)
        if found and (found.embedder, found.sample, found.version) == (recipe.embedder, 0, VERSION):
            yield folder


def finish(part: Path, home: Path, recipe: Recipe) -> Path:
    """Put a built index in place and remove those of what the catalog was before."""
    (part / _MADE_OF).write_text(json.dumps(asdict(recipe), indent=1))
    for path in part.rglob("*"):
        if path.is_file():
            _force(path)
    place = home / recipe.key()
    try:
        part.rename(place)
    except OSError:
        if made_of(place) != recipe:  # otherwise somebody else built the same one meanwhile
            raise
        shutil.rmtree(part, ignore_errors=True)
    for folder in home.glob("[!.]*"):
        found = made_of(folder)
        if found is None or found.catalog != recipe.catalog or found.version != VERSION:
            shutil.rmtree(folder, ignore_errors=True)
    return place


def _force(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
