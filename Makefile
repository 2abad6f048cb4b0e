# Everything a newcomer needs: `make demo` and `make test` do all their own set-up.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo/run/newsroom.toml
SEND := $(BIN)/python -m demo.database

.PHONY: help demo preview serve status demo-clean test check bench crash docs lock clean
.DEFAULT_GOAL := help

help: ## What there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/runtime: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Standfirst needs Python 3.11 or newer; name it: make PYTHON=/path/to/python3.11 ..." >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "This Python has no venv module; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what Standfirst needs into $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(VENV)/development: requirements-dev.lock | $(VENV)/runtime
	@echo "Installing what the tests need into $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/postgresql: requirements-postgresql.lock | $(VENV)/runtime
	@echo "Installing PostgreSQL's driver into $(VENV) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-postgresql.lock
	@touch $@

demo: $(VENV)/runtime $(if $(filter postgresql,$(DATABASE)),$(VENV)/postgresql) ## The demo newsroom: its feeds and today's digest, into demo/run (SOURCE=sql: docs/sources.md; DATABASE=postgresql)
	@$(BIN)/python -m demo $(SOURCE) $(if $(SITE),--site "$(SITE)") $(if $(DATABASE),--database "$(DATABASE)")

preview: $(VENV)/runtime ## The demo's digest as every plan sees it, opened in a browser
	@test -f $(DEMO) || $(BIN)/python -m demo
	@$(SEND) preview --last --open

serve: $(VENV)/runtime ## The demo's front, articles and feeds on http://127.0.0.1:8080 (PORT=8081 another)
	@test -f $(DEMO) || $(BIN)/python -m demo
	@$(SEND) serve $(if $(PORT),--port $(PORT))

status: $(VENV)/runtime ## What the demo sent, and what comes next
	@$(SEND) status

demo-clean: ## Forget the demo's run
	@rm -rf demo/run

test: $(VENV)/development ## Every test, with the browser and mail tools they need
	@sh tests/tools.sh
	@# Compiled once, and kept: each worker and each command that a test starts reads the same modules.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

check: $(VENV)/development ## Style, types and the rules of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/development ## Ratios against named peers, in one run (docs/performance.md)
	@for part in feeds private_feeds web sync render ledger smtp sendgrid_requests edition events readers sign_up idle; do echo; $(BIN)/python -m benchmarks.$$part || exit 1; done

crash: $(VENV)/development ## Kill runs, fill disks, turn clocks back, at random: make crash N=500
	@$(BIN)/python -m tests.crash.many $(or $(N),100) $(SEED)

docs: $(VENV)/runtime ## The configuration reference, from the settings model
	$(BIN)/python -m newsroom.reference > docs/configuration.md

lock: $(VENV)/development ## Lock the dependencies anew
	$(BIN)/python -m pip install -q uv
	$(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links -q -o requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra postgresql --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links -q -o requirements-postgresql.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links -q -o requirements-dev.lock

clean: demo-clean ## Forget everything that was made
	rm -rf $(VENV) tests/node/node_modules build
