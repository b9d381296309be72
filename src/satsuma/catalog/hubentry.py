"""One dataset of the hub's listing as a dataset card.

Columns, numbers of rows and configurations come from the card's metadata (`dataset_info`, `configs`), whose authors may
have left out or mistaken any of it. A repository with a loading script of its name and no data files can only be had by
running that script, and is marked as such.

Source: https://huggingface.co/docs/hub/api and https://huggingface.co/docs/datasets/main/en/dataset_card
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from satsuma.catalog.entry import MAX_FILES, Entry, entry_from
from satsuma.llm.request import Json

_DATA = (
    *(".parquet", ".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".arrow", ".txt", ".xml", ".zip", ".gz", ".zst", ".xz"),
    *(".bz2", ".7z", ".tar", ".jpg", ".jpeg", ".png", ".wav", ".mp3", ".flac", ".mp4", ".pdf", ".lance", ".h5", ".npy"),
)
_NOT_DATA = frozenset({"dataset_infos.json", "dataset_info.json", "requirements.txt", "license.txt", "config.json"})
_MOST_LISTED = 50
"""Data files that are named in a card; a repository of more is looked up when it is loaded."""


def entry_of_hub(said: Mapping[str, object]) -> Entry:
    """The card of what the hub's listing says of one dataset."""
    card = _mapping(said.get("cardData"))
    name = str(said.get("id"))
    infos = list(_infos(card.get("dataset_info")))
    files = [str(_mapping(s).get("rfilename", "")) for s in _items(said.get("siblings"))]
    data = [f for f in files if f.lower().endswith(_DATA) and f.rsplit("/", 1)[-1].lower() not in _NOT_DATA]
    loading: dict[str, Json] = {
        "kind": "hub",
        "place": name,
        "files": list(data) if len(data) <= _MOST_LISTED else [],
        "configs": list(_configs(card, infos)),
        "revision": str(said.get("sha") or ""),
        "needs_code": not data and f"{name.rsplit('/', 1)[-1]}.py" in files,
    }
    tags = [t for t in _items(said.get("tags")) if isinstance(t, str)]
    return entry_from(
        {
            "name": name,
            "description": _prose(said.get("description")),
            "tags": [t for t in tags if not t.startswith(("license:", "region:", "arxiv:", "doi:", "library:"))],
            "columns": list(_columns(infos)),
            "rows": _rows(infos),
            "licence_text": _licence(card, tags),
            "gated": said.get("gated"),
            "disabled": said.get("disabled"),
            "loading": loading,
        }
    )


def _prose(description: object) -> str:
    """A description without the blank lines that the hub leaves where headings were."""
    return " ".join(description.split()) if isinstance(description, str) else ""


def _licence(card: Mapping[str, object], tags: list[str]) -> str:
    said = card.get("license")
    named = [said] if isinstance(said, str) else [s for s in _items(said) if isinstance(s, str)]
    return ", ".join(named or [t.removeprefix("license:") for t in tags if t.startswith("license:")])


def _infos(said: object) -> Iterator[Mapping[str, object]]:
    """`dataset_info` is one configuration or a list of them."""
    for one in [said] if isinstance(said, dict) else _items(said):
        if isinstance(one, dict):
            yield one


def _columns(infos: list[Mapping[str, object]]) -> Iterator[Json]:
    for one in _items(infos[0].get("features")) if infos else []:
        feature = _mapping(one)
        kind = feature.get("dtype") or next((k for k in ("sequence", "list", "struct") if k in feature), "")
        yield {"name": str(feature.get("name", "")), "type": kind if isinstance(kind, str) else "class label"}


def _rows(infos: list[Mapping[str, object]]) -> int | None:
    counts = [_mapping(split).get("num_examples") for info in infos for split in _items(info.get("splits"))]
    known = [c for c in counts if isinstance(c, int) and c >= 0]
    return sum(known) if known else None


def _configs(card: Mapping[str, object], infos: list[Mapping[str, object]]) -> Iterator[str]:
    said = [_mapping(c).get("config_name") for c in _items(card.get("configs"))] or [
        i.get("config_name") for i in infos
    ]
    yield from dict.fromkeys(c for c in said[:MAX_FILES] if isinstance(c, str))


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _items(value: object) -> list[object]:
    return value if isinstance(value, list) else []
