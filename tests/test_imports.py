"""Importing costs nothing.

What `import satsuma` and `satsuma --help` load is counted: seconds would depend on the machine.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from satsuma.cli.main import COLLECTED

HEAVY = frozenset(
    {
        *("aiohttp", "asyncio", "datasets", "genai_prices", "httpx2", "jinja2", "json_repair", "litellm", "numpy"),
        *("pandas", "pyarrow", "pydantic", "ray", "sklearn", "torch", "transformers", "vllm", "yaml"),
    }
)
"""Packages that take 20 ms or more to import, or that a command may do without."""

IMPORT = "import satsuma"
HELP = "import sys; sys.argv = ['satsuma', '--help']; from satsuma.cli.main import main; main()"
GENERATE = HELP.replace("'--help'", "'generate', '--help'")
REPORT = "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules))"


def loaded_by(code: str) -> set[str]:
    """Every module that a fresh interpreter has loaded once it has run the code."""
    command = [sys.executable, "-c", f"{REPORT}\n{code}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *_, last = done.stdout.splitlines()
    marker, *modules = last.split()
    assert marker == "LOADED"
    return set(modules)


def test_importing_satsuma_loads_nothing_that_is_not_in_the_standard_library() -> None:
    allowed = sys.stdlib_module_names | {"satsuma", "__main__"} | loaded_roots("pass")
    assert loaded_roots(IMPORT) <= allowed


def test_importing_satsuma_loads_few_modules_of_its_own() -> None:
    own = {name for name in loaded_by(IMPORT) if name.split(".")[0] == "satsuma"}
    assert "satsuma" in own
    assert len(own) <= 12, sorted(own)


@pytest.mark.parametrize("code", [IMPORT, HELP], ids=["import satsuma", "satsuma --help"])
def test_no_heavy_module_is_loaded_by(code: str) -> None:
    assert not loaded_roots(code) & HEAVY


def test_help_loads_few_modules() -> None:
    assert len(loaded_by(HELP) - loaded_by("pass")) <= 450


def test_a_command_loads_no_other_one() -> None:
    from satsuma.cli.main import COMMANDS

    modules = {f"satsuma.cli.{name.replace('-', '_')}" for name in COMMANDS}
    assert loaded_by(HELP) >= modules
    assert loaded_by(GENERATE) & modules == {"satsuma.cli.generate"}


def test_the_interpreter_looks_for_no_cycles_when_a_command_ends() -> None:
    code = "import atexit, gc; atexit.register(lambda: print(*gc.get_threshold()[:1], gc.get_freeze_count()))\n"
    done = subprocess.run([sys.executable, "-c", code + HELP], capture_output=True, text=True, timeout=60)
    threshold, frozen = map(int, done.stdout.splitlines()[-1].split())
    assert threshold == COLLECTED
    assert frozen > 10_000


def loaded_roots(code: str) -> set[str]:
    """The top-level packages among `loaded_by`."""
    return {name.split(".")[0] for name in loaded_by(code)}
