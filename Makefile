# Targets for people; every one sets up what it needs in .venv, with uv where it is installed and pip elsewhere.
PYTHON ?= python3
BIN := $(if $(filter Windows_NT,$(OS)),.venv/Scripts,.venv/bin)
READY := .venv/ready
INSTALL = $(if $(shell command -v uv),uv pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet --disable-pip-version-check)

.DEFAULT_GOAL := help
.PHONY: help demo test lint types check-generated tests contract fuzz stress coverage mutants regenerate guide docs docs-test docs-check bench

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

.venv/demo: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "Python 3.11 or later is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	@echo "setting up .venv (once)"
	@$(PYTHON) -m venv .venv || { $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python $(BIN)/python install --quiet pip; }
	@$(INSTALL) --constraint constraints.txt --editable '.[cli]'
	@touch .venv/demo

$(READY): .venv/demo
	@echo "adding the development tools to .venv (once)"
	@$(INSTALL) --constraint constraints.txt pip
	@$(INSTALL) --constraint constraints.txt --group dev --editable '.[all]'
	@touch $(READY)

demo: .venv/demo ## show the maximum loans of three pairs, asked of the embedded mock exchange
	@$(BIN)/okx-maxloan show BTC-USDT ETH-USDT SOL-USDT --mode cross --mock

test: lint types check-generated tests fuzz ## everything that has to pass

lint: $(READY) ## ruff's rules and format, spelling and retired words
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .
	@$(BIN)/codespell -D - -D scripts/retired_words.txt okx_maxloan_sdk scripts tests spec docs *.md pyproject.toml Makefile && echo "lint: clean"

types: $(READY) ## mypy --strict and pyright
	@$(BIN)/mypy
	@$(BIN)/pyright --pythonpath $(BIN)/python

check-generated: $(READY) ## is generated/ what the spec says?
	@$(BIN)/python scripts/regenerate.py --check

tests: $(READY) ## the test suite, in four processes: for half of its time it waits for sockets and processes
	@$(BIN)/python -m pytest -n 4 --dist worksteal --durations 10

contract: $(READY) fuzz ## the contract tests and the fuzzer
	@$(BIN)/python -m pytest tests/contract

fuzz: $(READY)
	@$(BIN)/python -m tests.contract.run_st spot
	@$(BIN)/python -m tests.contract.run_st futures

stress: $(READY) ## ten times as many cancellations and signals as `make tests` has
	@OKX_STRESS=10 $(BIN)/python -m pytest tests/test_interruption.py

# Without tests that run nothing of the package, measure time or memory, or interrupt it between any two instructions.
UNTRACED := $(addprefix --ignore tests/,docs_watch codegen e2e test_adopt_report.py test_regenerate.py test_spec.py \
	test_bench.py test_interruption.py) --deselect tests/test_batching.py::test_memory \
	--deselect tests/test_batching.py::test_deadline_of_100_000_pairs

coverage: $(READY) ## the tests of the package once more, with the lines and branches that they miss
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -n 4 --dist worksteal $(UNTRACED)
	@$(BIN)/python -m coverage combine --quiet
	@$(BIN)/python -m coverage report

mutants: $(READY) ## change the core and the mock exchange piece by piece: what does no test notice? (about 40 minutes)
	@$(BIN)/python scripts/mutants.py

regenerate: $(READY) ## generate the client from spec/openapi.yaml
	@$(BIN)/python scripts/regenerate.py

guide: $(READY) ## write the tables of the READMEs and the guide anew
	@$(BIN)/python -m cogapp -r -I scripts -I generated -I . README.md README.zh.md docs/en/*.md docs/zh/*.md

docs: $(READY) ## build the guide's site in site/, in both languages
	@for lang in en zh; do NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --config-file docs/mkdocs.$$lang.yml || exit 1; done
	@echo "open site/en/index.html or site/zh/index.html by a server: $(BIN)/python -m http.server --directory site"

docs-test: docs ## open the site in headless Chromium
	@$(BIN)/python -m pytest tests/e2e/site.py

docs-check: $(READY) ## compare OKX's documentation with the spec: make docs-check PAGE=page.md
	@$(BIN)/python scripts/check_docs.py $(PAGE)

bench: $(READY) ## measure
	@$(BIN)/python scripts/bench.py
