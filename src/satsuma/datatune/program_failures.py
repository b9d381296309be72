"""Why a program gave nothing for a row, from what the sandbox and the program raised.

Only names and messages are looked at: what is raised in the sandbox never comes out as an object of the program's.
"""

from __future__ import annotations

import re

from satsuma.datatune.program import MEMORY, SECONDS, Failed, FailureKind

SHOWN = 300
"""Characters of a message that are kept."""
_INNER = re.compile(r"'__\w+__'|'(?:gi|cr|ag|tb|f|co|func)_\w+'")
_HOST = re.compile(r"name '(?:__\w+__|breakpoint|compile|dir|exit|globals|help|input|quit|vars)' is not defined")
_MEMORY = f"it holds more than {MEMORY >> 20} MB"


def raised(name: str, message: str, line: int) -> Failed:
    """What an exception inside a program says. line: of the program, 0 if unknown."""
    text = f"{name}: {shown(message)}" if message else name
    return Failed(_kind(name, message), f"line {line}: {text}" if line else text)


def shown(message: str) -> str:
    """A message, cut where it becomes long."""
    return message if len(message) <= SHOWN else f"{message[:SHOWN]}…"


def _kind(name: str, message: str) -> FailureKind:
    if name == "SyntaxError" or (name == "NotImplementedError" and "syntax parser" in message):
        return "syntax"
    if name in ("RecursionError", "MemoryError"):
        return "recursion" if name == "RecursionError" else "memory"
    if _reaches_out(name, message):
        return "forbidden"
    return "raised"


def _reaches_out(name: str, message: str) -> bool:
    """True for what the sandbox answers to whoever looks for a way out."""
    if name in ("PermissionError", "ModuleNotFoundError", "ImportError"):
        return True
    if name == "RuntimeError":
        return "not supported in this environment" in message
    pattern = {"AttributeError": _INNER, "NameError": _HOST}.get(name)
    return pattern is not None and pattern.search(message) is not None


def failure(error: Exception) -> Failed:
    """What it means that a session did not come to its end."""
    from pydantic_monty import MontyCrashedError, MontyError

    if isinstance(error, MontyCrashedError):
        return _overdue() if error.timed_out else Failed("crashed", f"the sandbox died: {shown(str(error))}")
    inner = error.exception() if isinstance(error, MontyError) else error
    match inner:
        case TimeoutError():
            return _overdue()
        case MemoryError():
            return Failed("memory", _MEMORY)
        case RecursionError():
            return Failed("recursion", shown(str(inner)))
        case RuntimeError() if "frame of" in str(inner):
            return Failed("memory", _MEMORY)
        case ValueError():
            return Failed("result", f"the row or the result is not data: {shown(str(inner))}")
    return Failed("crashed", f"the sandbox failed: {type(inner).__name__}: {shown(str(inner))}")


def _overdue() -> Failed:
    return Failed("time", f"it computes for more than {SECONDS:g} s")
