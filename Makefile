# Every target sets itself up: `make quickstart` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
QUICKSTART_OPTIONS ?=

.PHONY: setup quickstart test lint bench constraints clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit(f"make: expected Python 3.11 to 3.13, $(PYTHON) is {v[0]}.{v[1]}; name another: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "make: $(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

quickstart: setup
	$(BIN)/genrekit quickstart $(QUICKSTART_OPTIONS)

test: setup lint
	$(BIN)/python -m pytest

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

bench: setup
	$(BIN)/genrekit figures out/runs --out bench/results/figures.json
	$(BIN)/genrekit bench out/models/*.tflite out/models/*.onnx --data out/corpus --baseline --out out/bench-baseline.json --html out/bench-baseline.html

# After changing dependencies: install them without constraints, then write down what was installed.
constraints:
	$(PYTHON) -m venv $(VENV)-unconstrained
	$(VENV)-unconstrained/bin/python -m pip install --quiet --editable ".[dev]"
	$(VENV)-unconstrained/bin/python -m pip freeze --exclude-editable > constraints.txt
	rm -r $(VENV)-unconstrained

clean:
	rm -rf $(VENV) build dist *.egg-info
