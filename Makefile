# GNU make. Everything happens in one virtual environment: the active one, else .venv.

VIRTUAL_ENV ?= $(CURDIR)/.venv
PYTHON3 ?= python3
PYTHON := $(VIRTUAL_ENV)/bin/python
# The source tree is not on the path, here and in the processes that tests start: what runs is what
# was installed.
export PYTHONSAFEPATH := 1
INSTALLED := $(PYTHON) -c 'import sys, tppcore; assert tppcore.__file__.startswith(sys.prefix), tppcore.__file__'
STAMPS := $(VIRTUAL_ENV)/.tppcore

SOURCES := setup.py pyproject.toml MANIFEST.in README.md \
	$(shell find csrc specs 2>/dev/null) \
	$(shell find tppcore -name '*.py' -o -name 'py.typed' 2>/dev/null)

# A module of tests/, run as a program: only tests/ comes from the source tree.
TESTS_MODULE := $(PYTHON) -c 'import runpy, sys; sys.path.append("."); runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)'

.PHONY: install run test postgres spark lint types sanitize arm proof bench programs lib install-lib examples clean

install: $(STAMPS)/installed
	@$(PYTHON) -c 'from tppcore.engine.choose import choose; print("tppcore is installed; engine:", choose(None))'

run: install
	$(PYTHON) -m tppcore.demo

test: install $(STAMPS)/test
	$(INSTALLED)
	$(PYTHON) -m pytest -q -n auto --dist loadfile tests

# A server of PostgreSQL, from Debian's package postgresql: without one the tests fail.
postgres: install $(STAMPS)/test
	$(INSTALLED)
	$(PYTHON) -m pytest -q -m postgres tests/sql

# A cluster of several processes, with one of them killed on the way; needs Java 17 or newer.
spark: install $(STAMPS)/test $(STAMPS)/spark
	$(INSTALLED)
	$(PYTHON) -m pytest -q -m spark tests/spark

proof: install $(STAMPS)/test
	$(INSTALLED)
	$(TESTS_MODULE) tests.proof $(PROOF)

bench: install $(STAMPS)/test
	$(PYTHON) bench/run.py $(BENCH)
	$(PYTHON) -m pytest -q bench/test_small.py

lint: $(STAMPS)/dev
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .

types: install $(STAMPS)/test $(STAMPS)/dev
	$(PYTHON) -m mypy --strict tppcore

# The C tests with the sanitizers on, under gcc and under clang.
sanitize: programs
	$(MAKE) -s -f tests/c/Makefile sanitize PROGRAMS='$(PROGRAMS)'

# The portable kernel on an emulated AArch64: the C tests, then verdicts against those of this machine.
arm: programs $(STAMPS)/test
	$(MAKE) -s -f tests/c/Makefile arm PROGRAMS='$(PROGRAMS)'
	$(INSTALLED)
	$(TESTS_MODULE) tests.proof.elsewhere $(ELSEWHERE) -- $$($(MAKE) -s -f tests/c/Makefile arm-command)

# Real program files, for the C tests to change: a few quantities of one rule, and all of all rules.
PROGRAMS := build/programs/few.tpp build/programs/whole.tpp
programs: install
	mkdir -p build/programs
	$(PYTHON) -m tppcore.cli compile --as-of 2026-02-01 --destination CN --rules us-3a090 \
		--quantities tops_fp8,tops_int8,die_area_mm2,datacenter,non_planar -o build/programs/few.tpp
	$(PYTHON) -m tppcore.cli compile --as-of 2026-02-01 --destination CN -o build/programs/whole.tpp

# libtppcore without Python: PREFIX, DESTDIR, CC and others as in csrc/Makefile.
lib:
	$(MAKE) -s -f csrc/Makefile

install-lib:
	$(MAKE) -s -f csrc/Makefile install

# Programs in C, C++ and Java over the library, against the verdicts of Python.
examples: install $(STAMPS)/test
	$(MAKE) -s -f examples/Makefile
	$(INSTALLED)
	$(TESTS_MODULE) tests.embedding build/examples

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
$(STAMPS)/test $(STAMPS)/dev $(STAMPS)/spark: pyproject.toml | $(PYTHON)
	$(PYTHON) -c 'import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; print(*extras["$(@F)"], sep="\n")' > $(VIRTUAL_ENV)/.requirements
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $(VIRTUAL_ENV)/.requirements
	mkdir -p $(STAMPS) && touch $@
