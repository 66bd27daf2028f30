# Everything a developer does. Needs Python 3.11+, make and a way to the package registries.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PYTEST  = $(BIN)/python -m pytest $(PYTEST_ARGS)

.DEFAULT_GOAL := help
.PHONY: help run test chaos check format lint bench clean

help: ## tell what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

run: $(STAMP) ## start everything, publish sample conversations, ask about them, stay up
	@$(BIN)/tidemark up --demo

# Two lanes for two cores, then the storm alone. The encoder's tests have a process of their own:
# beside its libraries another one's crashed.
test: $(STAMP) ## the whole suite, against servers of its own
	@$(MAKE) --no-print-directory -j2 -Oline lane-core lane-stores
	$(PYTEST) tests/chaos/test_faults.py

.PHONY: lane-core lane-stores
lane-core:
	$(PYTEST) tests/unit tests/contract
	$(PYTEST) $(wildcard tests/integration/test_encoder_*.py)
	$(PYTEST) tests/e2e
	$(PYTEST) tests/chaos --ignore=tests/chaos/test_faults.py

lane-stores:
	$(PYTEST) tests/integration --ignore-glob='*test_encoder_*'

chaos: $(STAMP) ## kill, suspend and starve real processes while events flow, and print recoveries
	$(PYTEST) -s tests/chaos

check: $(STAMP) ## format, lint, types and import fences, as CI runs them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/contract/test_imports.py

format: $(STAMP) ## put the source in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: $(STAMP) ## look for mistakes
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(STAMP) ## measure, and print a table
	$(BIN)/python -m tests.benchmarks

clean: ## remove what can be made again; memories stay (tidemark reset)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# uv comes into the environment by pip, and installs the locked packages with their hashes.
# It does not read pip's configuration, so an index or certificate set there is handed on.
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@index="$$($(BIN)/python -m pip config get global.index-url 2>/dev/null || true)"; \
	cert="$$($(BIN)/python -m pip config get global.cert 2>/dev/null || true)"; \
	index="$${UV_DEFAULT_INDEX:-$${PIP_INDEX_URL:-$$index}}"; \
	if [ -n "$$index" ]; then export UV_DEFAULT_INDEX="$$index"; fi; \
	if [ -z "$$SSL_CERT_FILE" ] && [ -n "$$PIP_CERT$$cert" ]; then export SSL_CERT_FILE="$${PIP_CERT:-$$cert}"; fi; \
	export VIRTUAL_ENV="$(CURDIR)/$(VENV)"; \
	$(BIN)/uv pip install --quiet --require-hashes -r requirements.lock && \
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@
