# Everything a user or a developer runs. `make help` lists it.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= demo

# What a person's shell says about their own home must not leak into the demo and the tests.
unexport SCOREHOUSE_HOME SCOREHOUSE_LANDING SCOREHOUSE_AS_OF SCOREHOUSE_CLOSE_MONTH SCOREHOUSE_KEPT_FROM
unexport SCOREHOUSE_PUBLISH SCOREHOUSE_PSEUDONYM_KEY SCOREHOUSE_LIMITS SCOREHOUSE_KEY SCOREHOUSE_KEY_FILE
unexport SCOREHOUSE_DELIVERY SCOREHOUSE_DELIVERY_LEDGER SCOREHOUSE_DAGSTER_POSTGRES
unexport SCOREHOUSE_ENGINE SCOREHOUSE_SPARK_TABLES
unexport DBT_TARGET DBT_TARGET_PATH DBT_PROFILES_DIR DBT_PROJECT_DIR DAGSTER_HOME
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export DO_NOT_TRACK := 1

# A home without any data, for what needs the models but no rows.
EMPTY_HOME := target/empty_home
EMPTY_DBT = SCOREHOUSE_HOME=$(EMPTY_HOME) DBT_TARGET=duckdb $(BIN)/dbt --quiet

# Two workers, one of them for the tests that look at whole closes (tests/conftest.py).
PYTEST = $(BIN)/pytest --quiet --numprocesses 2 --dist loadscope --no-loadscope-reorder

.PHONY: help setup setup-s3 setup-spark manifest demo test test-long golden mutants lint lint-sql models ui docs bench lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# uv is fetched by pip with its own hash, and then installs the locked set quickly, checking every hash.
$(BIN)/uv: requirements/setup.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Scorehouse needs Python 3.11 or newer; set PYTHON=/path/to/it")'
	@echo "setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/setup.txt
	@touch $@

$(VENV)/run.stamp: $(BIN)/uv requirements/run.txt pyproject.toml
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode --requirement requirements/run.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode --requirement requirements/dev.txt
	@touch $@

# The orchestrator makes its assets from the manifest; parsing what has not changed does nothing.
manifest: $(VENV)/run.stamp
	@$(BIN)/python -m orchestration.project

setup: manifest ## install everything that running needs, into .venv

setup-s3: setup ## install what `s3://` addresses in stores.yml need as well
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode --requirement requirements/s3.txt

setup-spark: setup ## install Apache Spark as well, for --engine spark (480 MB; needs Java 17)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes --compile-bytecode --requirement requirements/spark.txt

# The stamp comes last, so that a simulation that was interrupted is made anew.
demo/.simulated: | setup
	@rm -rf demo/landing
	@$(BIN)/scorehouse simulate --agents 25 --months 2 --end 2026-10 --seed 1 --quirks --out demo/landing
	@touch $@

# A fixed --as-of per month makes the demo the same on every machine and day.
demo: demo/.simulated ## simulate a small contact centre, close two months, say what to open
	@$(BIN)/scorehouse close 2026-09 --home demo --landing demo/landing --as-of 2026-10-02T12:00:00Z
	@$(BIN)/scorehouse close 2026-10 --home demo --landing demo/landing --as-of 2026-11-02T12:00:00Z
	@echo "Next: open demo/reports/2026-10/index.html; README.md shows what else there is."

test: $(VENV)/dev.stamp manifest ## lint, types, import contracts, dbt with its unit tests, pytest
	@$(MAKE) --no-print-directory --jobs 2 lint models
	@$(PYTEST) -m "not long"

test-long: $(VENV)/dev.stamp manifest lint-sql ## the tests that take minutes, and the style of the models
	@$(PYTEST) -m long

golden: $(VENV)/dev.stamp manifest ## write the golden marts anew (tests/golden); review the diff
	@$(BIN)/python -m tests.golden

mutants: $(VENV)/dev.stamp manifest ## break the models one way at a time: does a test notice? (some 20 minutes)
	@$(BIN)/python -m tests.mutants

lint: $(VENV)/dev.stamp manifest ## style and types of the Python code, import contracts
	@$(BIN)/ruff check --quiet --output-format concise
	@$(BIN)/ruff format --check --quiet || { echo "the files above are not formatted: run $(BIN)/ruff format" >&2; exit 1; }
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > target/lint-imports.log || { cat target/lint-imports.log >&2; exit 1; }

lint-sql: $(VENV)/dev.stamp models ## style of the models (a few minutes)
	@SCOREHOUSE_HOME=$(EMPTY_HOME) $(BIN)/sqlfluff lint --processes 1 dbt_project/models dbt_project/tests

models: manifest ## build the models on an empty home, with their unit tests
	@rm -rf $(EMPTY_HOME)
	@$(BIN)/python -c "from pathlib import Path; from ingestion import Home; Home(Path('$(EMPTY_HOME)')).prepare();\
 from orchestration.project import reuse_parsed; reuse_parsed(Path('target/empty'))"
	@$(EMPTY_DBT) build --target-path target/empty

ui: setup ## the orchestrator's web page on this machine, over HOME_DIR (default: demo)
	@$(BIN)/scorehouse ui --home $(HOME_DIR)

docs: models $(VENV)/dev.stamp ## offline pages: docs/site/dictionary.html and dbt's own docs/site/index.html
	@$(EMPTY_DBT) docs generate --static --target-path target/empty
	@$(BIN)/python -m docs.dictionary target/empty docs/site
	@$(BIN)/python -m docs.dictionary --count target/empty/manifest.json
	@echo "Open docs/site/dictionary.html (marts, columns and where they come from) or docs/site/index.html (dbt's pages)"

bench: $(VENV)/dev.stamp manifest ## what everything costs beside what else would do it, into README.md (hours; ARGS=--quick: minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(BIN)/uv ## resolve requirements/*.in again into hash-locked *.txt
	@for set in setup run s3 spark dev; do (cd requirements && ../$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header $$set.in -o $$set.txt) || exit 1; done

clean: ## remove what can be made again, the demo too; .venv stays
	@rm -rf target logs demo docs/site .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find ingestion orchestration reports tests -name __pycache__ -type d -prune -exec rm -rf {} +
