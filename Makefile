# Two commands for a newcomer: `make run` (everything, on a sample shop) and `make test`. `make check` before a commit;
# CI runs `make lint types lint-sql test-all`.

SHELL := /bin/bash
PYTHON ?= python3
VENV := $(CURDIR)/.venv
BIN := $(VENV)/bin
export FAIRLEAD_HOME ?= $(CURDIR)/.fairlead
export PATH := $(BIN):$(PATH)

# Python keeps what it has compiled, whatever an image says: the next command, and each worker of the tests, is spared it.
unexport PYTHONDONTWRITEBYTECODE

# A warehouse forces each commit to the disk, and the tests make some thousand: memory is their disk where 8 GB of it are
# free and programs may run from it.
TEST_DISK := $(shell awk '/^MemAvailable/ && $$2 > 10000000 {print "enough"}' /proc/meminfo 2>/dev/null \
  | grep -q enough && [ "$$(df -Pk /dev/shm | awk 'END {print $$4}')" -gt 8000000 ] \
  && ! grep -q '^[^ ]* /dev/shm .*noexec' /proc/mounts && echo /dev/shm)

# two workers; the tests of a file, which share what they build, stay with one
PYTEST = $(if $(TEST_DISK),TMPDIR=$(TEST_DISK)) $(BIN)/pytest -n 2 --dist loadgroup --no-loadscope-reorder  # the order of conftest: long nights first

FIRST_DAY := 2024-09-30
NIGHT_1 := 2026-03-28
NIGHT_2 := 2026-03-29
PEOPLE ?= 5000
HISTORY_END := 2026-03-27

.PHONY: install run demo-home demo-history up test test-all test-times test-postgres test-airflow test-spark check lint format types lint-sql bench bench-activation clean
.DEFAULT_GOAL := run

install: $(VENV)/.installed

# Compiled here (a minute and a half): a process that may not write would do it again.
$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Fairlead needs Python 3.11 or newer: make PYTHON=python3.12 install"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

include airflow.mk

# The sample shop's two nights start afresh each time; a home that is not the sample's is never touched.
run: install demo-home
	@$(MAKE) --no-print-directory -j 2 airflow-init demo-history
	$(MAKE) --no-print-directory nights
	fairlead summary --day $(NIGHT_2)

demo-history:
	fairlead sample --people $(PEOPLE)
	fairlead pull --from $(FIRST_DAY) --to $(HISTORY_END)

demo-home:
	@if [ -e "$(FAIRLEAD_HOME)/.sample" ]; then rm -rf "$(FAIRLEAD_HOME)"; \
	elif [ -n "$$(ls -A "$(FAIRLEAD_HOME)" 2>/dev/null)" ]; then \
	  echo "$(FAIRLEAD_HOME) is not empty and not the sample's: set FAIRLEAD_HOME to an empty folder for make run"; exit 2; fi
	@umask 077; mkdir -p "$(FAIRLEAD_HOME)" && touch "$(FAIRLEAD_HOME)/.sample"

HERE = -m "not postgres and not airflow and not spark"  # all that needs no server of another

test: install
	$(PYTEST) $(HERE)

# Airflow mostly waits, so Sail builds beside it
test-all: test test-postgres
	$(MAKE) -j2 --output-sync=target test-airflow test-spark

# with the slowest thirty at the end: the table of docs/reference/tests.md
test-times: install
	$(PYTEST) $(HERE) -q --durations=30 --durations-min=0.5

test-postgres: install
	$(PYTEST) -m postgres

# one at a time: each of these starts a whole Airflow, and waits for it
test-airflow: install
	$(BIN)/pytest -m airflow

# Sail comes with the other packages; it builds in a process of its own beside the test
test-spark: install
	$(if $(TEST_DISK),TMPDIR=$(TEST_DISK)) $(BIN)/pytest -m spark

check: lint types lint-sql test

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/yamllint --strict .

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

types: install
	$(BIN)/mypy

lint-sql: install
	cd dbt_project && $(BIN)/sqlfluff lint models

bench: install
	$(BIN)/python -m bench

# installs drt and dlt into environments of their own, outside the repository
bench-activation: install
	$(BIN)/python -m bench.activation

clean:
	rm -rf "$(FAIRLEAD_HOME)" $(VENV) bench/results
