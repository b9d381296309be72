"""What travels between the driver and a replica: what to open, how that went, and what became of each request.

Plain values only, so that no exception has to survive a journey, and no key ever makes one: a replica reads the key
from its own machine's environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from satsuma.llm.provider import Answer, CallFailed, FailureKind
from satsuma.llm.request import Usage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from satsuma.errors import SatsumaError


@dataclass(frozen=True, slots=True)
class Order:
    """The model that a replica opens; see `satsuma.llm.models.open_model`.

    model: as on the command line; a folder's path is absolute. tensor_parallel: GPUs that one engine of vLLM is
    spread over.
    """

    model: str
    base_url: str = ""
    timeout: float = 60.0
    concurrency: int = 256
    tensor_parallel: int = 1


@dataclass(frozen=True, slots=True)
class Refused:
    """A `SatsumaError` of a replica's."""

    message: str
    hint: str = ""

    @classmethod
    def of(cls, error: SatsumaError) -> Refused:
        """The same in plain values."""
        return cls(error.message, error.hint)


@dataclass(frozen=True, slots=True)
class Ready:
    """How the opening went. node: the machine's address. version: satsuma's there. refused: why it is not open."""

    node: str
    pid: int
    version: str
    refused: Refused | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """A `CallFailed` of a replica's."""

    kind: FailureKind
    message: str
    retry_after: float | None = None
    usage: Usage = field(default_factory=Usage)
    headers: Mapping[str, str] = field(default_factory=dict)
    reached: bool = True

    @classmethod
    def of(cls, failed: CallFailed) -> Failure:
        """The same in plain values."""
        return cls(failed.kind, failed.message, failed.retry_after, failed.usage, plain(failed.headers), failed.reached)

    def raised(self) -> CallFailed:
        """The same as an exception."""
        return CallFailed(
            self.kind, self.message, retry_after=self.retry_after, usage=self.usage, headers=self.headers,
            reached=self.reached,
        )  # fmt: skip


def plain(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers in lower case; an HTTP client's own mapping does not travel."""
    return {name.lower(): value for name, value in headers.items()}


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the request of this number: an answer, a failed attempt, a refusal for good, or a bug's trace."""

    number: int
    outcome: Answer | Failure | Refused | str
