# Every target builds the environment it needs, from pinned versions.
PYTHON ?= python3.11
VENV ?= .venv
LATEST ?= .venv-latest
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test test-latest lint format bench fuzz clean

demo: $(READY)
	$(BIN)/python examples/digits.py --out demo

test: $(READY)
	$(BIN)/python -m pytest

# The newest TensorFlow and Keras, without TensorFlow Compression.
test-latest: $(LATEST)/.ready
	$(LATEST)/bin/python -m pytest

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/conversion.py
	$(BIN)/python benchmarks/coding_speed.py

# FUZZ_SECONDS for each of the two coverage-guided fuzzers, which need atheris and clang.
FUZZ_SECONDS ?= 600
FUZZ_COUNT ?= 100000
fuzz: $(READY)
	-$(BIN)/python -m pip install --quiet --requirement fuzz/requirements.txt
	$(BIN)/python fuzz/session.py --seconds $(FUZZ_SECONDS) --count $(FUZZ_COUNT)

$(READY): requirements/dev.txt
$(LATEST)/.ready: requirements/latest.txt

%/.ready: setup.py
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --requirement $(filter %.txt,$^)
	$*/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) $(LATEST) build dist *.egg-info
