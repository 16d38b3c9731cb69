# Two commands for a newcomer: `make demo` and `make test`. Each makes its own
# environment in .venv; nothing is needed but python3 >= 3.11 with venv, git
# and make.
PYTHON ?= python3
# Hundreds of short processes are tested; without .pyc each compiles anew.
unexport PYTHONDONTWRITEBYTECODE
# Trust what the machine trusts, also behind a company's proxy.
export UV_SYSTEM_CERTS := 1
export UV_NATIVE_TLS := 1
# One test more at once than there are processors, since some tests wait.
WORKERS ?= $(shell $(PYTHON) -c \
  'import os; print(min((os.cpu_count() or 1) + 1, 5))')
VENV := .venv
BIN := $(VENV)/bin
BUILDER := build/builder
EXAMPLES := $(wildcard examples/*/pyproject.toml)
EXAMPLE_DIRS := $(patsubst %/pyproject.toml,./%,$(EXAMPLES))
SOURCES := pyproject.toml $(EXAMPLES)

.PHONY: help demo test lint types layers docs build release-build \
  release-notes sbom wheel-tests benchmarks check clean

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
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -q $(ARGS)

lint: $(VENV)/.ready  ## Lint and check the format.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@# A wheel's tree has no workflows. Pedantic is what finds missing names.
	@test ! -d .github || $(BIN)/zizmor --offline --quiet --persona pedantic \
	  .github action.yml

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

# The version of uv here only starts things; the groups pin what does the work.
$(BUILDER)/.ready: pyproject.toml
	@$(PYTHON) -m venv $(BUILDER)
	@$(BUILDER)/bin/python -m pip install --quiet \
	  --disable-pip-version-check uv
	@$(BUILDER)/bin/uv pip install --quiet --python $(BUILDER)/bin/python \
	  --group builder
	@touch $@

release-build: $(BUILDER)/.ready  ## Build as a release is: by the builder that is pinned.
	@rm -rf dist
	@$(BUILDER)/bin/uv build --quiet --no-build-isolation \
	  --python $(BUILDER)/bin/python --out-dir dist .

release-notes:  ## Print this version's section of the changelog.
	@$(PYTHON) .ci/release.py notes

sbom: $(BUILDER)/.ready  ## Write the SBOM of the wheel in dist into build/sbom.
	@test -f dist/*.whl || \
	  { echo 'dist has not one wheel: run `make release-build`' >&2; exit 1; }
	@rm -rf build/sbom && mkdir -p build/sbom
	@# One environment holds the wheel and what it needs, the other the tool.
	@for each in wheel tool; do \
	  $(BUILDER)/bin/uv venv --quiet --python $(PYTHON) build/sbom/$$each || exit; done
	@$(BUILDER)/bin/uv pip install --quiet --python build/sbom/wheel \
	  "$$(echo dist/*.whl)[testkit]"
	@$(BUILDER)/bin/uv pip install --quiet --python build/sbom/tool --group sbom
	@build/sbom/tool/bin/cyclonedx-py environment build/sbom/wheel \
	  --pyproject pyproject.toml --mc-type library --output-reproducible \
	  --output-file "build/sbom/$$(basename dist/*.whl -py3-none-any.whl).cdx.json"

wheel-tests: build  ## Run the tests against the wheel on each interpreter.
	@WORKERS=$(WORKERS) .ci/wheel-tests dist/*.whl

benchmarks: $(VENV)/.ready  ## Measure, as ratios against peers in one run.
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --group bench
	@$(BIN)/python -m benchmarks $(ARGS)

check: test lint types layers wheel-tests  ## Everything that CI runs.

clean:  ## Remove what was made.
	@rm -rf $(VENV) .cache dist build
