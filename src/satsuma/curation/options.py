"""How a dataset is curated: every option, checked, as one value that is saved whole with the result."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypedDict, get_args

from satsuma.errors import SettingsError

Duplicates = Literal["rouge", "minhash", "embedding", "exact", "off"]
NoisePolicy = Literal["flag", "drop", "off"]
THRESHOLDS: Mapping[str, float] = {"rouge": 0.7, "minhash": 0.7, "embedding": 0.95}
"""From which likeness on an instance is a near-duplicate, where nothing is said: the papers' for ROUGE-L."""
LEAST = 0.3
"""A threshold below which everything would be like everything."""
SPLITS = ("train", "validation", "test")
_ALSO = {"dev": "validation", "val": "validation", "valid": "validation"}


class CurateKeywords(TypedDict, total=False):
    """The options of `satsuma.curate`; `Options` says what each is."""

    against_eval: Sequence[str | Path]
    duplicates: Duplicates
    threshold: float | None
    noise: NoisePolicy
    embedder: str | None
    balance: bool
    splits: Mapping[str, float]
    group: str
    seed: int
    ray: str


@dataclass(frozen=True, slots=True)
class Options:
    """What is done.

    against_eval: evaluation sets whose instances must not be in the dataset. duplicates: how near ones are told;
    `exact` only removes the same words. threshold: from which likeness on, 0.3 to 1; None takes the run's card's for
    `rouge`, else that of `THRESHOLDS`. noise: what becomes of labels that look wrong. embedder: that the noise (and
    `embedding`) looks with; None for words. balance: as many of each label as there are of the rarest. splits: split →
    share; empty leaves them as they are. group: a column whose equal values stay in one split; empty: what the
    provenance says. seed: of folds, splits and MinHash. ray: `local`, `auto` or HOST:PORT of a Ray cluster that
    compares with evaluation sets and computes signatures and vectors; empty for none, and no part of the result.
    """

    against_eval: tuple[Path, ...] = ()
    duplicates: Duplicates = "rouge"
    threshold: float | None = None
    noise: NoisePolicy = "flag"
    embedder: str | None = "minilm"
    balance: bool = False
    splits: Mapping[str, float] = field(default_factory=dict)
    group: str = ""
    seed: int = 0
    ray: str = ""


def options_of(given: CurateKeywords) -> Options:
    """The options, checked.

    Raises:
        SettingsError: one has a value that it cannot have.
    """
    files = tuple(Path(path).expanduser() for path in given.get("against_eval", ()))
    options = Options(
        against_eval=files,
        duplicates=_one_of("duplicates", given.get("duplicates", "rouge"), get_args(Duplicates)),  # type: ignore[arg-type]
        threshold=given.get("threshold"),
        noise=_one_of("noise", given.get("noise", "flag"), get_args(NoisePolicy)),  # type: ignore[arg-type]
        embedder=given.get("embedder", "minilm"),
        balance=given.get("balance", False),
        splits=_shares(given.get("splits", {})),
        group=given.get("group", ""),
        seed=given.get("seed", 0),
        ray=given.get("ray", ""),
    )
    if options.threshold is not None and not LEAST <= options.threshold <= 1:
        raise SettingsError(f"the threshold is {options.threshold}", f"It has to be from {LEAST} to 1.")
    if options.duplicates == "embedding" and options.embedder is None:
        raise SettingsError("duplicates by embedding need an embedder", "Name one: --embedder minilm")
    if options.ray:
        _check_ray(options)
    return options


def _check_ray(options: Options) -> None:
    """Check that a cluster has something to do.

    Raises:
        SettingsError: it has not, or the address cannot be used.
    """
    from satsuma.cluster.joining import checked_address

    checked_address(options.ray)
    embedded = options.embedder is not None and options.noise != "off"
    if not (embedded or options.against_eval or options.duplicates in ("minhash", "embedding")):
        raise SettingsError(
            "--ray is given, and no step of this curation is computed on a cluster",
            "Leave it out. There go --against-eval, --duplicates minhash or embedding, and the vectors of --noise.",
        )


def parsed_splits(text: str) -> dict[str, float]:
    """`train=0.8,validation=0.1,test=0.1` as a mapping.

    Raises:
        SettingsError: it is in no such form.
    """
    found: dict[str, float] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, share = part.partition("=")
        try:
            found[name.strip()] = float(share) if equals else float("nan")
        except ValueError:
            raise SettingsError(f"{part!r} is no split with its share", _FORM) from None
        if found[name.strip()] != found[name.strip()]:
            raise SettingsError(f"{part!r} is no split with its share", _FORM)
    return found


_FORM = "Write them as train=0.8,validation=0.1,test=0.1."


def _shares(given: Mapping[str, float]) -> dict[str, float]:
    shares: dict[str, float] = {}
    for said, share in given.items():
        name = _ALSO.get(said, said)
        if name not in SPLITS:
            raise SettingsError(f"there is no split {said!r}", f"The splits are {', '.join(SPLITS)}. {_FORM}")
        if not 0 < share <= 1:
            raise SettingsError(f"the share of {said} is {share}", f"It has to be above 0. {_FORM}")
        shares[name] = shares.get(name, 0.0) + share
    if shares and abs(sum(shares.values()) - 1) > 1e-6:
        raise SettingsError(f"the shares of the splits are {sum(shares.values()):g} in sum, not 1", _FORM)
    return {name: shares[name] for name in SPLITS if name in shares}


def _one_of(name: str, value: str, known: Sequence[str]) -> str:
    if value not in known:
        raise SettingsError(f"{name} is {value!r}", f"It has to be one of {', '.join(known)}.")
    return value
