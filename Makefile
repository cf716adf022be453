# Plugfest: everything a user calls. Needs Python 3.11 or newer and nothing else.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: setup campaign test lint bench fuzz soak josev clean

setup: .venv/.ready

.venv/.ready: pyproject.toml requirements.lock
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing locked dependencies into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

campaign: setup
	$(BIN)/plugfest run --lab lab-configs/emulated-dc-v2g.yaml -n 2

test: setup
	$(BIN)/python -m pytest tests -q -n 3 --dist worksteal --ignore tests/campaign/test_resilience.py
	@echo "and those that keep the protocols' real timers, without neighbours:"
	$(BIN)/python -m pytest tests/campaign/test_resilience.py -q

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

.venv-josev/.ready: requirements-josev.lock
	$(PYTHON) -m venv .venv-josev
	.venv-josev/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r requirements-josev.lock
	@touch $@

clean:
	rm -rf .venv .venv-josev build *.egg-info
