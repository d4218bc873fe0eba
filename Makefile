# Every target sets itself up: `make quickstart` and `make test` are all that a fresh machine needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
NATIVE := $(VENV)/.native
CROSS := $(VENV)/.cross
BROWSER := $(VENV)/.browser
QUICKSTART_OPTIONS ?=
SOAK_HOURS ?= 24
FUZZ_MUTANTS ?= 2000
FUZZ_SEED ?= $(shell date +%s)
FUZZ_MINUTES ?= 20
FUZZ_C_MINUTES ?= 10
PROCESSES := -n 2

.PHONY: setup quickstart test test-all lint bench results fuzz fuzz-c soak coverage mutants licences wheels test-arm64 test-cortex-m test-browser constraints clean

setup: $(INSTALLED) $(NATIVE)

$(INSTALLED): pyproject.toml setup.py constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 14) or sys.exit(f"make: expected Python 3.11 to 3.14, $(PYTHON) is {v[0]}.{v[1]}; name another: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "make: $(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@

# The front end in C, anew where it has changed; without a compiler numpy does its work.
$(NATIVE): $(INSTALLED) runtime/native_build.py $(wildcard runtime/c/*)
	@$(BIN)/python -m genrekit.runtime.native_build || true
	@touch $@

# A C compiler for every platform.
$(CROSS): $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt --editable ".[cross]"
	@touch $@

# What drives Chromium in tests.
$(BROWSER): $(INSTALLED)
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt playwright
	@touch $@

quickstart: setup
	$(BIN)/genrekit quickstart $(QUICKSTART_OPTIONS)

test: setup lint
	$(BIN)/python -m pytest $(PROCESSES)

# Also what takes long or installs packages from an index.
test-all: setup $(CROSS) lint
	$(BIN)/python -m pytest $(PROCESSES) -m ""

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/python tests/typecheck.py
	$(BIN)/python tests/lint_c.py

# What genrekit promises, beside the targets; then every file of the quickstart beside Keras. On a quiet machine.
bench: out/bench.json out/c/parity.json
	PYTHONPATH=. $(BIN)/python -m tests.ratios out/runs --out results/promises.json
	$(BIN)/genrekit bench out/models/*.tflite out/models/*.onnx out/c/*-c --data out/corpus --baseline \
		--out results/bench.json --html results/bench.html

# README's table and pictures, and the results that they come from. On a quiet machine; the pictures need Chromium.
results: out/c/parity.json $(CROSS) $(BROWSER)
	$(BIN)/genrekit bench out/models/*.tflite out/models/*.onnx out/c/*-c --data out/corpus --rounds 3 --paced-calls 3 \
		--out results/quickstart.json --html results/report.html
	$(BIN)/genrekit report results/quickstart.json --into README.md
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1100,1450 \
		--screenshot=results/report.png results/report.html
	$(BIN)/genrekit export out/runs/cnn --target web --precision int8 --out out/models
	$(BIN)/python -m tests.browser.picture out/models/cnn-int8.html results/live.png

out/bench.json: | setup
	$(BIN)/genrekit quickstart --out out

# First fuzz-c; then the properties of streams and of raw PCM, and of C beside numpy, with ten thousand examples each, others every time; damaged copies of the files
# of the quickstart, FUZZ_MUTANTS of each format; commands that are killed at random moments, for FUZZ_MINUTES.
fuzz: fuzz-c out/bench.json
	$(BIN)/python -m pytest tests/runtime --hypothesis-profile fuzz -k "any_chunks or flush or any_pieces or as_in_numpy"
	GENREKIT_FUZZ_MUTANTS=$(FUZZ_MUTANTS) GENREKIT_FUZZ_SEED=$(FUZZ_SEED) GENREKIT_FUZZ_MODELS=out/models \
		$(BIN)/python -m pytest tests/fuzz -s -m ""
	$(BIN)/python -m tests.fuzz.kills --minutes $(FUZZ_MINUTES)

# The C under libFuzzer and sanitizers, FUZZ_C_MINUTES for the front end and as long for classifiers and layers, of models
# that have every layer; inputs that lead far are kept in out/fuzz-c and out/fuzz-c-classifier.
FUZZED := -std=c99 -O1 -g -fsanitize=fuzzer,address,undefined,float-cast-overflow -fno-sanitize-recover=all -Iruntime/c
FUZZ_OPTIONS := -max_len=600 -verbosity=0 -print_final_stats=1 -artifact_prefix=out/fuzz-c-
fuzz-c: setup
	mkdir -p out/fuzz-c out/fuzz-c-classifier out/fuzz-c-models
	$(BIN)/python -m tests.c_nets out/fuzz-c-models
	if command -v clang > /dev/null; then \
		time=-max_total_time=$$(($(FUZZ_C_MINUTES) * 60)); \
		clang $(FUZZED) tests/c/fuzz.c runtime/c/*.c -lm -o out/fuzz-c.bin && \
		clang $(FUZZED) -Iout/fuzz-c-models tests/c/fuzz_classifier.c out/fuzz-c-models/*.c runtime/c/*.c runtime/c/*/*.c \
			-lm -o out/fuzz-c-classifier.bin && \
		out/fuzz-c.bin $$time $(FUZZ_OPTIONS) out/fuzz-c && \
		out/fuzz-c-classifier.bin $$time $(FUZZ_OPTIONS) out/fuzz-c-classifier; \
	else echo "the C is not fuzzed: no clang"; fi

# The models of the quickstart as folders of C.
out/c/parity.json: | out/bench.json
	for model in mlp mlp-regularized cnn lstm; do $(BIN)/genrekit export out/runs/$$model --out out/c --target c || exit 1; done

# Simulated hours of audio through the models of the quickstart, by both forms of the front end, and through folders of C;
# then ten minutes of a served stream.
soak: setup out/c/parity.json
	for form in numpy native; do GENREKIT_FRONT_END=$$form $(BIN)/python tests/soak.py \
		out/models/cnn-int8.tflite out/models/cnn-float32.onnx --hours $(SOAK_HOURS) || exit 1; done
	$(BIN)/python tests/soak.py out/c/cnn-int8-c out/c/cnn-float32-c --hours $(SOAK_HOURS)
	$(BIN)/python tests/soak_serve.py out/models/cnn-int8.tflite

# Lines of the runtime that no test of it runs.
coverage: setup
	$(BIN)/python -m pytest $(PROCESSES) tests/runtime --cov=runtime --cov-report=term-missing:skip-covered --cov-fail-under=95

# Small changes of the runtime that no test notices.
mutants: setup
	$(BIN)/python tests/mutants.py postprocess mfcc_stream classifier mfcc front_end native c_tables numpy_frames \
		audio/files audio/sizes audio/pcm

# Of all that is installed, whatever extra brought it.
licences: setup
	$(BIN)/pip-licenses --from=mixed --order=license

# One for each platform, whatever machine this is, and the pure one.
wheels: setup $(CROSS)
	rm -f dist/genrekit-*.whl
	$(BIN)/python .ci/wheels.py dist

# On Debian, as root; the root in .arm64 is kept for the next run. CPU=cortex-a76 emulates a Raspberry Pi 5, not a 4.
test-arm64: setup $(CROSS) out/c/parity.json
	$(BIN)/python -m tests.arm64.front_end out/c/cnn-float32-c out/c/cnn-int8-c out/c/lstm-int8-c
	tests/arm64/make_root.sh .arm64 $(BIN)/python
	$(BIN)/python tests/arm64/compare.py .arm64/root

# Folders of C on boards that QEMU emulates, of models that keep no log-mels: what they take, and whether they are right.
test-cortex-m: setup
	$(BIN)/genrekit corpus make out/cortex-m/corpus --tracks-per-genre 12
	$(BIN)/genrekit train cnn --data out/cortex-m/corpus --out out/cortex-m/speech --front-end speech --epochs 8
	$(BIN)/genrekit train cnn --data out/cortex-m/corpus --out out/cortex-m/music --top-db none --epochs 8
	$(BIN)/genrekit export out/cortex-m/speech/cnn --out out/cortex-m/speech --target c --precision int8
	$(BIN)/genrekit export out/cortex-m/music/cnn --out out/cortex-m/music --target c --precision int8
	$(BIN)/python -m tests.cortex_m out/cortex-m/speech/cnn-int8-c out/cortex-m/music/cnn-int8-c

# The live page, and every file in the runtimes of others, in Chromium: apt install chromium npm.
test-browser: setup $(CROSS) $(BROWSER)
	$(BIN)/python -m pytest -m "" tests/browser

# After changing dependencies: install them without constraints, then write down what was installed, for this Python.
constraints:
	$(PYTHON) -m venv $(VENV)-unconstrained
	$(VENV)-unconstrained/bin/python -m pip install --quiet --editable ".[dev,cross]" playwright
	$(VENV)-unconstrained/bin/python -m pip freeze --all --exclude pip --exclude-editable > $(VENV)-unconstrained/frozen.txt
	$(VENV)-unconstrained/bin/python .ci/constraints.py < $(VENV)-unconstrained/frozen.txt
	rm -r $(VENV)-unconstrained

clean:
	rm -rf $(VENV) build dist *.egg-info
