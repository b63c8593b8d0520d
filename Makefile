# Two commands: `make demo` and `make test`; `make soak` runs the faults of the tests at length.
# Everything is kept in .venv and .local.

PYTHON ?= python3
PORT ?= 8501
UP_ARGS ?=

VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test soak clean

demo: $(VENV)/.app
	@exec $(BIN)/python -m pipeline up --port $(PORT) $(UP_ARGS)

test: $(VENV)/.app
	@$(BIN)/python -m tests

soak: $(VENV)/.app
	@$(BIN)/python -m tests.faults

clean:
	@rm -rf .local build
	@echo "Removed .local and build; .venv is kept (rm -rf .venv removes it)."

$(VENV)/.app: requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo "weir: Python 3.11 or newer is needed, as in \`make demo PYTHON=python3.12\`." >&2; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null \
		|| { echo "weir: $(PYTHON) lacks venv (on Debian: apt install python3-venv)." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--requirement requirements-dev.txt --constraint constraints.txt
	@touch $@
