"""`push`: a dataset as a repository of the Hugging Face hub, private unless it is asked to be public.

One commit, by huggingface_hub: its client, its endpoint (`HF_ENDPOINT`), its retries, and its token, which is that of
`HF_TOKEN` or of `hf auth login` and is read, sent and never written or shown by anything here. What a repository has
besides is left as it is. A repository that is public already is not pushed to unless that was asked for: private data
would be out at once.

Every error of the client is a `HubError` here, whatever its type: it has no common one that is part of its interface.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from satsuma.errors import HubError
from satsuma.extras import require
from satsuma.pushing.parcel import Parcel, packed
from satsuma.run.plain import one_line
from satsuma.run.redact import redact
from satsuma.run.run import Run

if TYPE_CHECKING:
    from huggingface_hub import HfApi

T = TypeVar("T")
_LOG_IN = "Log in with `hf auth login`, or set HF_TOKEN to a token that may write."


@dataclass(frozen=True, slots=True)
class Pushed:
    """What was pushed, or would be.

    url: of the dataset. files: path in the repository → bytes. rows: instances. private: whether only its owner sees
    it. commit: the commit's hash, empty in a dry run. kept: data files that the repository had and still has.
    """

    url: str
    files: dict[str, int]
    rows: int
    private: bool
    commit: str = ""
    kept: tuple[str, ...] = field(default=())


def push(run: Run | str | os.PathLike[str], name: str, *, public: bool = False, dry_run: bool = False) -> Pushed:
    """Push a run's dataset to the Hugging Face hub.

    Args:
        run: the run, or its directory, or a folder that `curate` wrote.
        name: USER/NAME; made if it is not there, replaced file by file if it is.
        public: whether everybody may see it.
        dry_run: only say what would be pushed; asks nothing of the hub.

    Raises:
        ExtraError: huggingface_hub is not installed.
        SettingsError: that is no name of a dataset.
        DataError: there is nothing that could be pushed.
        RunError: there is no dataset yet.
        HubError: no token, no permission, a public repository without `public`, or the hub cannot be reached.
    """
    parcel = packed(run.path if isinstance(run, Run) else Path(run).expanduser(), name)
    if dry_run:
        return Pushed(f"{_endpoint()}/datasets/{name}", parcel.sizes(), parcel.rows, not public)
    require("hub", "huggingface_hub", needed_by="satsuma push")
    from huggingface_hub import HfApi, get_token

    token = get_token()
    if not token:
        raise HubError("there is no token of the Hugging Face hub", _LOG_IN)
    return _Pushing(HfApi(endpoint=_endpoint(), token=token, library_name="satsuma"), token).push(parcel, public=public)


class _Pushing:
    """One push, with one client."""

    def __init__(self, api: HfApi, token: str) -> None:
        self._api = api
        self._token = token

    def push(self, parcel: Parcel, *, public: bool) -> Pushed:
        """Make the repository if it is not there, and commit the files.

        Raises:
            HubError: it cannot be done.
        """
        there = self._tried(lambda: self._state(parcel.name))
        if there is None:
            self._tried(lambda: self._api.create_repo(parcel.name, repo_type="dataset", private=not public))
            there = (not public, ())
        private, had = there
        if not private and not public:
            raise HubError(
                f"{parcel.name} is public on the hub, and this push is private",
                "Make it private there, choose another name, or push with --public.",
            )
        commit = self._tried(lambda: self._commit(parcel))
        kept = tuple(name for name in had if name.startswith("data/") and name not in parcel.data)
        return Pushed(f"{_endpoint()}/datasets/{parcel.name}", parcel.sizes(), parcel.rows, private, commit, kept)

    def _state(self, name: str) -> tuple[bool, tuple[str, ...]] | None:
        """Whether the repository is private, and its files; None if there is none."""
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            info = self._api.repo_info(name, repo_type="dataset")
        except RepositoryNotFoundError:
            return None
        return bool(info.private), tuple(sibling.rfilename for sibling in info.siblings or ())

    def _commit(self, parcel: Parcel) -> str:
        from huggingface_hub import CommitOperationAdd
        from huggingface_hub.utils import disable_progress_bars

        from satsuma import __version__

        disable_progress_bars()
        added = [CommitOperationAdd(name, str(path)) for name, path in parcel.data.items()]
        card = CommitOperationAdd("README.md", parcel.card.encode())
        message = f"{parcel.rows} instances, by satsuma {__version__}"
        done = self._api.create_commit(parcel.name, [*added, card], commit_message=message, repo_type="dataset")
        return str(done.oid)

    def _tried(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except Exception as error:  # the client's errors have no common type that is part of its interface
            told = one_line(redact(_causes(error).replace(self._token, "[redacted]")), 300)
            raise HubError(f"the hub refuses: {told}", _hint(error)) from None


def _causes(error: BaseException) -> str:
    """What is said of an error and of what it came from."""
    told = str(error) or type(error).__name__
    return f"{told}: {_causes(error.__cause__)}" if error.__cause__ is not None else told


def _hint(error: Exception) -> str:
    status = getattr(getattr(error, "response", None), "status_code", None)
    if status in (401, 403):
        return _LOG_IN
    return "Nothing is half done: the files are there after one commit. The same command tries again."


def _endpoint() -> str:
    return (os.environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
