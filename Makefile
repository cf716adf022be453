# Plugfest: everything a user calls. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: setup campaign test lint bench fuzz soak josev foreign clean

setup: .venv/.ready

.venv/.ready: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

campaign: setup
	$(BIN)/plugfest run --lab lab-configs/emulated-dc-v2g.yaml -n 2

REAL_TIME = tests/campaign/test_resilience.py tests/campaign/test_safe_state.py

test: setup
	$(BIN)/python -m pytest tests -q -n 3 --dist worksteal --ignore tests/foreign $(REAL_TIME:%=--ignore %)
	@echo "and those that keep real timers (of protocols, of the safe state), with one neighbour at the most:"
	$(BIN)/python -m pytest $(REAL_TIME) -q -n 2 --dist worksteal

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	@for script in tests/bench/*_bench.py; do $(BIN)/python $$script || exit 1; done

fuzz: setup
	@for script in tests/fuzz/*_fuzz.py; do $(BIN)/python $$script || exit 1; done

soak: setup
	@for script in tests/soak/*_soak.py; do $(BIN)/python $$script || exit 1; done

# An independent ISO 15118 stack as a peer (docs/foreign-stacks.md); its codec needs Java, running it needs root.
josev: .venv-josev/.ready

.venv-josev/.ready: drivers/foreign/requirements.lock
	$(PYTHON) -m venv .venv-josev
	.venv-josev/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r drivers/foreign/requirements.lock
	@touch $@

# Whole sessions against it, both ways; what is missing is told, and the tests that need it are skipped.
foreign: setup
	@if [ "$$(id -u)" = 0 ] && command -v java > /dev/null; then $(MAKE) --no-print-directory josev || true; fi
	$(BIN)/python -m pytest tests/foreign -q -rs

clean:
	rm -rf .venv .venv-josev build *.egg-info
