# One-line aliases; the logic is in gwctl, in scripts/ and in the test suite.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: docs up down setup hammer lint test scan scanners terragrunt

up: .venv/.runtime portkey/node_modules  ## set up, start the gateway in the background, send one streamed request
	$(BIN)/gwctl up --detach --try

down:  ## stop the gateway
	$(BIN)/gwctl down

setup: .venv/.dev portkey/node_modules requirements/node/node_modules tests/clients/node_modules  ## everything the tests need, into this checkout

.venv/.build: requirements/build.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	touch $@

.venv/.runtime: .venv/.build requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/runtime.txt
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

.venv/.dev: .venv/.runtime requirements/dev.txt
	$(BIN)/uv pip install --quiet --require-hashes -r requirements/dev.txt
	touch $@

%/node_modules: %/package-lock.json | .venv/.runtime
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm ci --prefix $* --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

.tools/scan/.done: requirements/scan.txt .venv/.build
	$(BIN)/uv venv --quiet --allow-existing --python $(BIN)/python .tools/scan
	$(BIN)/uv pip install --quiet --require-hashes --python .tools/scan/bin/python -r requirements/scan.txt
	touch $@

scanners: .tools/scan/.done  ## the scanners, into .tools
	scripts/install-tools gitleaks actionlint tflint crane

terragrunt:  ## what `gwctl deploy` drives, into .tools; the tests of a whole deploy need it
	scripts/install-tools terragrunt

scan: scanners  ## every scanner over the tree; `scripts/scan NAME` runs one
	scripts/scan

hammer: setup  ## many clients against hard budgets: prints overshoot and false refusals
	$(BIN)/python -m tools.bench

lint: setup  ## formatting, lint and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/node requirements/node/node_modules/pyright/index.js --warnings

test: lint  ## everything; GWCTL_TESTS_REQUIRE_ALL=1 turns a skip for a missing tool into a failure
	scripts/test

docs: setup  ## all documents as a site that needs no network, in dist/site
	$(BIN)/gwctl docs site
