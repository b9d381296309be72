"""Keys stay out of everything that is written: what they are, and how they are taken out of a text.

Rule: a key is read from the environment when a provider is made, lives in its request headers and nowhere else. Every
text that comes from outside and may be shown or stored (a provider's error, a location header, a reply) passes
`redact`. Providers echo keys, whole or with the middle starred out, so things that look like keys are taken out too.

Not covered: a key that a user writes into a card or a prompt.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

REDACTED = "[redacted]"
SHORTEST = 6
"""Characters below which a value is not taken for a secret: replacing `test` would garble ordinary text."""

_KEYLIKE = re.compile(r"\b(?:(?:sk|gsk|tgp|pk|xai|hf|nvapi|csk|fw)[-_]|AIza)[-_*.•…A-Za-z0-9]{12,}|Bearer\s+\S{6,}")


def spellings(secrets: Iterable[str]) -> tuple[str, ...]:
    """Each secret as it may be written: plain, and escaped for a URL; the longest first."""
    plain = {s for s in secrets if len(s) >= SHORTEST}
    return tuple(sorted(plain | {quote(s, safe="") for s in plain}, key=lambda s: (-len(s), s)))


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """`text` without any of the secrets (as from `spellings`) and without anything that looks like a key."""
    for secret in secrets:
        text = text.replace(secret, REDACTED)
    return _KEYLIKE.sub(REDACTED, text)
