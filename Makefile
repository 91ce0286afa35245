# Every target builds the environment it needs, from pinned versions.
PYTHON ?= python3.11
VENV ?= .venv
LATEST ?= .venv-latest
OLDEST ?= .venv-oldest
BENCH ?= .venv-bench
FUZZ ?= .venv-fuzz
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PARALLEL := --numprocesses auto --dist worksteal

.PHONY: demo test test-latest test-oldest lint format bench bench-quick bench-speed fuzz clean

demo: $(READY)
	$(BIN)/python examples/digits.py --out demo

test: $(READY)
	$(BIN)/python -m pytest $(PARALLEL)

# The newest TensorFlow and Keras, without TensorFlow Compression.
test-latest: $(LATEST)/.ready
	$(LATEST)/bin/python -m pytest $(PARALLEL)

# The oldest Keras that is supported.
test-oldest: $(OLDEST)/.ready
	$(OLDEST)/bin/python -m pytest $(PARALLEL)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Size and accuracy of every method: hours, continued where it stopped. DATA is a directory with
# mnist.npz and cifar10_jpeg.tar.gz; Keras downloads what is not there.
bench: $(BENCH)/.ready
	$(BENCH)/bin/python benchmarks/plan.py $(if $(DATA),--data $(DATA)); status=$$?; \
	$(BENCH)/bin/python benchmarks/report.py && exit $$status

# LeNet-300-100 with a few methods in minutes.
bench-quick: $(BENCH)/.ready
	$(BENCH)/bin/python benchmarks/plan.py --quick $(if $(DATA),--data $(DATA)); status=$$?; \
	$(BENCH)/bin/python benchmarks/report.py && exit $$status

# Time and memory of training, conversion and coding.
bench-speed: $(READY)
	$(BIN)/python benchmarks/training_step.py
	$(BIN)/python benchmarks/conversion.py
	$(BIN)/python benchmarks/coding_speed.py
	$(BIN)/python benchmarks/cost_growth.py
	$(BIN)/python benchmarks/cost_plots.py

# Damaged files for all decoders, then FUZZ_SECONDS for each of two coverage-guided fuzzers, which
# need atheris, in an environment of its own, and clang; what cannot be run is named.
FUZZ_SECONDS ?= 600
FUZZ_COUNT ?= 100000
fuzz: $(READY)
	-$(MAKE) $(FUZZ)/.ready
	$(BIN)/python fuzz/session.py --seconds $(FUZZ_SECONDS) --count $(FUZZ_COUNT) \
		--atheris $(FUZZ)/bin/python

$(READY): requirements/dev.txt
$(BENCH)/.ready: requirements/bench.txt requirements/dev.txt
$(LATEST)/.ready: requirements/latest.txt
$(OLDEST)/.ready: requirements/oldest.txt
$(FUZZ)/.ready: requirements/fuzz.txt

%/.ready: setup.py $(wildcard keras_ec/c_decoder/*)
	$(PYTHON) -m venv $*
	$*/bin/python -m pip install --quiet --requirement $(firstword $(filter %.txt,$^))
	$*/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) $(LATEST) $(OLDEST) $(BENCH) $(FUZZ) .venv-nncodec .venv-quantizer build dist *.egg-info
