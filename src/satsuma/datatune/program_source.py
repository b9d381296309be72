"""What can be said of a program before it runs: its length, its imports, and whether rows can share a session.

Imports are refused by name, except of modules that compute and nothing else. This is for a clear message: what keeps
a program in is the sandbox, where even `os` reaches nothing. So a scan of the text is enough, and it sees the same on
every version of Python: comments and strings are passed over, and `import` counts at the beginning of a statement.
"""

from __future__ import annotations

import re

from satsuma.datatune.program import SOURCE, Failed

MODULES = frozenset(
    {
        *("__future__", "base64", "binascii", "bisect", "collections", "copy", "csv", "dataclasses", "datetime"),
        *("decimal", "functools", "hashlib", "heapq", "itertools", "json", "math", "random", "re", "typing"),
        "unicodedata",
    }
)
"""What a program may import: it computes, and gives the same on every machine."""

_PASSED = re.compile(r'"""(?:\\.|[^\\])*?(?:"""|\Z)|\'\'\'(?:\\.|[^\\])*?(?:\'\'\'|\Z)'
                     r'|"(?:\\.|[^"\\\n])*"?|\'(?:\\.|[^\'\\\n])*\'?|#[^\n]*', re.DOTALL)  # fmt: skip
_IMPORT = re.compile(r"(?:^|[\n;:])[ \t\f]*(?:import\b([^\n;]*)|from[ \t]+([\w.]*)[ \t\\\n]*import\b)")


def flaw(text: str) -> Failed | None:
    """What is wrong with a program as it stands; None: it may be tried."""
    if len(text) > SOURCE:
        return Failed("syntax", f"the program has {len(text):,} characters; at most {SOURCE:,} are run")
    for name in imported(text):
        if name.split(".")[0] not in MODULES:
            allowed = ", ".join(sorted(MODULES - {"__future__"}))
            return Failed("forbidden", f"import of {name or 'a package'!r}; what can be imported is {allowed}")
    return None


def imported(text: str) -> list[str]:
    """The modules that a program imports, as it names them."""
    code = _PASSED.sub('""', text).replace("\\\n", " ")
    names = []
    for found in _IMPORT.finditer(code):
        modules, module = found.groups()
        names += [module] if modules is None else [part.strip().split(" ")[0] for part in modules.split(",")]
    return names


def draws(text: str) -> bool:
    """True if the program could use `random`, which then begins anew with each row's seed."""
    return "random" in text


def alone(text: str) -> bool:
    """True if a row could leave something behind in a module that the next row of the same session would find."""
    return "decimal" in text or (draws(text) and ("Random" in text or "getattr" in text))
