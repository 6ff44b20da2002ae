# Two commands: `make up` runs Fovea, `make test` checks everything. `make help` lists the rest.
SHELL := /bin/sh
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
TASK ?= C2
export FOVEA_VENV := $(abspath $(VENV))

.PHONY: help setup setup-dev up test check openapi lock doctor bench bench-learning clean
.DEFAULT_GOAL := help

help: ## List what make can do
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "  Settings: FOVEA_HOME FOVEA_HOST FOVEA_PORT FOVEA_DEMO=0 DATABASE_URL CELERY_BROKER_URL (docs/reference/settings.md)"

setup: ## Create .venv, install requirements.txt, build the viewer bundle
	@$(PYTHON) deploy/bootstrap.py

setup-dev: ## The same with what the tests need
	@$(PYTHON) deploy/bootstrap.py --dev

up: setup ## Start Fovea: database, web, workers, scheduler; Ctrl-C stops all
	@exec $(PY) -m fovea.embedded.up

test: setup-dev ## Format, lint, types, layers, migrations, API, JavaScript, Python and browser tests
	@$(PY) deploy/run_tests.py $(if $(ARGS),-- $(ARGS))

check: setup-dev ## Everything of `make test` but the tests
	@$(PY) deploy/run_tests.py $$($(PY) deploy/run_tests.py --list)

openapi: setup-dev ## Write the API's schema to docs/reference/openapi.yaml
	@mkdir -p docs/reference
	@DATABASE_URL=postgres://nobody@127.0.0.1:1/none $(PY) manage.py spectacular --fail-on-warn --validate --file docs/reference/openapi.yaml

lock: setup-dev ## Compile the pinned requirement files from requirements/*.in
	@$(PY) -m pip install --quiet --disable-pip-version-check uv
	@for pair in learning.in:../requirements.txt base.in:base.txt dev.in:dev.txt; do \
		(cd requirements && ../$(VENV)/bin/uv pip compile $${pair%%:*} --output-file $${pair##*:} --universal \
		--python-version 3.11 --upgrade --no-header --no-emit-index-url --no-emit-find-links --quiet) || exit 1; \
		echo "  compiled requirements/$${pair%%:*}"; \
	done

doctor: ## Say what is missing on this machine and how to mend it
	@$(or $(wildcard $(PY)),$(PYTHON)) platform/fovea/embedded/doctor.py

bench: setup-dev ## Measure serving, queue and scoring as ratios in one run
	@$(PY) -m benchmarks

bench-learning: setup-dev ## Replay a protocol with an oracle, each strategy against random choice (TASK=C1|C2|I1|S1|S2)
	@$(PY) -m ml.cli pack $(TASK) --data $${FOVEA_TEST_DATA:-../shared/data} --out build/bench-learning/$(TASK)
	@$(PY) -m ml.cli simulate build/bench-learning/$(TASK)/manifest.json --protocol $(TASK) \
		--out build/bench-learning/$(TASK)/replay $(ARGS)

clean: ## Remove what setup and tests made (the data folder .fovea stays)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis \
		frontend_static/vendor frontend_static/viewer-bundle/node_modules
