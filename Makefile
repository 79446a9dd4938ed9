# Each target sets up what it needs. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help

REPO ?= .
WORKFLOW ?= health-check
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

.PHONY: help setup run up down test lint format images bench quality screenshots generate clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# The stamps make a second call instant: only a changed lock sets anything up again.
$(VENV)/.synced: uv.lock pyproject.toml deployments/images/semgrep.txt
	@uv="$(UV)"; \
	if [ -z "$$uv" ]; then \
	  uv=$(VENV)/uv/bin/uv; \
	  if [ ! -x $$uv ]; then \
	    fresh=$$(mktemp -d) && python3 -m pip install --quiet --target $$fresh "uv>=0.9" \
	    && $$fresh/bin/uv venv --quiet --allow-existing $(VENV) && mv $$fresh $(VENV)/uv || exit 1; \
	  fi; \
	fi; \
	set -e; \
	"$$uv" sync --quiet --locked --all-extras --inexact; \
	"$$uv" pip install --quiet --python $(BIN)/python --no-deps --require-hashes \
	  --target $(VENV)/semgrep -r deployments/images/semgrep.txt; \
	touch $@

setup: $(VENV)/.synced ## Set up the locked environment in .venv, nothing else

images: setup ## Build the agent image (needs a Docker engine)
	@$(BIN)/dockyard images

run: setup ## Check a repository: make run [REPO=path-or-url] [WORKFLOW=name] [ARGS="--fail-on critical"]
	@$(BIN)/dockyard images --if-engine >/dev/null
	@$(BIN)/dockyard run "$(WORKFLOW)" --repository "$(REPO)" --wait $(ARGS)

up: setup ## Start the page, the local Prefect server and a worker
	@$(BIN)/dockyard images --if-engine >/dev/null
	@$(BIN)/dockyard up

down: setup ## Stop the page, the local Prefect server and the worker
	@$(BIN)/dockyard down

lint: setup ## Formatting, lint, types, layers, workflow files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/dockyard lint deployments/workflows

format: setup ## Format the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

test: lint ## Everything: lint, types, layers, units, integration, browser
	@$(BIN)/python -m pytest -n auto --ignore tests/integration --ignore tests/browser
	@$(BIN)/python -m pytest tests/integration
	@$(BIN)/python -m pytest tests/browser

bench: setup ## Times beside the bare thing each wraps (medians)
	@$(BIN)/dockyard images --if-engine >/dev/null
	@$(BIN)/python -m tests.bench.bench $(ARGS)

# Specialists to compare with. Where they can't be installed the run says so and measures the rest.
$(VENV)/quality/.synced: tests/quality/requirements.txt | $(VENV)/.synced
	@uv="$(UV)"; [ -n "$$uv" ] || uv=$(VENV)/uv/bin/uv; \
	if "$$uv" venv --quiet --allow-existing $(VENV)/quality \
	  && "$$uv" pip install --quiet --python $(VENV)/quality/bin/python -r $<; then touch $@; fi

quality: setup $(VENV)/quality/.synced ## Precision and recall on labelled samples: make quality [ARGS="--misses --json FILE"]
	@$(BIN)/python -m tests.quality.quality $(ARGS)

SCREENSHOTS ?= build/screenshots
screenshots: setup ## A picture of every tab of the page, over the newest finished run: make screenshots [SCREENSHOTS=folder]
	@$(BIN)/python -m tests.browser.screenshots "$(SCREENSHOTS)"

generate: setup ## Write generated files anew: requirements of the images, tables in the docs
	@uv="$(UV)"; for extra in engines hub; do \
	  "$${uv:-$(VENV)/uv/bin/uv}" export --quiet --locked --extra $$extra --no-dev --no-emit-project --no-header \
	    --no-annotate --output-file deployments/images/$$extra.txt || exit 1; \
	done
	@$(BIN)/python docs/generate.py
	@$(BIN)/python docs/generate_workflows.py

clean: ## Remove the environment and caches
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
