# Everything below builds its own environment in .venv; all it needs is Python 3.11 or later.
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

unexport PYTHONDONTWRITEBYTECODE  # or each process of the tests compiles all of them anew

.PHONY: demo check test compiled lint coverage bench chaos long mutations screenshots lock clean

demo: $(STAMP)
	@$(BIN)/upswell demo

# what a change is held to while it is made: format, lint, types, import rules and the tests that need nothing else;
# which those are, tests/conftest.py says
check: lint
	$(BIN)/pytest -q -n 2 --dist worksteal -m 'not long and not alone and not slow and not kafka and not browser'

# the tests as pytest compiles them, once, while mypy has but one of the cores: five processes would each do it at once
compiled: $(STAMP)
	-@$(BIN)/pytest -q --collect-only >/dev/null

# most of the time of many tests is waiting, so there are more at once than cores, in the order of tests/conftest.py;
# those that measure time come last, two at once: they wait most of the time, and each has a core
test: $(STAMP)
	@$(MAKE) --no-print-directory -j2 lint compiled
	$(BIN)/pytest -n 5 --dist loadfile --no-loadscope-reorder -m 'not long and not alone'
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m alone $$(grep -rlF --include='test_*.py' 'pytest.mark.alone' tests)

lint: $(STAMP)
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

coverage: $(STAMP)
	$(BIN)/pytest --cov --cov-report=term-missing:skip-covered

bench: $(STAMP)
	$(BIN)/python -m bench.core

# the long form of tests/kafka/test_chaos.py: 50 faults, a million posts, three seeds; about half an hour, and as long
# again with posts of now
chaos: $(STAMP)
	$(BIN)/python -m tests.kafka.chaos --faults 50 --posts 1000000 --seeds 3
	$(BIN)/python -m tests.kafka.chaos --live --faults 50 --seeds 3

# the tests that are too long for every day: a full day of state, a day late with three workers, more seeds, and a search
# for examples that nobody has tried
long: $(STAMP)
	$(BIN)/pytest -m long
	UPSWELL_TEST_SEARCH=1 $(BIN)/pytest -n auto --dist worksteal tests/archives tests/model tests/oracle tests/score tests/text tests/trends
	$(BIN)/python -m tests.kafka.fuzz_records --records 100000

# breaks rules of docs/invariants.md on purpose, one after the other, and runs the tests that must notice
mutations: $(STAMP)
	$(BIN)/python -m tests.mutations

# pictures of the pages for docs/pictures; needs /usr/bin/chromium
screenshots: $(STAMP)
	$(BIN)/python -m tests.screenshots

# requirements.txt: what the image installs, each file by its hash
lock: $(STAMP)
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --generate-hashes --strip-extras --allow-unsafe --build-deps-for wheel \
	    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --extra local --extra alerts --extra redis \
	    --output-file requirements.txt pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage

# a venv whose own Python works is kept; the stamp says that what pyproject.toml asks for is in it, and what is compiled
# is of the sources as they are
$(STAMP): pyproject.toml $(wildcard pipeline/*.c pipeline/*/*.[ch] agents/*/*.c schemas/*.[ch])
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
	echo "installing upswell into $(VENV) with $$found (a minute or two the first time)" >&2; \
	$(BIN)/python -c '' 2>/dev/null || "$$found" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,local,alerts,redis,plot,xlsx,parquet]'
	@touch $@
