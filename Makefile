# Targets for people; every one sets up what it needs in .venv, with uv where it is installed and pip elsewhere.
PYTHON ?= python3
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
READY := .venv/ready
INSTALL = $(if $(shell command -v uv),uv pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

.DEFAULT_GOAL := help
.PHONY: help demo test lint types check-generated tests contract coverage mutants regenerate readme docs-check bench

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	@echo "setting up .venv (once)"
	@$(PYTHON) -m venv .venv || { $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@$(INSTALL) --constraint constraints.txt pip
	@$(INSTALL) --constraint constraints.txt --group dev --editable '.[all]'
	@touch $(READY)

demo: $(READY) ## show the maximum loans of three pairs, asked of the embedded mock exchange
	@$(BIN)/okx-maxloan show BTC-USDT ETH-USDT SOL-USDT --mode cross --mock

test: lint types check-generated tests contract ## everything that has to pass

lint: $(READY) ## ruff's rules and format
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet . && echo "lint: clean"

types: $(READY) ## mypy --strict and pyright
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

check-generated: $(READY) ## is generated/ what the spec says?
	@$(BIN)/python scripts/regenerate.py --check

tests: $(READY) ## the test suite
	@$(BIN)/python -m pytest --ignore tests/contract --durations 10

contract: $(READY) ## the contract tests, over ASGI and over a socket
	@$(BIN)/python -m pytest tests/contract
	@$(BIN)/python -m tests.contract.run_st spot
	@$(BIN)/python -m tests.contract.run_st futures

coverage: $(READY) ## every test once more, with the lines and branches that they miss
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

mutants: $(READY) ## change call, credentials, errors and rules bit by bit: what does no test notice?
	@$(BIN)/mutmut run
	@$(BIN)/mutmut results

regenerate: $(READY) ## generate the client from spec/openapi.yaml
	@$(BIN)/python scripts/regenerate.py

readme: $(READY) ## write the READMEs' tables and pictures anew
	@$(BIN)/python -m cogapp -r -I scripts -I generated -I . README.md README.zh.md
	@$(BIN)/python scripts/pictures.py

docs-check: $(READY) ## compare OKX's documentation with the spec: make docs-check PAGE=page.md
	@$(BIN)/python scripts/check_docs.py $(PAGE)

bench: $(READY) ## measure
	@$(BIN)/python scripts/bench.py
