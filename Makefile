# One environment in .venv, grown as far as a target needs it. A stamp file says how far it is, so a second run starts at once.
# Windows, and anyone without make: the README has the same in two lines.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV := .venv
BIN := $(VENV)/bin
PEERS := tests/peers/node_modules/.package-lock.json
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# What the learning side reads and writes: `make data SOURCES=~/breaks`, then `make train`, then `make export`.
SOURCES ?=
# Loops that no training image used, for `make evaluate`.
LOOPS ?=
DATA ?= data/mine
RUN ?= runs/mine
MODEL ?= $(RUN).onnx
PRESET ?= hifi
COUNT ?= 10000
# How long `make soak` lasts.
MINUTES ?= 30
# Further options of the command behind a target: `make play ARGS="--bpm 174"`.
ARGS ?=

.PHONY: help demo play patches train-env test peers lint bench bench-long rig soak torture data train export evaluate guide-pictures clean
.DEFAULT_GOAL := help

help:
	@echo "make demo       set up, and play a recorded performance into demo/performance.wav"
	@echo "make play       set up, and play live (ARGS=\"--bpm 174\")"
	@echo "make train-env  add what training needs to $(VENV)"
	@echo "make data       build training images from SOURCES=folder-of-loops into DATA=$(DATA)"
	@echo "make train      train on DATA into RUN=$(RUN), from the shipped model on (ARGS=\"--minutes 60\")"
	@echo "make export     make MODEL=$(MODEL) of RUN"
	@echo "make evaluate   measure the shipped models beside the bars and their cards (SOURCES=, LOOPS=: other sounds)"
	@echo "make patches    write the Max and Pure Data patches anew from the bridge's table"
	@echo "make guide-pictures  draw the pictures of docs/guide anew, after a change of patches, maps or model"
	@echo "make test       run the tests (ARGS=\"-k limiter\")"
	@echo "make peers      only the tests beside senders and readers that are not ours"
	@echo "make lint       ruff and mypy"
	@echo "make bench      measure the speed beside librosa and torch, and from the knob to the ear (ten minutes)"
	@echo "make bench-long the same with 500 turns a cell and a knob that turns for five minutes"
	@echo "make rig        measure whether it is on the one behind jack_midi_clock and Ableton Link (twenty minutes)"
	@echo "make soak       random controls beside a load on every core (MINUTES=30)"
	@echo "make torture    the kills and the fuzzing at full count"

demo: $(VENV)/.runtime
	$(BIN)/python demo/run.py $(ARGS)

play: $(VENV)/.runtime
	$(BIN)/vamen play $(ARGS)

train-env: $(VENV)/.train

data: $(VENV)/.train
	@test -n "$(SOURCES)" || { echo "make data: say where the loops are, as in make data SOURCES=~/breaks"; exit 2; }
	$(BIN)/python -m training.breaks $(SOURCES) --out $(DATA) --count $(COUNT) --preset $(PRESET) --seed 0 $(ARGS)

train: $(VENV)/.train
	$(BIN)/python -m training.train $(DATA) --out $(RUN) $(ARGS)

export: $(VENV)/.train
	$(BIN)/python -m export $(RUN)/checkpoint.pt $(MODEL) --data $(DATA) $(ARGS)

evaluate: $(VENV)/.train
	$(BIN)/python -m training.evaluate_shipped $(SOURCES) $(if $(LOOPS),--loops $(LOOPS)) $(ARGS)

patches: $(VENV)/.dev
	$(BIN)/python -m max_patches.generate

test: $(VENV)/.dev $(PEERS)
	$(BIN)/python -m tests.suite $(ARGS)

peers: $(VENV)/.link $(PEERS)
	.ci/own_network $(BIN)/python -m pytest -m peer $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

guide-pictures: $(VENV)/.dev
	$(BIN)/python -m docs.guide.pictures

bench: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks $(ARGS)

bench-long: $(VENV)/.dev
	$(BIN)/python -m tests.benchmarks --long $(ARGS)

rig: $(VENV)/.link
	.ci/own_network $(BIN)/python -m tests.rigs $(ARGS)

soak: $(VENV)/.dev
	$(BIN)/python -m tests.rigs.soak --minutes $(MINUTES) $(ARGS)

torture: $(VENV)/.dev
	VAMEN_KILLS=200 VAMEN_FUZZ_PACKETS=1000000 $(BIN)/python -m pytest -k "kill or fuzz" $(ARGS)

clean:
	rm -rf $(VENV) tests/peers/node_modules build *.egg-info

$(VENV)/.created:
	@"$(PYTHON)" -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null || \
	  { echo "VAmEn needs Python 3.11 or newer: install it, or say where it is with make PYTHON=/path/to/python3.11."; exit 2; }
	@"$(PYTHON)" -c "import ensurepip, venv" 2>/dev/null || \
	  { echo "$(PYTHON) cannot make virtual environments: install python3-venv (Debian: apt-get install python3-venv)."; exit 2; }
	"$(PYTHON)" -m venv $(VENV)
	@touch $@

$(VENV)/.runtime: $(VENV)/.created pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

$(VENV)/.train: $(VENV)/.runtime
	$(PIP) --editable ".[train]"
	@touch $@

$(VENV)/.dev: $(VENV)/.train
	$(PIP) --editable ".[train,dev]"
	@touch $@

# Ableton Link is under the GPL, zeroconf under the LGPL: they come only where somebody asks for them.
$(VENV)/.link: $(VENV)/.dev
	$(PIP) --editable ".[train,dev,link,discovery]"
	@touch $@

# What the tests take from npm; without npm, or without a network, a test is skipped and says so.
$(PEERS): tests/peers/package.json tests/peers/package-lock.json
	@command -v npm >/dev/null || { echo "There is no npm: the test beside its package osc is skipped."; exit 0; }; \
	  cd tests/peers && npm ci --omit=optional --ignore-scripts --no-audit --no-fund --loglevel=error && touch $(CURDIR)/$@ || \
	  echo "npm could not install what tests/peers/package.json asks for: the test beside it is skipped."
