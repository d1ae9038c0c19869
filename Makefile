# Two commands: `make up` runs Minjing, `make test` passes the tests. Each does all its own set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: up setup test check journey bench faults lock clean

up: $(VENV)/.ready
	@exec $(BIN)/minjing up

setup: $(VENV)/.ready

# The environment from locked versions with hashes; made anew when the lock or the interpreter changes.
$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Minjing needs Python 3.11 or newer.")'
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
	  { echo "The venv module is missing. On Debian: apt-get install python3-venv"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@PYTHONWARNINGS=ignore $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# Side by side what asks only a database of its own; one after the other what drives a browser or kills processes
# (two houses with two browsers are slower side by side: they fill both cores, and clients lose their patience).
test: $(VENV)/.ready
	@sh tests/setup.sh
	$(BIN)/pytest -n 2 --dist loadfile -m "not journey and not fault"
	$(BIN)/pytest -m "journey or fault"
	@sh tests/postgres15.sh

check: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/minjing makemigrations --check --dry-run
	$(BIN)/minjing catalog lint

# The peers that a benchmark runs beside ours, in their own lock: running Minjing needs none of them.
$(VENV)/.peers: requirements/bench.txt $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bench.txt
	@touch $@

bench: $(VENV)/.peers
	$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY))

# The long run of what can go wrong: real processes killed FAULTS times, a million fuzz cases, every altered byte.
faults: $(VENV)/.ready
	FAULTS=$${FAULTS:-500} PAYMENTS=$${PAYMENTS:-10000} FUZZ_CASES=$${FUZZ_CASES:-1000000} FLIPS=$${FLIPS:-1000} \
	  $(BIN)/pytest tests/faults tests/verify minjing/kernel/ledger/tests/test_flips.py \
	    minjing/kernel/pay/tests/test_faults.py

LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile -q --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --allow-unsafe

# Resolve the versions anew; only when a dependency changes.
lock: $(VENV)/.ready
	$(LOCK) --extra dev --extra demo --extra face -o requirements/dev.txt pyproject.toml
	$(LOCK) --extra dev --extra demo --extra face --extra bench -c requirements/dev.txt -o requirements/bench.txt pyproject.toml

clean:
	rm -rf $(VENV) var
