# Every target makes .venv when it is missing; nothing else needs to be installed first than Python 3.11 or newer.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
PACKAGES := judges rewards trainers benchmarks cli
# One thread a process: several threads on a busy machine are much slower than one.
export OMP_NUM_THREADS ?= 1
export TOKENIZERS_PARALLELISM ?= false
export TRL_EXPERIMENTAL_SILENCE ?= 1
export HF_HUB_DISABLE_TELEMETRY ?= 1
# Simulators draw nothing, so that no display is needed.
export MUJOCO_GL ?= disabled

# Tests on as many processes (`make test WORKERS=8`); a file stays on one, for what its tests share is made once.
WORKERS ?= 2

.PHONY: demo check test lint types bench clean format

demo: $(READY)
	$(BIN)/jurybox demo

check: lint types
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadfile -m "not slow"

test: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(READY)
	MYPYPATH=typings $(BIN)/mypy $(PACKAGES:%=-p jurybox.%)

bench: $(READY)
	$(BIN)/python -m jurybox.benchmarks --all --quick

clean:
	rm -rf .venv build dist runs *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "jurybox needs Python 3.11 or newer: make PYTHON=python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "installing into .venv, once: some minutes"
	$(BIN)/python -m pip install --quiet -c constraints.txt 'torch==2.13.0'
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	touch $@
