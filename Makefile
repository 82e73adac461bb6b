# README.md explains each target. On Windows, use its PowerShell lines.
PYTHON ?= python3
APP    ?= oreilly
TENANT ?= sandbox

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
else
BIN := .venv/bin
endif
# saves an import of a second that nbformat does not need here; see the module
PYTEST := $(BIN)/python -m pytest -p tests.without_slow_import

.PHONY: onboard test check lab bench acceptance notebooks lint types unit notebook-test pins
.DEFAULT_GOAL := onboard

.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c "import sys; sys.exit('scimkit needs Python 3.11 or newer; this is ' + sys.version.split()[0]) if sys.version_info < (3, 11) else None"
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -c "open('.venv/ready', 'w', encoding='utf-8').close()"

onboard: .venv/ready
	$(BIN)/scimkit run onboard --app "$(APP)" --tenant "$(TENANT)"

lab: .venv/ready
	$(BIN)/scimkit lab --app "$(APP)" --tenant "$(TENANT)"

test: lint types unit notebook-test

check: lint types
	$(PYTEST) -p no:nbval -q -n 2 -m "not slow and not acceptance" tests

lint: .venv/ready
	$(BIN)/ruff check scimkit tests
	$(BIN)/ruff format --check --quiet scimkit tests
	$(BIN)/python -m tests.density

types: .venv/ready
	$(BIN)/mypy scimkit

unit: .venv/ready
	$(PYTEST) -p no:nbval -q -n 2 --dist loadscope -m "not acceptance" tests

notebook-test: .venv/ready
	$(PYTEST) -q -n 2 --dist loadscope --nbval --nbval-current-env notebooks runbooks

# renew the outputs committed in notebooks/ and runbooks/: read the diff before you commit it
notebooks: .venv/ready
	$(BIN)/python tests/renew_notebooks.py

bench: .venv/ready
	$(BIN)/python -m tests.bench

acceptance: .venv/ready
	$(PYTEST) -p no:nbval -q -m acceptance tests

# after a change of dependencies in pyproject.toml; needs uv
pins:
	uv pip compile --quiet --universal --python-version 3.11 --group dev --no-header --no-annotate pyproject.toml -o requirements.txt
