# demo   the main job on the bundled recorded run: no key, no network        bench  the benchmarks (minutes)
# test   everything the tests need, and the tests                            clean  remove what make made
# check  ruff and mypy
#
# Each target works on a fresh machine. Stamps lie inside .venv, so that removing .venv removes them too.

PYTHON ?= python3
PYTEST_FLAGS ?=
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install --compile --constraint constraints.txt
# Bytecode is compiled by hand too: with PYTHONDONTWRITEBYTECODE set, every start would compile the sources again.
COMPILE := $(BIN)/python -m compileall -q src

.NOTPARALLEL:
.PHONY: demo test check bench clean

demo: $(VENV)/.stamp-core
	@$(COMPILE)
	$(BIN)/satsuma demo

test: $(VENV)/.stamp-test
	@$(COMPILE)
	$(BIN)/python -m pytest --numprocesses auto $(PYTEST_FLAGS)

check: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.stamp-test
	@$(COMPILE)
	$(BIN)/python -m benchmarks.throughput

clean:
	rm -rf $(VENV) build dist .coverage .mypy_cache .pytest_cache .ruff_cache
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.stamp-core: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.stamp-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[all,test]'
	@touch $@ $(VENV)/.stamp-core

$(VENV)/.stamp-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[dev]'
	@touch $@ $(VENV)/.stamp-test $(VENV)/.stamp-core
