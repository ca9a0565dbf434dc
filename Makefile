.DEFAULT_GOAL := help
.PHONY: help run test check install bench lock clean

BIN := .venv/bin
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header

help: ## this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 18

run: install ## the service on 127.0.0.1:8080, with demonstration data when the database is empty
	$(BIN)/sangden migrate
	$(BIN)/sangden demo --if-empty
	exec $(BIN)/sangden serve

# Rewritten tests and compiled modules are kept, also where Python is told not to: each process would compile them anew.
test: install ## every test, on SQLite, PostgreSQL and in Chromium; a skipped test fails the run
	.ci/chromium
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n auto --maxprocesses 8

check: install ## style, types and the direction of imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict
	$(BIN)/lint-imports

install: ## .venv with what requirements.lock lists; PYTHON=python3.12 chooses the interpreter
	@.ci/install .venv requirements.lock

# The peers that we compare with do not accept all the versions that we use, so they have an environment of their own.
bench: ## the benchmarks, with their peers, in benchmarks/.venv
	@.ci/install benchmarks/.venv benchmarks/requirements.lock
	benchmarks/.venv/bin/python -m benchmarks

# The second lock starts from the first, so that it differs only where a peer forces it to.
lock: ## both lock files, after a change in pyproject.toml (needs uv)
	$(COMPILE) --group dev pyproject.toml -o requirements.lock
	cp requirements.lock benchmarks/requirements.lock
	$(COMPILE) --group dev --group benchmarks pyproject.toml -o benchmarks/requirements.lock
	@! grep -n '://' requirements.lock benchmarks/requirements.lock

clean: ## remove environments and caches; var/, where the data is, stays
	rm -rf .venv benchmarks/.venv *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
