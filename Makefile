# Everything here sets up what it needs in .venv by itself.
#   make run     start Flightdeck; Ctrl-C stops it
#   make test    run the tests, on all cores; ARGS="-k search" runs some, in one process
#   make soak    run the tests that search for faults, at their long sizes (hours)
#   make check   style, types, import rules, security rules
#   make bench   measure; results go to benchmarks/
#   make clean   remove what was installed and cached; instance/ (your data) stays

PYTHON := .venv/bin/python
RUNTIME := .venv/.installed
DEVELOPMENT := .venv/.installed-dev
PIP := $(PYTHON) -m pip install --quiet --quiet --disable-pip-version-check --no-input
PIP += --root-user-action=ignore
CANDIDATES := python3 python3.14 python3.13 python3.12 python3.11 python
# Each process starts with tests that lie together, so that most folders share what they start.
PARALLEL := -n auto --dist worksteal
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

.PHONY: run test soak check bench clean

run: $(RUNTIME)
	@exec $(PYTHON) -m webapp.launcher

test: $(DEVELOPMENT)
	@exec $(PYTHON) -m pytest $(or $(ARGS),$(PARALLEL))

soak: $(DEVELOPMENT)
	@FLIGHTDECK_SOAK=1 exec $(PYTHON) -m pytest -m "sized or soak or hypothesis" $(or $(ARGS),$(PARALLEL))

check: $(DEVELOPMENT)
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports --no-logo
	.venv/bin/bandit -q -r webapp -c pyproject.toml

bench: $(DEVELOPMENT)
	@exec $(PYTHON) -m benchmarks $(ARGS)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(RUNTIME): requirements.txt | $(PYTHON)
	@echo "Installing what Flightdeck needs into .venv ..."
	@$(PIP) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt requirements.txt | $(PYTHON)
	@echo "Installing what Flightdeck and its tests need into .venv ..."
	@$(PIP) -r requirements-dev.txt
	@touch $(RUNTIME) $@

$(PYTHON):
	@for candidate in $(CANDIDATES); do \
	  if command -v $$candidate >/dev/null 2>&1 && $$candidate -c '$(NEW_ENOUGH)' 2>/dev/null; then \
	    found=$$candidate; break; \
	  fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Flightdeck needs Python 3.11 or newer; found: $$(python3 --version 2>&1 || true)"; \
	  echo "Install it, for example: apt-get install python3 python3-venv"; \
	  exit 1; \
	fi; \
	$$found -m venv --clear .venv || { \
	  rm -rf .venv; \
	  echo "Python's venv module is missing. Install it, for example: apt-get install python3-venv"; \
	  exit 1; \
	}
