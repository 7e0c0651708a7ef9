# Each target sets itself up: uv is taken from the PATH, or put into .uv/ if it is missing.
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
# What else is installed: `make test EXTRAS="--extra spark"` brings a cluster's 450 MB, and runs its tests too.
EXTRAS ?=
RUN := $(UV) run --quiet --frozen $(EXTRAS)
# A workflow that only repositories of several models have.
FURTHER := src/driftloop/project/templates/workflow-models.yml
ACTIONS := tests/runner/node_modules/.package-lock.json

# Images of containers often set this; each stage would then compile pandas, scikit-learn and their like anew, for seconds.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: repro rehearse test test-extended check lint screenshots setup
.DEFAULT_GOAL := repro

repro: setup ## run the pipeline and show what it found
	@$(RUN) driftloop lock --check > /dev/null
	$(RUN) dvc repro
	@$(RUN) driftloop site > /dev/null
	@echo
	@$(RUN) driftloop status
	@command -v driftloop > /dev/null || echo '      . .venv/bin/activate          first, so that these commands are found'

rehearse: setup ## play the whole loop here: alert, label, pull request, merge
	@$(RUN) driftloop rehearse

PYTEST := $(RUN) pytest -n auto --dist worksteal -q

# Threads of histogram boosting would otherwise wait for each other, on processors that the other worker needs.
test test-extended check: export OMP_NUM_THREADS := 1
test test-extended check: export DVC_NO_ANALYTICS := true
test: setup $(ACTIONS) ## run the tests
	$(PYTEST) -m "not extended"

test-extended: setup $(ACTIONS) ## run those that take longest: a project from a file, whole stories
	$(PYTEST) -m extended

check: setup $(ACTIONS) ## run the tests that need no whole pipeline, while you work
	$(PYTEST) -m "not slow and not extended"

lint: setup ## check style, types and workflows
	$(RUN) ruff check
	$(RUN) ruff format --check
	$(RUN) mypy
	$(RUN) zizmor --offline --quiet --config .github/zizmor.yml .github $(FURTHER)
	$(RUN) check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml $(FURTHER)
	$(RUN) check-jsonschema --quiet --builtin-schema vendor.github-actions .github/actions/*/action.yml
	$(RUN) check-jsonschema --quiet --builtin-schema vendor.dependabot .github/dependabot.yml

screenshots: repro ## make the pictures in docs/ anew; look at them before you commit
	$(RUN) python benchmarks/screenshots.py

setup: $(UV)
	@$(UV) sync --quiet --frozen $(EXTRAS)

# GitHub's own parser of workflows, for the tests that run them; without the npm registry these are skipped.
$(ACTIONS): tests/runner/package-lock.json
	@cd tests/runner && (./with-node npm ci --silent && touch node_modules/.package-lock.json) \
		|| echo 'tests of the workflows are skipped: npm ci in tests/runner failed'

.uv/bin/uv:
	python3 -m venv .uv
	.uv/bin/pip install --quiet --disable-pip-version-check uv
