# One command each; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.DEFAULT_GOAL := help
.PHONY: help install browser programs demo gateway secrets up wheel test test-celery coverage fuzz histories chaos gateway-fuzz check format docs clean

help: ## list the commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(INSTALLED) ## .venv with the project, Airflow and everything the demo and the tests need

$(INSTALLED): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt uv
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode -c constraints.txt -e '.[dev]'
	touch $@

# never fails: without a browser its tests fail, and say what to do
browser: ## Chromium for the browser tests; installed if apt and root are available
	@.ci/browser

# neither: without them their tests fail
programs: ## Caddy, PgBouncer, Prometheus and Redis for their tests; installed if apt and root are available
	@.ci/programs

demo: install ## everything, with emulated services, an embedded Postgres and a real Airflow; DEMO_ONCE=1 exits afterwards
	$(BIN)/python -m demo $(if $(DEMO_ONCE),--once)

gateway: install ## the live lane of telephony, with the connections of the environment: docs/gateway.md
	$(BIN)/python -m megaplan_gateway

secrets: ## passwords and keys for `make up`, in secrets/; keeps those that exist
	@docker/create_secrets.sh

up: secrets ## Airflow and Postgres in containers (docker compose), for real accounts
	docker compose up --build --detach --wait

wheel: install ## wheel and sdist in dist/, and a check that the wheel alone loads every DAG
	rm -rf dist
	$(BIN)/python -m hatchling build --directory dist
	$(BIN)/python -m pytest -q -n 0 tests/dags/test_wheel.py

# twice as many processes as cores: tests often wait, for servers and for time to pass
# a file's tests stay in one process because they share servers; files run in the order of their folders, small ones last
PYTEST := $(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print(2 * (os.cpu_count() or 1))') \
	--dist loadfile --no-loadscope-reorder

test: install browser programs ## all tests, on all cores
	$(PYTEST)

test-celery: install programs ## a day on Celery workers, of which one is killed, and the broker too
	$(BIN)/python -m pytest -n 0 tests/integration/celery

coverage: install browser programs ## all tests, and how much of the product they cover; takes almost twice as long
	$(PYTEST) --cov

FUZZ_ROUNDS ?= 10000
fuzz: install ## 10 000 accounts full of odd rows, one to two hours; FUZZ_ROUNDS and FUZZ_SEED choose others
	FUZZ_ROUNDS=$(FUZZ_ROUNDS) $(BIN)/python -m pytest -n 0 -s tests/integration/fuzz

HISTORIES ?= 200
histories: install ## 200 random histories of an account, whose certificates are compared with Megaplan byte for byte
	HISTORIES=$(HISTORIES) $(BIN)/python -m pytest -n 0 tests/integration/histories

CHAOS_EVENTS ?= 10000
chaos: install ## 10 000 events to two gateways that are killed in turn, while Postgres crashes and Megaplan hangs
	CHAOS_EVENTS=$(CHAOS_EVENTS) $(BIN)/python -m pytest -n 0 -s tests/integration/gateway/test_chaos.py

GATEWAY_FUZZ_REQUESTS ?= 1000000
gateway-fuzz: install ## a million odd messages to the gateway, which must not answer any with a server error
	GATEWAY_FUZZ_REQUESTS=$(GATEWAY_FUZZ_REQUESTS) $(BIN)/python -m pytest -n 0 tests/integration/gateway/test_fuzzing.py

check: install ## linter, types, import rules
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=plugins:. $(BIN)/lint-imports

format: install ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

FAULT_EVENTS ?= 100000
.PHONY: test-faults
test-faults: install ## 100 000 events, and 10 000 to two gateways, while every process is killed or paused; docs/faults.md
	FAULT_EVENTS=$(FAULT_EVENTS) CHAOS_EVENTS=$(CHAOS_EVENTS) $(BIN)/python -m pytest -n 0 -s \
		tests/faults tests/integration/gateway/test_chaos.py

BENCH ?= short
.PHONY: bench
bench: install ## measure, keep the samples and draw docs/performance.md: minutes; BENCH=full takes more than an hour
	$(BIN)/python -m benchmarks.bench $(if $(filter full,$(BENCH)),--full)

docs: install ## write the tables in docs/ from their sources
	$(BIN)/python -m megaplan_vendor_kit.settings_table docs/settings.md
	$(BIN)/python -m megaplan_sync.raw.columns_table docs/raw-tables.md docs/deal-history.md

clean: ## remove the environment and the demo's files
	rm -rf $(VENV) .demo .mypy_cache .pytest_cache .ruff_cache
