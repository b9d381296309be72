"""Keys out of every text that this process shows or writes beside the journal: run.json, error messages, tracebacks.

Beside what looks like a key (`satsuma.llm.secrets`), the value of every environment variable that is named like a
secret and whatever stands where keys stand in a URL. Not covered: a key that was put into a card's prose.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from satsuma.llm.secrets import REDACTED, spellings
from satsuma.llm.secrets import redact as without_keys

_NAMED_LIKE_A_SECRET = re.compile(r"(^|_)(KEY|KEYS|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS)$")
_SHORTEST = 8
"""Characters: a shorter value of such a variable is more likely a word (`KEY=none`) than a secret."""
_IN_A_URL = (
    (re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://)[^/\s@?#]+@", re.IGNORECASE), rf"\1{REDACTED}@"),
    (
        re.compile(
            r"([?&](?:api[-_]?key|key|access[-_]?token|token|secret|sig"
            r"|(?:x-(?:amz|goog)-)?(?:signature|credential|security-token))=)[^&\s#\"']+",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
)


def redact(text: str, own: Sequence[str] | None = None) -> str:
    """`text` with every key that can be recognised replaced by `[redacted]`. own: what `own_secrets` says."""
    text = without_keys(text, own_secrets() if own is None else own)
    for pattern, replacement in _IN_A_URL:
        text = pattern.sub(replacement, text)
    return text


def own_secrets() -> tuple[str, ...]:
    """What the environment holds under the name of a secret, in every spelling."""
    return spellings(v for k, v in os.environ.items() if _is_secret(k, v))


def _is_secret(name: str, value: str) -> bool:
    return len(value) >= _SHORTEST and _NAMED_LIKE_A_SECRET.search(name.upper()) is not None
