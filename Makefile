# Two commands matter: `make demo` and `make test`. Both set up .venv by themselves.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready

# hnswlib compiles at install. Its default, -march=native, makes builds that crash on other processors; these flags run on
# every x86-64 since 2013 and are as fast. pip keeps what it has built, so the flags must be the same each time.
export HNSWLIB_NO_NATIVE := 1
ifeq ($(shell uname -m),x86_64)
export CXXFLAGS := -march=x86-64-v3
endif

# The tests start hundreds of processes, each of which would compile our modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test test-slow crash fuzz check lint types protos docs bench clean

help: ## Say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: $(READY) ## Import real photographs, search them, write a contact sheet
	$(BIN)/lookalike demo

test: $(READY) ## Run the tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

test-slow: $(READY) ## Run the slow tests, among them the conversion of the weights and the ancestor's numbers
	$(BIN)/pip install --quiet --editable ".[slow]"
	$(BIN)/python -m pytest -m slow --timeout 600

ROUNDS ?= 20
crash: $(READY) ## Kill a server again and again, at its worst moments: make crash [ROUNDS=200] [SEED=1]
	$(BIN)/python -m tests.crash --rounds $(ROUNDS) $(if $(SEED),--seed $(SEED))
	LOOKALIKE_EXAMPLES=$(ROUNDS) $(BIN)/python -m pytest tests/catalog/test_catalog_stateful.py --numprocesses 0 --timeout 0

SECONDS ?= 60
fuzz: $(READY) ## Decode damaged files in child processes: make fuzz [SECONDS=60] [SEED=1]
	$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

check: test lint types ## Everything that must be green before a commit

lint: $(READY) ## Lint Python and protos
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/buf lint protos

types: $(READY) ## Check types
	$(BIN)/mypy

protos: $(READY) ## Rewrite the committed stubs
	$(VENV)/protoc/bin/python protos/generate.py

docs: $(READY) ## Build the reference of the SDK: build/docs/index.html
	$(BIN)/python -W error docs/reference.py build/docs

bench: $(READY) ## Measure throughput, latency, mixed load, overload and leaving: make bench [PHOTOS=folder]
	$(BIN)/python -m benchmarks.speed $(PHOTOS)

clean: ## Remove everything that was made
	rm -rf $(VENV) dist .mypy_cache .ruff_cache .pytest_cache .hypothesis

# grpcio-tools wants an older protobuf than TensorFlow, hence an environment of its own. Its version is fixed because the
# stubs of 1.71.2 import beside protobuf 5.29 to 7, and those of later versions do not.
$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable ".[dev]"
	$(PYTHON) -m venv $(VENV)/protoc
	$(VENV)/protoc/bin/pip install --quiet grpcio-tools==1.71.2
	touch $@
