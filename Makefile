# Every target sets up what it needs: on a fresh machine, `make run` is enough.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# The stack of this checkout is meant, whatever project the user's shell names; tests make their own.
run soak clean: export CHAOS_AURA_PROJECT := .
# Hundreds of processes are started here: each would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE
# Targets share one .venv and one stack, so `make -j check test` takes them in turn.
.NOTPARALLEL:
.PHONY: help setup run test check check-format check-lint check-types check-imports check-names check-wheel \
	format bench soak lock clean

help: ## show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv from requirements.lock (PYTHON=... chooses the Python); nothing to do when it is current
	@scripts/setup

run: setup ## run experiments/neo4j_down.json on a stack of real services and tell the verdict; fails unless it is PASS
	@.venv/bin/chaos --no-version-check run experiments/neo4j_down.json

test: setup ## run the tests, most of them three at once (ARGS='-k edges -x' goes to pytest; with -n0 one after another)
	@scripts/test $(ARGS)

check: check-format check-lint check-types check-imports check-names check-wheel ## format, lint, types, imports, names, wheel

check-format: setup
	@.venv/bin/ruff format --check .

check-lint: setup
	@.venv/bin/ruff check .

check-types: setup
	@.venv/bin/mypy
	@.venv/bin/mypy scripts

check-imports: setup
	@.venv/bin/lint-imports --no-logo

check-names:
	@scripts/check_names

check-wheel: setup
	@.venv/bin/python scripts/check_wheel.py

format: setup ## put the sources into shape
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

bench: setup ## measure: run benchmarks/bench_*.py one after another
	@for bench in benchmarks/bench_*.py; do \
		[ -e "$$bench" ] || { echo "benchmarks: there are none"; exit 1; }; \
		echo "== $$bench"; env -u CHAOS_AURA_PROJECT PYTHONPATH=tests:tests/platform:tests/faults:tests/injectors:tests/injectors/docker_acts .venv/bin/python "$$bench" $(ARGS) || exit 1; \
	done

soak: setup ## run experiments again and again, tell which came out otherwise than expected (ARGS='--times 1 redis_down')
	@.venv/bin/python scripts/soak $(ARGS)

lock: ## make requirements.lock anew from pyproject.toml (ARGS=--upgrade takes newer versions)
	@scripts/lock $(ARGS)

clean: ## stop the stack, remove all that was made in this checkout; downloads in your cache folder stay
	@if [ -d .chaos-aura ] && [ -x .venv/bin/chaos-aura ]; then \
		.venv/bin/chaos-aura down --purge || \
			{ echo "clean: the stack was not stopped, so nothing is removed; end its processes, remove .chaos-aura" >&2; exit 1; }; \
	fi
	@rm -rf .chaos-aura .venv .uv build dist setup.log chaostoolkit.log journal.json *.egg-info \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -path ./.git -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
