# GNU make. Everything happens in one virtual environment: the active one, else .venv.

VIRTUAL_ENV ?= $(CURDIR)/.venv
PYTHON3 ?= python3
PYTHON := $(VIRTUAL_ENV)/bin/python
# The source tree is not on the path, here and in the processes that tests start: what runs is what
# was installed.
export PYTHONSAFEPATH := 1
INSTALLED := $(PYTHON) -c 'import sys, tppcore; assert tppcore.__file__.startswith(sys.prefix), tppcore.__file__'
STAMPS := $(VIRTUAL_ENV)/.tppcore
CC ?= cc

SOURCES := setup.py pyproject.toml MANIFEST.in README.md \
	$(shell find csrc specs 2>/dev/null) \
	$(shell find tppcore -name '*.py' -o -name 'py.typed' 2>/dev/null)
C_FLAGS := -std=c11 -g -O1 -ffp-contract=off -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror \
	-fsanitize=address,undefined -fno-sanitize-recover=all -Icsrc
C_TESTS := $(patsubst tests/c/%.c,build/sanitize/%,$(wildcard tests/c/test_*.c))

.PHONY: install run test lint types sanitize proof bench clean

install: $(STAMPS)/installed
	@$(PYTHON) -c 'from tppcore.engine.choose import choose; print("tppcore is installed; engine:", choose(None))'

run: install
	$(PYTHON) -m tppcore.demo

test: install $(STAMPS)/test
	$(INSTALLED)
	$(PYTHON) -m pytest -q tests

proof: install $(STAMPS)/test
	$(INSTALLED)
	$(PYTHON) -c 'import runpy, sys; sys.path.append("."); sys.argv[0] = "tests.proof"; runpy.run_module("tests.proof", run_name="__main__", alter_sys=True)' $(PROOF)

bench: install $(STAMPS)/test
	$(PYTHON) bench/classify.py $(BENCH)
	$(PYTHON) -m pytest -q bench/test_small.py

lint: $(STAMPS)/dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: install $(STAMPS)/test $(STAMPS)/dev
	$(PYTHON) -m mypy --strict tppcore

sanitize: $(C_TESTS)
	set -e; for test in $(C_TESTS); do $$test; done

clean:
	rm -rf build dist out *.egg-info tppcore/_tppcore.* tppcore/libtppcore.* tppcore/specs.json
	rm -rf $(STAMPS)

$(PYTHON):
	$(PYTHON3) -m venv $(VIRTUAL_ENV)

$(STAMPS)/installed: $(SOURCES) | $(PYTHON)
	rm -rf build/lib* build/bdist*  # setuptools would pack modules that are no more
	$(PYTHON) -m pip install --quiet --disable-pip-version-check '.[all]'
	mkdir -p $(STAMPS) && touch $@

# The extras alone: the package itself stays as it was installed.
$(STAMPS)/test $(STAMPS)/dev: pyproject.toml | $(PYTHON)
	$(PYTHON) -c 'import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; print(*extras["$(@F)"], sep="\n")' > $(VIRTUAL_ENV)/.requirements
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $(VIRTUAL_ENV)/.requirements
	mkdir -p $(STAMPS) && touch $@

build/sanitize/%: tests/c/%.c tests/c/check.h $(wildcard csrc/*)
	mkdir -p $(@D)
	$(CC) $(C_FLAGS) $< $(filter-out csrc/block_avx2.c,$(wildcard csrc/*.c)) -lm -o $@
