# The commands of the repository. `make help` lists them.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DISTRIBUTIONS := core $(sort $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml)))
STAMP := $(VENV)/.installed
LINTERS := $(VENV)/.linters
SOURCES := core/src $(wildcard plugins/*/src)
JOBS ?= 2

.PHONY: help venv run test test-deps lint format bench clean

help:
	@echo "make run        the daemon on a scratch root, with a first guest; ONCE=1 stops after showing it"
	@echo "make test       the whole test suite; installs what it needs when run as root"
	@echo "make lint       ruff, mypy --strict, the rules of locking and of imports"
	@echo "make format     lay the code out as lint wants it"
	@echo "make bench      the benchmarks, beside a libvirtd where one is installed"
	@echo "make clean      remove the environment and what was built"

venv: $(STAMP)

$(STAMP): core/pyproject.toml $(wildcard plugins/*/pyproject.toml) requirements-test.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "virtloom needs Python 3.11 or newer; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || \
		{ echo "cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-test.txt \
		$(addprefix --editable ,$(addprefix ./,$(DISTRIBUTIONS)))
	@$(BIN)/python -m compileall -q $(SOURCES)
	@touch $@

$(LINTERS): $(STAMP) requirements-lint.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --requirement requirements-lint.txt
	@touch $@

run: $(STAMP)
	@$(BIN)/python scripts/run.py $(if $(ONCE),--once)

test-deps: $(STAMP)
	@scripts/test-deps.sh $(BIN)/pip

test: $(STAMP) test-deps
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadgroup $(ARGS)

lint: $(LINTERS)
	$(BIN)/ruff check core plugins tests scripts benchmarks
	$(BIN)/ruff format --check core plugins tests scripts benchmarks
	$(BIN)/mypy --strict $(SOURCES) scripts benchmarks
	$(BIN)/virtloom lint-locks $(SOURCES)
	$(BIN)/python -m pytest -q tests/test_imports.py

format: $(LINTERS)
	$(BIN)/ruff format core plugins tests scripts benchmarks
	$(BIN)/ruff check --fix core plugins tests scripts benchmarks

bench: $(STAMP)
	@$(BIN)/python -m compileall -q $(SOURCES) benchmarks
	$(BIN)/python -m benchmarks $(ARGS)

clean:
	rm -rf $(VENV) .venv-* .run .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
