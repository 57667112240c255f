# Every target sets up what it needs in .venv, from the pinned lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH := $(VENV)/.bench
CROSSCHECK := $(VENV)/.crosscheck

.PHONY: demo test test-slow check bench lock data clean

$(STAMP): requirements/dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/codewarrant code examples/*.json

# durable-rules calls a function by a name that Python 3.13 no longer has; 3.11 and 3.12 know both.
# Without a C compiler the tests of the cross-check are skipped, and say why.
$(CROSSCHECK): requirements/crosscheck.txt $(STAMP)
	CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/crosscheck.txt \
	  && touch $(CROSSCHECK) \
	  || echo "durable-rules cannot be built here: the tests of the cross-check are skipped"

test: $(CROSSCHECK)
	$(BIN)/python -m pytest -n 2

test-slow: $(CROSSCHECK)
	$(BIN)/python -m pytest -m slow

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports

$(BENCH): requirements/bench.txt $(STAMP)
	CPPFLAGS=-DPyEval_CallObject=PyObject_CallObject $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	touch $(BENCH)

bench: $(BENCH)
	mkdir -p build
	$(BIN)/python -m pytest benchmarks --benchmark-only -m "not slow" -p no:xdist --benchmark-json=build/benchmarks.json
	$(BIN)/python benchmarks/report.py build/benchmarks.json

lock: $(STAMP)
	$(BIN)/python scripts/lock.py

clean:
	rm -rf $(VENV) build dist
