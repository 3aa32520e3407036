# Every command works from a fresh checkout: it makes what it needs first. Needs Python 3.11 or newer, make and git.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test check format bench crash words environment lock clean

# Dozens of our processes start in one run: each would compile every module again.
unexport PYTHONDONTWRITEBYTECODE

python := .venv/bin/python
# Where a run keeps its servers' data, sockets and logs. Two runs at once need two folders.
TEST_DATA ?= .local/test
DEMO_DATA ?= .local/demo
# These run beside the others, each lane with servers of its own: the lanes take about as long. The second waits for a browser.
busy_tests := tests/journey tests/machine tests/crash/test_random.py tests/crash/test_tokens.py tests/demo tests/engine tests/lib/test_local_servers.py
waiting_tests := tests/pages/test_browser.py tests/pages/test_people_browser.py tests/pages/test_onboarding_walk.py \
	tests/pages/test_onboarding_refusals.py tests/pages/test_accessibility.py tests/pages/test_best_practice.py \
	tests/pages/test_scan_browser.py tests/pages/test_day_walk.py tests/sandbox
# make test ARGS="tests/exact -k token": anything pytest takes.
ARGS ?=

# The oldest Python that will do comes first: the one the project is developed on.
find_python = for name in python3.11 python3 python3.12 python3.13 python3.14; do \
	if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$name"; exit; fi; done

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

environment: ## Make .venv, or bring it up to date
	@found="$$($(find_python))"; \
	if [ -z "$$found" ]; then \
		echo "Python 3.11 or newer is needed and was not found. On Debian 12: apt-get install python3 python3-venv" >&2; \
		exit 1; \
	fi; \
	"$$found" connector_site/lib/local_environment.py

demo: environment ## Everything running on this machine, with a connected demo customer; ONCE=1 ends after one delivery
	@exec $(python) -m connector_site.demo --data $(DEMO_DATA) $(if $(filter-out 0,$(ONCE)),--once)

test check: export SECRET_KEY = for tests only
test check: export FERNET_KEYS = for tests only, the older one

test: environment ## The whole test suite; FAST=1 only those that need neither database nor sandbox nor browser
	@$(if $(filter-out 0,$(FAST)),,$(python) -m connector_site.lib.local_browser)
	@run() { $(python) -m connector_site.lib.local_servers run --data "$$1" --not-durable -- $(python) -m pytest "$${@:2}"; }; \
	if [ -n "$(filter-out 0,$(FAST))$(if $(ARGS),some)" ]; then \
		run $(TEST_DATA) $(if $(filter-out 0,$(FAST)),-m "not slow and not browser and not database") $(ARGS); exit; fi; \
	beside() { mkdir -p $(TEST_DATA)-$$1; run $(TEST_DATA)-$$1/data "$${@:2}" > $(TEST_DATA)-$$1/output 2>&1; }; \
	failed=0; \
	beside busy $(busy_tests) & busy=$$!; \
	beside waiting $(waiting_tests) & waiting=$$!; \
	run $(TEST_DATA) tests $(patsubst %,--ignore=%,$(busy_tests) $(waiting_tests)) || failed=1; \
	wait $$busy || failed=1; wait $$waiting || failed=1; \
	cat $(TEST_DATA)-busy/output $(TEST_DATA)-waiting/output; exit $$failed

check: environment ## Format, lint, types, import floors, migrations, templates
	@$(python) -m ruff format --check .
	@$(python) -m ruff check .
	@$(python) -m djlint --lint --quiet templates
	@exec $(python) -m connector_site.lib.local_servers run --data .local/check --not-durable --fresh -- $(SHELL) -euc ' \
		$(python) -m mypy .; \
		$(python) -m pytest -q tests/test_architecture.py; \
		$(python) manage.py migrate --database owner --no-input --verbosity 0; \
		$(python) manage.py makemigrations --check --dry-run'

format: environment ## Let ruff format and mend what it can
	@$(python) -m ruff format .
	@$(python) -m ruff check --fix .

bench: environment ## Measure: prints tables and writes JSON; the pages last, among a million deliveries
	@$(python) -m bench $(ARGS)
	@exec $(python) -m bench.pages $(filter --strict,$(ARGS)) $(if $(filter --quick,$(ARGS)),--deliveries 20000 --events 100000)

crash: environment ## The crash matrix, then workers killed at random between faulty stand-ins; 1 when a promise broke
	@exec $(python) -m bench.crash $(ARGS)

words: environment ## Bring the texts to translate in locale/ up to date with the sources
	@exec $(python) -m words

lock: environment ## Write both requirement files anew from pyproject.toml
	@$(python) -m pip install --quiet --disable-pip-version-check uv
	@for target in "requirements.txt" "requirements-dev.txt --group dev --constraint requirements.txt"; do \
		.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --no-emit-index-url \
			--python-version 3.11 pyproject.toml --output-file $$target; \
	done

clean: ## Remove the environment and all local data of demo and tests
	rm -rf .venv .local
