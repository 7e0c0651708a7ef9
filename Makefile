# Each target sets itself up: uv is taken from the PATH, or put into .uv/ if it is missing.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --quiet --frozen

.PHONY: repro rehearse test lint setup
.DEFAULT_GOAL := repro

repro: setup ## run the pipeline and show what it found
	@$(RUN) driftloop params > /dev/null
	$(RUN) dvc repro
	@echo
	@$(RUN) driftloop status
	@command -v driftloop > /dev/null || echo '      . .venv/bin/activate          first, so that these commands are found'

rehearse: setup ## play the whole loop here: alert, label, pull request, merge
	@$(RUN) driftloop rehearse

test: setup ## run all tests
	$(RUN) pytest -n auto --dist worksteal -q

lint: setup ## check style, types and workflows
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy

setup: $(UV)
	@$(UV) sync --quiet --frozen

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv
