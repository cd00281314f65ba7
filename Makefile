# The commands of the project: `make help` lists them. A POSIX shell and GNU Make are enough.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help atlas quick serve test lint bench publish clean

VENV ?= .venv
PYTHON := $(VENV)/bin/python

# `make atlas TOP=3 PROBE='my photographs'` passes on what was given and nothing else. Make
# hands the variables of its command line to the shell, which keeps the spaces in them.
OPTIONS = \
	$${CONFIG:+--config "$$CONFIG"} \
	$${NETWORK:+--network "$$NETWORK"} \
	$${WEIGHTS:+--weights "$$WEIGHTS"} \
	$${PROBE:+--probe "$$PROBE"} \
	$${LAYERS:+--layers "$$LAYERS"} \
	$${UNITS:+--units "$$UNITS"} \
	$${TOP:+--top "$$TOP"} \
	$${RECIPE:+--recipe "$$RECIPE"} \
	$${SAMPLES:+--samples "$$SAMPLES"} \
	$${UPSCALES:+--upscales "$$UPSCALES"} \
	$${STEPS:+--steps "$$STEPS"} \
	$${SEED:+--seed "$$SEED"} \
	$${DEVICE:+--device "$$DEVICE"} \
	$${PRECISION:+--precision "$$PRECISION"} \
	$${BATCH:+--batch "$$BATCH"} \
	$${RUN:+--run "$$RUN"} \
	$${SITE:+--site "$$SITE"} \
	$${TEMPLATES:+--templates "$$TEMPLATES"} \
	$${BASE_URL:+--base-url "$$BASE_URL"} \
	$${PUBLISH_PROBE_IMAGES:+--publish-probe-images} \
	$${QUIET:+--quiet}

# The article's panels are 74 pixels wide: 20 upscales. Other recipes have ladders of their own.
QUICK = $(if $(RECIPE),,--upscales 20) --layers conv2,inception3b,inception4a,inception4d,inception5a \
	--run runs/quick --site runs/quick-site

help: ## list the commands
	@echo "make COMMAND [VARIABLE=value ...]"
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  %-8s %s\n", $$1, $$2}'
	@echo "Variables, each the option of its name: CONFIG NETWORK WEIGHTS PROBE LAYERS UNITS TOP"
	@echo "  RECIPE SAMPLES UPSCALES STEPS SEED DEVICE PRECISION BATCH RUN SITE TEMPLATES BASE_URL"
	@echo "  PUBLISH_PROBE_IMAGES=1 QUIET=1; for serve SITE PORT, for publish SITE REMOTE; VENV (.venv)."

atlas: $(VENV)/.installed ## set up and build the atlas into site/
	@$(PYTHON) -m atlas build $(OPTIONS)
	@echo "The site is in $${SITE:-site}: open $${SITE:-site}/index.html, or run: make serve$${SITE:+ SITE='$$SITE'}"

quick: $(VENV)/.installed ## build a small atlas in minutes: five layers, 74 pixels, runs/quick-site
	@$(PYTHON) -m atlas build $(QUICK) $(OPTIONS)
	@echo "The site is in $${SITE:-runs/quick-site}; run: make serve SITE='$${SITE:-runs/quick-site}'"

serve: $(VENV)/.installed ## show the site on localhost
	@$(PYTHON) -m atlas serve $${CONFIG:+--config "$$CONFIG"} $${SITE:+--site "$$SITE"} $${PORT:+--port "$$PORT"}

test: $(VENV)/.installed-test ## set up and run all tests
	$(PYTHON) -m pytest

lint: $(VENV)/.installed-test $(VENV)/.installed-lint ## check format, style and types
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m pyright --pythonpath $(PYTHON)

bench: $(VENV)/.installed ## compare the speed with other programs and the machine (WEIGHTS DEVICE)
	@$(MAKE) --no-print-directory $(VENV)/.installed-bench || echo "Lucent and Horama cannot be installed here."
	@$(PYTHON) -m benchmarks $${WEIGHTS:+--weights "$$WEIGHTS"} $${DEVICE:+--device "$$DEVICE"}

publish: $(VENV)/.installed-publish ## check the site and push it to the branch gh-pages of REMOTE
	@$(PYTHON) -m atlas.render.publish "$${SITE:-site}" "$${REMOTE:-origin}"

clean: ## delete caches, dist/, runs/default and runs/quick*; spare site/, .venv and other runs
	rm -rf dist .pytest_cache .ruff_cache .hypothesis runs/default runs/quick runs/quick-site
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The environment. A stamp for each set of packages, so that a second make starts at once;
# a changed pyproject.toml installs again. An environment that is there is used as it is.
UV := $(shell command -v uv)
INSTALL = $(if $(UV),$(UV) pip install --python $(PYTHON),$(PYTHON) -m pip install)

$(VENV)/.installed: pyproject.toml | $(PYTHON)
ifndef UV
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip
endif
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.installed-%: pyproject.toml $(VENV)/.installed
	$(INSTALL) --quiet --editable '.[$*]'
	@touch $@

$(PYTHON):
ifdef UV
	$(UV) venv --allow-existing --python '>=3.11' $(VENV)
else
	@if [ -L $@ ]; then echo "$(VENV) points to a Python that is gone: delete $(VENV) and try again" >&2; exit 1; fi
	@for python in python3 python3.14 python3.13 python3.12 python3.11; do \
		if "$$python" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			echo "$$python -m venv $(VENV)"; exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "Python 3.11 or later with its venv module is needed (Debian: apt install python3-venv), or uv" >&2; exit 1
endif
