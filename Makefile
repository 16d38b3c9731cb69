# Two commands for a newcomer: `make demo` and `make test`. Each makes its own
# environment in .venv; nothing is needed but python3 >= 3.11 with venv, git
# and make.
PYTHON ?= python3
# Hundreds of short processes are tested; without .pyc each compiles anew.
unexport PYTHONDONTWRITEBYTECODE
# Trust what the machine trusts, also behind a company's proxy.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
VENV := .venv
BIN := $(VENV)/bin
EXAMPLES := $(wildcard examples/*/pyproject.toml)
EXAMPLE_DIRS := $(patsubst %/pyproject.toml,./%,$(EXAMPLES))
SOURCES := pyproject.toml $(EXAMPLES)

.PHONY: help demo test lint types layers docs build wheel-tests benchmarks check clean

help:  ## Say what can be made.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

$(VENV)/.ready: $(SOURCES)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo 'imbi-plugin-sdk needs Python 3.11 or newer; set PYTHON=python3.x' >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python -e '.[testkit]' \
	  --group test --group lint --group backends $(EXAMPLE_DIRS)
	@# A backend from npm: here it may take its time, in a sandbox it may not.
	@# Without it the rest still works; its sandbox then says what is missing.
	@cd examples/oidc && for try in 1 2; do \
	  $(abspath $(BIN))/python -m tests.backend > /dev/null && break; done; true
	@touch $@

demo: $(VENV)/.ready  ## Run the kit on the reference plugins, and on a broken one.
	@$(BIN)/python examples/demo.py

test: $(VENV)/.ready  ## Run every test.
	@$(BIN)/python -m pytest -n 2 -q $(ARGS)

lint: $(VENV)/.ready  ## Lint and check the format.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.ready  ## Check types with both checkers, strictly.
	@$(BIN)/mypy
	@$(BIN)/basedpyright

layers: $(VENV)/.ready  ## Check that modules import from lower floors only.
	@$(BIN)/lint-imports

docs: $(VENV)/.ready  ## Build the documentation strictly, into build/site.
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m mkdocs build --quiet
	@echo 'open build/site/index.html'

build: $(VENV)/.ready  ## Build the wheel and the source distribution.
	@rm -rf dist
	@$(BIN)/uv build --quiet --out-dir dist .

wheel-tests: build  ## Run the tests against the wheel on each interpreter.
	@.ci/wheel-tests dist/*.whl

benchmarks: $(VENV)/.ready  ## Measure, as ratios against peers in one run.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks $(ARGS)

check: test lint types layers wheel-tests  ## Everything that CI runs.

clean:  ## Remove what was made.
	@rm -rf $(VENV) .cache dist build
