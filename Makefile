# The two commands: `make repro` does the main job on the embedded novel, `make test` passes the tests.
PYTHON ?= python3.11
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export DVC_NO_ANALYTICS := 1
export HF_HUB_DISABLE_TELEMETRY := 1
# Spinning OpenMP threads on small machines cost 4 to 11 times the work itself.
export OMP_NUM_THREADS ?= 1
READY := $(VENV)/.ready

.PHONY: repro test test-slow test-consumers lint format bench clean

repro: $(READY)
	dvc repro

# A process a core; the tests of one file share one, and with it what its fixtures made.
test: $(READY)
	pytest -n auto --dist loadfile -m "not slow"

test-slow: $(READY)
	pytest -m slow

# Other people's trainers read the exports, each in an environment of its own, as their pins do not go together.
# Their packages come without what they name beside reading data; the requirements name that.
VENVS := tests/consumers/.venvs
llamafactory := llamafactory==0.9.5
axolotl := axolotl==0.19.0
swift := ms-swift==4.6.0

test-consumers: $(READY) $(VENVS)/llamafactory/.ready $(VENVS)/axolotl/.ready $(VENVS)/swift/.ready
	dvc repro publish
	pytest tests/consumers

$(VENVS)/%/.ready: tests/consumers/requirements-%.txt
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	$(@D)/bin/pip install --quiet --no-deps $($*)
	touch $@

lint: $(READY)
	ruff check .
	ruff format --check .
	mypy
	lint-imports --no-logo

format: $(READY)
	ruff check --fix .
	ruff format .

bench: $(READY)
	python bench/pipeline.py
	python bench/asking.py
	python bench/money.py
	python bench/speakers.py
	python bench/duplicates.py
	python bench/cleaning.py
	python bench/training.py

# The lock file names every version; the project itself is installed in place.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --requirement requirements.lock
	$(VENV)/bin/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

clean:
	rm -rf $(VENV) build
