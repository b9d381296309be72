"""Pages whose sessions are true: every fenced block of a page is used, and what is shown is what came out.

    ```console   the lines after `$ ` are run by bash, one after the other, in the page's directory; the rest is output
    ```python    run as a program, or saved under the name that the sentence before it gives
    ```yaml      saved under the name that the sentence before it gives, if it gives one

All blocks of a page share one directory and one environment, in which `satsuma` is this interpreter's, and the usual
providers are a model server on loopback, which knows what docs/new.md asks. A command may fail only where the next one
is `echo $?`.

`python -m tests.sessions README.md` writes the outputs of a page anew. Not covered: other languages (`sh` blocks are
for the reader), and the lines that tell how far a run is, which depend on the clock and are left out.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import satsuma
from satsuma.testing import serve
from tests.drafting.clauses import answers

ROOT = Path(__file__).resolve().parent.parent
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_NAMED = re.compile(r"`([\w./-]+\.(?:ya?ml|py))`[^`\n]*\n\n\Z")
_PROGRESS = re.compile(r"^\d[\d,]*/\d[\d,]* · .*\n", re.MULTILINE)
_MARK = "\x1e"
_VARIES = (
    (r"\d[\d,]* requests · [\d,]+ \+ [\d,]+ tokens( · \$[\d.]+)? · [\d,.]+ s", "‹what it took›"),
    (r"\d[\d,]* replies from the recording · [\d,.]+ s", "‹what was replayed›"),
    (r"\d+\.\d s ·", "‹seconds› ·"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:‹port›"),
    (r"[ \t]+$", ""),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. name: the file that it is, empty if it is none. start, end: where its text lies in the page."""

    language: str
    text: str
    name: str
    start: int
    end: int


def blocks(page: str) -> list[Block]:
    """The fenced blocks that are used, in order."""
    found = []
    for match in _BLOCK.finditer(page):
        named = _NAMED.search(page, 0, match.start())
        found.append(Block(match[1], match[2], named[1] if named else "", match.start(2), match.end(2)))
    return [b for b in found if b.language in ("console", "python") or (b.language == "yaml" and b.name)]


def commands(session: str) -> list[str]:
    """The commands of a console block; one that ends with a backslash goes on in the next line."""
    return [c.removeprefix("$ ") for c in re.findall(r"^\$ (?:.*\\\n)*.*$", session, re.MULTILINE)]


def normal(page: str) -> str:
    """A page without what differs from run to run: seconds, ports, and how much was asked ahead of what was needed."""
    for pattern, stands_for in _VARIES:
        page = re.sub(pattern, stands_for, page, flags=re.MULTILINE)
    return page


def replayed(page: str, directory: Path) -> str:
    """The page with every output as it comes out now, from running its blocks in an empty directory.

    Raises:
        AssertionError: a command or a program failed.
    """
    parts, last = [], 0
    with serve(script=answers) as server:
        place = _Place(directory, server.url)
        for block in blocks(page):
            parts += [page[last : block.start], place.used(block)]
            last = block.end
    return "".join([*parts, page[last:]])


class _Place:
    """Where a page's blocks are used."""

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory / "page"
        self._directory.mkdir()
        self._state = directory / "environment"
        self._state.touch()
        tools = directory / "bin"
        tools.mkdir()
        for name, command in (("satsuma", "-m satsuma"), ("python", "")):
            tool = tools / name
            tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {command} "$@"\n')
            tool.chmod(0o755)
        self._environment = {
            **os.environ,
            "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(Path(satsuma.__file__).parents[1]),
            "OPENAI_BASE_URL": url,
            "OLLAMA_HOST": url.removesuffix("/v1"),
        }

    def used(self, block: Block) -> str:
        """What the block is after it was used."""
        if block.name:
            (self._directory / block.name).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            self._bash(f"python - <<'END_OF_PROGRAM'\n{block.text}END_OF_PROGRAM")
        else:
            return "".join(f"$ {command}\n{output}" for command, output in self._session(commands(block.text)))
        return block.text

    def _session(self, session: list[str]) -> Iterator[tuple[str, str]]:
        """Commands and their outputs."""
        # Each is run in the shell of the one before, which knows its exit status.
        steps = [f"(exit ${{status-0}})\n{c}\nstatus=$?\nprintf '{_MARK}%s{_MARK}' $status" for c in session]
        said = self._bash("\n".join(steps)).split(_MARK)
        for i, command in enumerate(session):
            output, status = said[2 * i], said[2 * i + 1]
            asked = session[i + 1 : i + 2] == ["echo $?"]
            assert status == "0" or asked, f"{command}\n{output}exit status {status}"
            yield command, _PROGRESS.sub("", output)

    def _bash(self, script: str) -> str:
        """Standard output and errors of a script that goes on in the environment of the one before."""
        kept = shlex.quote(str(self._state))
        done = subprocess.run(
            ["bash", "-c", f". {kept}\n{script}\nlast=$?\nexport -p > {kept}\nexit $last"],
            cwd=self._directory, env=self._environment, encoding="utf-8", timeout=100,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout
        return done.stdout


def main(names: list[str]) -> None:
    """Write the outputs of pages anew."""
    os.environ |= {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "120"}
    for name in names:
        page = Path(name)
        with tempfile.TemporaryDirectory() as directory:
            page.write_text(replayed(page.read_text("utf-8"), Path(directory)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
