# make demo   installs everything into .venv and shows the main job, checking itself
# make test   installs everything into .venv and runs all tests with branch coverage
# The rest is for people who change Tollhouse: see CONTRIBUTING.md.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup demo wheel servers test lint format types imports drill endure bench profile lock clean

# The only place for coverage thresholds: package:percent. They may rise, never fall.
COVERAGE := limits:100 audit:100 gateway:95 agents:95
TESTS ?= tests

BIN := .venv/bin
INSTALLED := .venv/.installed
PYTHON ?= $(firstword $(foreach name,python3 python3.14 python3.13 python3.12 python3.11,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'also: make setup wheel servers lint format types imports bench profile lock clean'

setup: $(INSTALLED)

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Tollhouse needs Python 3.11 or newer and found none: install one' \
		'(Debian, Ubuntu: apt-get install python3 python3-venv), or name yours: make PYTHON=/path/to/python3.' >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo 'Tollhouse needs Python 3.11 or newer;' \
		"$(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=/path/to/python3." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make virtual environments (venv or" \
		'ensurepip is missing). Debian and Ubuntu: apt-get install python3-venv.' >&2; exit 1; }
	$(PYTHON) -m venv .venv

# Repeated only when a lock or the project's own metadata changed.
$(INSTALLED): requirements-dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup
	$(BIN)/tollhouse demo

# The package with its guards compiled to C, for this Python: docs/adr/compiled-guards.md. Built from a copy, since the
# compiler leaves what it made beside the sources, where Python would find it first.
WHEELS ?= dist
SOURCES ?= .tools/sources
wheel: setup
	rm -rf $(SOURCES) && $(BIN)/hatchling build --target sdist --directory $(SOURCES)
	HATCH_BUILD_HOOK_ENABLE_MYPYC=1 $(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps \
		--no-build-isolation --wheel-dir $(WHEELS) $(SOURCES)/*.tar.gz

# Real Redis and PostgreSQL for the tests, unless they are on this machine.
servers: setup
	@$(BIN)/python -m tests.servers.binaries

# With TESTS=tests/limits only those run, and no threshold is asked for.
test: setup servers
ifeq ($(TESTS),tests)
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal --cov --cov-report= tests
	@failed=0; for entry in $(COVERAGE); do package=$${entry%:*}; percent=$${entry#*:}; \
		echo "branch coverage of $$package, at least $$percent %:"; \
		$(BIN)/coverage report --include="$$package/*" --fail-under="$$percent" || failed=1; \
	done; exit $$failed
else
	$(BIN)/python -m pytest $(TESTS)
endif

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports

# What goes wrong with agents, without the gateway and with it.
drill: setup
	$(BIN)/python -m pytest tests/agents/drills

# Too long for every change: the book's writer killed 200 times under load, on PostgreSQL 100 times, and its
# write-ahead log cut at every byte.
endure: setup servers
	TOLLHOUSE_CRASHES=200 TOLLHOUSE_TORN=1 $(BIN)/python -m pytest tests/audit/test_crash.py tests/audit/test_torn.py \
		tests/audit/test_postgres.py tests/audit/test_fsync.py

bench: wheel
	$(BIN)/python -m bench.overhead $(BENCH)

profile: setup
	$(BIN)/python -m bench.profile $(BENCH)

# Keeps what is pinned and adds what pyproject.toml asks for; make lock UPGRADE=--upgrade renews everything.
LOCK := pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
	--no-emit-index-url $(UPGRADE) pyproject.toml
lock: setup
	$(BIN)/uv $(LOCK) --output-file requirements.lock
	$(BIN)/uv $(LOCK) --group dev --output-file requirements-dev.lock
	$(BIN)/uv $(filter-out pyproject.toml,$(LOCK)) --no-deps tests/servers/requirements.in \
		--output-file tests/servers/requirements.lock
	for folder in tests/clients/*/ bench/overhead/peers/*/; do test ! -f $$folder/requirements.in || \
		$(BIN)/uv $(filter-out pyproject.toml,$(LOCK)) $$folder/requirements.in \
			--output-file $$folder/requirements.lock || exit 1; done
	$(BIN)/python -m tests.clients.environments

clean:
	rm -rf .venv .tools .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
	find gateway limits audit agents tests bench -name __pycache__ -prune -exec rm -rf {} +
