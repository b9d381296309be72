"""The rules of the house that a machine can check cheaply."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import satsuma

ROOT = Path(__file__).resolve().parent.parent
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
ELSEWHERE = {".venv", ".venvs", "build", "dist", "runs", "__pycache__"}


def files(*suffixes: str) -> list[Path]:
    """The project's own files: what git knows or would add, or every file where there is no checkout."""
    if (ROOT / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        found = [ROOT / name for name in listed.split("\0") if name]
    else:
        found = [p for p in ROOT.rglob("*") if not ELSEWHERE & set(p.relative_to(ROOT).parts)]
    return sorted(p for p in found if p.is_file() and (not suffixes or p.suffix in suffixes))


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


PYTHON = files(".py")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_there_is_something_to_check() -> None:
    assert len(PYTHON) > 20


@pytest.mark.parametrize("path", PYTHON, ids=shown)
def test_a_file_holds_one_idea_and_says_which(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") < MAX_FILE_LINES
    tree = ast.parse(source)
    assert path.is_relative_to(ROOT / "tests") or ast.get_docstring(tree), "no module docstring"
    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno >= MAX_FUNCTION_LINES
    ]
    assert not long


def test_no_file_names_a_place_on_somebodys_machine_or_a_registry() -> None:
    places = r"/roo[t]/|/wor[k]/|/hom[e]/\w|/User[s]/\w"
    registries = r"pyp[i]\.org|pythonhoste[d]\.|npmj[s]\.org"
    pattern = re.compile(f"{places}|{registries}")
    text = (p for p in files() if p.suffix not in {".parquet", ".sqlite", ".png", ".gz"})
    found = [
        f"{shown(p)}: {m[0]}" for p in text if (m := pattern.search(p.read_text(encoding="utf-8", errors="replace")))
    ]
    assert not found


@pytest.mark.parametrize("name", ["utils", "util", "helpers", "helper", "manager", "base", "core", "common", "misc"])
def test_no_module_has_a_name_that_says_nothing(name: str) -> None:
    assert not [shown(p) for p in PYTHON if p.stem == name or name in p.relative_to(ROOT).parts]


def rank(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest, each by name: the order that ruff gives to `__all__`."""
    return 0 if name.isupper() else 1 if name[0].isupper() else 2, name


def test_every_list_of_public_names_is_sorted() -> None:
    for path in PYTHON:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Assign) and any(
                isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
            ):
                names = ast.literal_eval(node.value)
                assert list(names) == sorted(set(names), key=rank), shown(path)


def test_every_public_name_is_there() -> None:
    assert satsuma.__all__
    for name in satsuma.__all__:
        assert getattr(satsuma, name) is not None


def test_tests_have_no_packages() -> None:
    assert not [shown(p) for p in PYTHON if p.name == "__init__.py" and p.is_relative_to(ROOT / "tests")]


def test_the_extra_all_holds_every_extra_that_runs_on_a_cpu_and_no_other() -> None:
    extras = PROJECT["optional-dependencies"]
    (everything,) = extras["all"]
    named = set(everything.removeprefix("satsuma[").removesuffix("]").split(","))
    assert named == set(extras) - {"all", "test", "dev", "vllm", "litellm", "ray"}


def test_every_dependency_is_explained() -> None:
    explained = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").lower()
    declared = PROJECT["dependencies"] + [r for e in PROJECT["optional-dependencies"].values() for r in e]
    names = {re.split(r"[^A-Za-z0-9_.-]", r, maxsplit=1)[0].lower() for r in declared} - {"satsuma"}
    assert not {n for n in names if f"`{n}`" not in explained}


def test_the_installed_version_is_the_one_that_the_package_says() -> None:
    try:
        installed = metadata.version("satsuma")
    except metadata.PackageNotFoundError:
        pytest.skip("satsuma runs from its source folder here and is not installed")
    assert installed == satsuma.__version__
