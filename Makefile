# Everything starts from here. `make help` lists the targets.
# Needs Python 3.13 and make; the rest goes into .venv, by hash, from the lock files.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
CHECKOV_VENV := .venv-checkov
CHECKOV_READY := $(CHECKOV_VENV)/.ready
LOCKS := requirements-uv.txt requirements.txt layers/vendor/requirements.txt pyproject.toml
CODE := $(wildcard layers/core/flowport functions cli dev tests bench load)
TEMPLATES := template.yaml samples.yaml
# The same with the files of operations/ in their place, which linters do not look up.
INCLUDED := .aws-sam/included

export SAM_CLI_TELEMETRY := 0
# Linters and tests never mean a real account.
export AWS_EC2_METADATA_DISABLED := true
export AWS_DEFAULT_REGION ?= us-east-1
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: help
help: ## show the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# ---- on one's own machine ----------------------------------------------------------------------

.PHONY: run up down status env console sam-local
run: setup ## start everything here, call the samples, stay until Ctrl-C (which ends what it started)
	@$(BIN)/python -m dev run

up: setup ## the same in the background; writes .flowport/local.json
	@$(BIN)/python -m dev up

down: ## end what `make up` started; its data lives in memory and goes with it
	@if [[ -x $(BIN)/python ]]; then $(BIN)/python -m dev down; fi

status: setup ## what is running here, and where
	@$(BIN)/python -m dev status

env: ## what lets a shell mean it, `flowport` and AWS's tools included: eval "$(make -s env)"
	@$(BIN)/python -m dev env

console: setup ## build the console into its function's folder; `sam build` packs what lies there
	@$(BIN)/python -m dev console

sam-local: setup ## connect sam local with the engine of `make up`; leave it running
	@PYTHONPATH=layers/core $(BIN)/python -m tests.sam_local.connect

# ---- checks ------------------------------------------------------------------------------------

.PHONY: test test-unit test-console test-contract test-functional test-e2e test-sam-local
test: lint test-unit test-console test-contract test-functional test-e2e ## lint and every test level

test-unit: setup ## domain, use cases and dialects; sockets are off
	$(BIN)/pytest tests/unit --disable-socket --allow-unix-socket

test-console: setup ## the console's own logic, with Vitest
	@$(BIN)/python -m dev console-test

test-contract: setup ## each port's suite, on the fake and on moto
	$(BIN)/pytest tests/contract

test-functional: setup ## handlers with real event files; the local engine's tooling
	$(BIN)/pytest tests/functional tests/tooling

test-e2e: setup ## the deployed stack over HTTP, on an engine of its own (port 4567)
	$(BIN)/python -m dev e2e -- $(BIN)/pytest tests/e2e

test-sam-local: setup ## `sam local invoke` and `sam local start-api`, in real containers
	tests/sam_local/run

.PHONY: lint lint-code lint-templates format
lint: lint-code lint-templates ## ruff, mypy, sam validate, cfn-lint, checkov

lint-code: setup ## the quick half of it: ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(CODE)

lint-templates: setup $(CHECKOV_READY)
	mkdir -p $(INCLUDED)
	set -e; for template in $(TEMPLATES); do \
	  $(BIN)/sam validate --lint --template $$template; \
	  $(BIN)/python -m dev.included $$template > $(INCLUDED)/$$template; \
	done
	$(BIN)/cfn-lint $(TEMPLATES:%=$(INCLUDED)/%)
	$(CHECKOV_VENV)/bin/checkov --file $(TEMPLATES:%=$(INCLUDED)/%) | tee $(INCLUDED)/checkov.txt
	! grep "Parsing errors" $(INCLUDED)/checkov.txt # checkov ends well with a template that it could not read

format: setup ## put the code into shape
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

.PHONY: bench load pr
bench: setup ## what a call costs, side by side with the bare AWS call
	$(BIN)/python -m bench

# Options by LOAD, for example: make load LOAD="--calls 500 --clients 8 --seed 7"
load: setup ## 2,000 mixed calls from 32 clients on an engine of its own; counts what is lost, doubled or stuck
	@FLOWPORT_HOME=.flowport-load $(BIN)/python -m dev e2e -- $(BIN)/python -m load $(LOAD)

pr: ## what CI runs
	.ci/run

# ---- environment -------------------------------------------------------------------------------

.PHONY: setup lock clean
setup: $(READY) ## install what is needed into .venv

# uv comes by pip, everything else by uv: seconds instead of minutes. pip is the way
# out where uv cannot reach the package index that pip is configured for.
UV_INSTALL = $(BIN)/uv pip --quiet --system-certs
PIP = $(BIN)/python -m pip --quiet --disable-pip-version-check

$(READY): $(LOCKS) .python-version dev/python313
	@echo "setting up $(VENV)"
	@if [[ "$$($(BIN)/python -c 'import sys; print(*sys.version_info[:2])' 2>&1)" != "3 13" ]]; then \
	  python=$$(dev/python313) && "$$python" -m venv --clear $(VENV); \
	fi
	@$(PIP) install --require-hashes -r requirements-uv.txt
	@$(UV_INSTALL) sync --python $(BIN)/python --link-mode copy requirements.txt || \
	  $(PIP) install --require-hashes -r requirements.txt
	@$(UV_INSTALL) install --python $(BIN)/python --no-deps --no-build-isolation --editable . || \
	  $(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(CHECKOV_READY): requirements-checkov.txt | setup
	@echo "setting up $(CHECKOV_VENV)"
	@$(BIN)/python -m venv --clear --without-pip $(CHECKOV_VENV)
	@$(UV_INSTALL) sync --python $(CHECKOV_VENV)/bin/python --link-mode copy requirements-checkov.txt || \
	  $(PIP) --python $(CHECKOV_VENV)/bin/python install --require-hashes -r requirements-checkov.txt
	@touch $@

UV_COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --system-certs --universal \
  --python-version 3.13 --generate-hashes --no-emit-index-url $(LOCK_FLAGS)
lock: setup ## lock the dependencies anew (LOCK_FLAGS=--upgrade for newer ones)
	$(UV_COMPILE) requirements-uv.in -o requirements-uv.txt
	$(UV_COMPILE) pyproject.toml requirements.in requirements-uv.in layers/vendor/requirements.in -o requirements.txt
	$(UV_COMPILE) layers/vendor/requirements.in --constraints requirements.txt -o layers/vendor/requirements.txt
	$(UV_COMPILE) requirements-checkov.in -o requirements-checkov.txt
	$(UV_COMPILE) requirements-node.in -o requirements-node.txt

clean: down ## remove what building and running left behind (not .venv)
	@FLOWPORT_HOME=.flowport-test $(MAKE) down
	@FLOWPORT_HOME=.flowport-load $(MAKE) down
	rm -rf functions/console/static console/node_modules .aws-sam .flowport .flowport-test .flowport-load .flowport-bench bench/out load/out .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
