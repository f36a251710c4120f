# Two commands: `make demo` and `make test`. Both need Python 3.11 or newer with pip and venv, and nothing else;
# where there is a C compiler, the kernels are compiled, too.
# They make a virtual environment in .venv once, and install again only when pyproject.toml, the lock or a kernel has
# changed. The lock is requirements/: the same versions on every machine, with hashes.

PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= auto
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_QUIET ?= 1

.PHONY: help demo install test lint types check docs site bench lock sbom clean

help: ## this list
	@echo "trainlab: what make can do"
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile

demo: .venv/installed ## install, train a network on real handwritten digits, and report on the run
	@echo "== training: trainlab train configs/digits.yaml"
	@$(BIN)/trainlab train configs/digits.yaml
	@echo "== reporting: trainlab report"
	@$(BIN)/trainlab report
	@echo "== trainlab is installed in .venv: type \"source .venv/bin/activate\", then \"trainlab --help\"; or .venv/bin/trainlab"

install: .venv/installed ## make .venv with trainlab in it

test: .venv/developing ## install with the dev group and run every test
	@echo "== testing: pytest -n $(WORKERS)"
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS)

lint: .venv/developing ## ruff: rules and format
	@echo "== linting: ruff check, ruff format --check"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/developing ## pyright, strict
	@echo "== typing: pyright"
	@$(BIN)/pyright

check: lint types test ## all three: what a change must pass

docs: .venv/installed ## write the generated pages of docs/ anew
	@echo "== writing docs/config.md, docs/settings, docs/cli.md, docs/diagnoses.md, docs/glossary.md, docs/trainlab.schema.json"
	@$(BIN)/python docs/generate.py

.PHONY: pictures
pictures: .venv/developing ## make the pictures of docs/ anew (needs Chromium)
	@$(BIN)/python docs/pictures.py

.PHONY: lecture
lecture: .venv/installed ## run the 13 chapters of the lecture (a few minutes) and bind them into one HTML book
	@echo "== the lecture: trainlab lecture"
	@$(BIN)/trainlab lecture

bench: .venv/installed ## measure start-up and time per step
	@$(BIN)/python benchmarks/startup.py
	@$(BIN)/python benchmarks/step_time.py

site: .venv/site ## build the documentation as a site with search in build/site, and try its search
	@echo "== building the site: mkdocs build"
	@.venv/site/bin/python docs/site_check.py

# versions and hashes only; ranges stand in pyproject.toml; run.txt takes its versions from dev.txt
PIN = $(BIN)/uv pip compile --system-certs --quiet --upgrade --generate-hashes --no-annotate \
      --custom-compile-command "make lock"
# the extras whose code the tests run everywhere; `.ci/run` installs the others where it needs them
EXTRAS := $(addprefix --extra ,parquet excel arff statistics hdf5 images onnx tpe cluster)
ANYWHERE := --universal --python-version 3.11 --fork-strategy fewest

lock: .venv/python ## write requirements/ anew, from today's newest releases and from pyproject.toml's lower bounds
	@$(BIN)/python -m pip install uv
	@$(PIN) $(ANYWHERE) pyproject.toml --group dev $(EXTRAS) --output-file requirements/dev.txt
	@$(PIN) $(ANYWHERE) pyproject.toml --group build --constraints requirements/dev.txt --output-file requirements/run.txt
	@$(PIN) $(ANYWHERE) --group site --output-file requirements/site.txt
	@$(PIN) --python-version 3.11 --resolution lowest-direct pyproject.toml --group dev $(EXTRAS) --output-file requirements/lowest.txt

.venv/site: requirements/site.txt | .venv/python
	@echo "== installing what builds the site into .venv/site"
	@$(PYTHON) -m venv .venv/site
	@.venv/site/bin/python -m pip install --require-hashes --requirement requirements/site.txt
	@touch $@

sbom: ## write sbom.json: what a user installs with trainlab, with versions, licenses and who needs what (CycloneDX)
	@echo "== installing requirements/run.txt and cyclonedx-bom into .venv/sbom"
	@rm -rf .venv/sbom
	@$(PYTHON) -m venv .venv/sbom/app
	@.venv/sbom/app/bin/python -m pip install --require-hashes --requirement requirements/run.txt
	@.venv/sbom/app/bin/python -m pip install --no-deps --no-build-isolation --editable .
	@$(PYTHON) -m venv .venv/sbom/tool
	@.venv/sbom/tool/bin/python -m pip install "cyclonedx-bom>=7"
	@.venv/sbom/tool/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible --of JSON \
		--output-file sbom.json .venv/sbom/app
	@echo "== wrote sbom.json"

clean: ## remove .venv and caches; runs/ stays
	rm -rf .venv build *.egg-info .pytest_cache .ruff_cache

.venv/python:
	@echo "== making .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit("trainlab needs Python 3.11 or newer: make PYTHON=python3.12 ..." if sys.version_info < (3, 11) else 0)'
	@$(PYTHON) -m venv .venv
	@touch $@

KERNELS := setup.py trainlab/engine/compiled/build.py $(wildcard trainlab/engine/kernels/*.[ch])

.venv/installed: pyproject.toml requirements/run.txt $(KERNELS) | .venv/python
	@echo "== installing trainlab into .venv (the first time it takes a minute)"
	@$(BIN)/python -m pip install --require-hashes --requirement requirements/run.txt
	@$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@

.venv/developing: pyproject.toml requirements/dev.txt $(KERNELS) | .venv/python
	@echo "== installing trainlab and what its tests need into .venv (the first time it takes a minute or two)"
	@$(BIN)/python -m pip install --require-hashes --requirement requirements/dev.txt
	@$(BIN)/python -m pip install --no-deps --no-build-isolation --editable .
	@touch $@ .venv/installed
