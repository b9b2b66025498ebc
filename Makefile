# Everything below builds its own environment in .venv; all it needs is Python 3.11 or later.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint coverage bench chaos long clean

demo: $(STAMP)
	@$(BIN)/upswell demo

# most of the time of many tests is waiting; those that measure time come last, by themselves
test: lint
	$(BIN)/pytest -n auto --maxprocesses 4 --dist worksteal -m 'not long and not alone'
	$(BIN)/pytest -m alone

lint: $(STAMP)
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

coverage: $(STAMP)
	$(BIN)/pytest --cov --cov-report=term-missing:skip-covered

bench: $(STAMP)
	$(BIN)/upswell bench core

# the long form of tests/kafka/test_chaos.py: 50 faults, a million posts, three seeds; about half an hour
chaos: $(STAMP)
	$(BIN)/python -m tests.kafka.chaos --faults 50 --posts 1000000 --seeds 3

# the tests that are too long for every day: a full day of state, a day late with three workers, more seeds
long: $(STAMP)
	$(BIN)/pytest -m long

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

# a venv whose own Python works is kept; the stamp says that what pyproject.toml asks for is in it
$(STAMP): pyproject.toml
	@for python in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	    if "$$python" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        found=$$python; break; \
	    fi; \
	done; \
	if [ -z "$$found" ]; then \
	    echo "upswell needs Python 3.11 or later with its venv module, and found none on the PATH: install it" \
	         "(Debian, Ubuntu: apt-get install python3-venv; macOS: brew install python)" >&2; \
	    exit 1; \
	fi; \
	echo "installing upswell into $(VENV) with $$found (once; a minute or two)" >&2; \
	$(BIN)/python -c '' 2>/dev/null || "$$found" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@
