# Habla: `make run` serves it, `make test` tests it. Both set up what they need.
HOST ?= 127.0.0.1
HTTPS ?=
PORT ?= $(if $(HTTPS),8443,8000)
VENV ?= .venv
# most tests wait for a server that starts, so two cores can run more than two at a time
WORKERS ?= 4
export VENV
PYTHON := $(VENV)/bin/python

.PHONY: help run unit test coverage test-long test-browsers test-all check lint types layers migrations format bench bench-playback bench-lifecycle bench-quality soak
.PHONY: smoke fuzz-decoders test-outages test-cuts screenshots icons inflections settings-table lock clean

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

run: ## serve on HOST and PORT; HTTPS=1 HOST=0.0.0.0: for the phones in the house
	@scripts/setup.sh run
	@$(PYTHON) manage.py migrate --verbosity 0
	@exec $(PYTHON) manage.py serve --host $(HOST) --port $(PORT) $(if $(HTTPS),--https)

# what these wait for is a core
unit: WORKERS = 2
unit: .setup-check ## run the quick tests of parts, in under a minute
	$(PYTHON) -m pytest --unit -n $(WORKERS) --dist loadfile $(ARGS)

test: .setup-test ## run all that CI runs, in WORKERS processes
	$(PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

coverage: ## run the tests, and say which lines and branches none of them reaches
	$(MAKE) test ARGS="--cov --cov-report=term:skip-covered $(ARGS)"

test-long: .setup-test ## run the tests that show at length what others show as well
	$(PYTHON) -m pytest --long -n $(WORKERS) --dist loadfile $(ARGS)

test-browsers: .setup-browsers ## run the tests of the pages in Firefox and WebKit, which `make test` does not install
	$(PYTHON) -m pytest --browsers -n 2 --dist loadfile $(ARGS)

test-all: ## run all that CI runs, then the long forms: other browsers, outages, cuts, fuzzing, soak, quality
	$(MAKE) test
	$(MAKE) test-long
	$(MAKE) test-browsers
	$(MAKE) test-outages
	$(MAKE) test-cuts
	$(MAKE) fuzz-decoders
	$(MAKE) soak
	$(MAKE) bench-quality

check: lint types layers migrations ## everything that reads the code without running it

lint: .setup-check
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: .setup-check
	$(PYTHON) -m mypy .

layers: .setup-check
	$(VENV)/bin/lint-imports

migrations: .setup-check
	HABLA_DATA_DIR=$$(mktemp -d) $(PYTHON) manage.py makemigrations --check --dry-run

format: .setup-check ## mend what can be mended by itself
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

bench: .setup-test ## the figures of docs/performance.md
	$(PYTHON) -m benches

bench-playback: .setup-test ## how fast recordings are played, their memory, their pages
	$(PYTHON) -m benches.playback

bench-lifecycle: .setup-test ## the figures of docs/lifecycle.md
	$(PYTHON) -m benches.lifecycle

bench-quality: .setup-test ## what is heard of real speech, and how soon; SHORT=1, PEER=1 (docs/quality.md)
	$(PYTHON) -m benches.quality $(if $(SHORT),--short) $(if $(PEER),--peer) $(ARGS)

smoke: .setup-test ## whether a server works, in a minute; URL=http://host:8000/ KEY=... MANAGE=habla of one that runs
	$(PYTHON) -m tests.smoke $(URL) $(if $(KEY),--key $(KEY)) $(if $(MANAGE),--manage "$(MANAGE)") $(ARGS)

soak: .setup-test ## ten thousand sessions, ended in every way; COUNT=2000 for fewer
	$(PYTHON) -m tests.soak $(COUNT)

fuzz-decoders: .setup-test ## 100,000 mutated headers a container; COUNT=1000 for fewer
	$(PYTHON) -m tests.fuzz $(COUNT)

test-cuts: .setup-test ## four hundred cuts of connections, restarts and kills: every word once; SEED=2 for others
	$(PYTHON) -m tests.lifecycle.resuming $(SEED)
	LONG_CUTS=on $(PYTHON) -m pytest tests/browser/test_resuming.py

test-outages: .setup-test ## outages of the database as long as those that were seen
	LONG_OUTAGES=on $(PYTHON) -m pytest tests/lifecycle/test_late_database.py tests/server/test_postgres_outage.py

screenshots: .setup-test ## every page, on a phone and on a desk, into data/screenshots
	$(PYTHON) -m tests.browser.screenshots data/screenshots

icons: .setup-test ## draw the icons of the installed page from habla.svg
	$(PYTHON) -m scripts.icons

inflections: .setup-test ## make the words of irregular verbs from the dictionaries
	$(PYTHON) -m scripts.inflections

settings-table: .setup-check ## write the table of docs/operations.md from the declared settings
	$(PYTHON) -m scripts.settings_table

lock: .setup-test ## pin what the requirements bring along
	{ echo "# What the requirements bring along, pinned: made by 'make lock'."; $(VENV)/bin/pip freeze; } > constraints.txt

clean: ## remove what was made, but no data
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage

.PHONY: .setup-check .setup-test .setup-browsers
.setup-check:
	@scripts/setup.sh check
.setup-test:
	@scripts/setup.sh test
.setup-browsers:
	@scripts/setup.sh browsers
