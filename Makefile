# The commands of the project: `make help` lists them. A POSIX shell and GNU Make are enough.

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help atlas quick serve test lint bench publish clean

VENV := .venv
PYTHON := $(VENV)/bin/python

# `make atlas TOP=3 PROBE='my photographs'` passes on what stands on make's command line and nothing
# else: SITE or SEED in the environment may be anyone's. The text goes as it was typed ($(value))
# and as one word of the shell; only make's own $$ is read, as $.
SETTINGS := CONFIG NETWORK NETWORK_ARGS WEIGHTS WEIGHTS_KEY TRANSFORM_INPUT INPUT MEAN STD PROBE \
	LABELS CLASSES LAYERS UNITS TOP RECIPE SIGN POSITION FACES SAMPLES TILES UPSCALES STEPS SEED DEVICE \
	PRECISION JUDGE BATCH RUN SITE TEMPLATES NOTES BASE_URL PUBLISH_PROBE_IMAGES QUIET
unexport $(SETTINGS) PORT REMOTE TORCH TORCH_CPU

given = $(if $(filter command,$(origin $(1))),$(value $(1)))
quoted = '$(subst ','\'',$(subst $$$$,$$,$(1)))'
option = --$(shell echo $(1) | tr A-Z_ a-z-)=$(call quoted,$(call given,$(1)))
options = $(foreach name,$(1),$(if $(call given,$(name)),$(call option,$(name))))

QUICK = --run runs/quick --site runs/quick-site --top 3 \
	--layers conv2,inception3b,inception4a,inception4d,inception5a

help: ## list the commands
	@echo "make COMMAND [VARIABLE=value ...]"
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | awk -F'|' '{printf "  %-8s %s\n", $$1, $$2}'
	@echo "Variables, each the option of its name: CONFIG NETWORK NETWORK_ARGS WEIGHTS WEIGHTS_KEY"
	@echo "  TRANSFORM_INPUT INPUT MEAN STD PROBE LABELS CLASSES LAYERS UNITS TOP RECIPE SIGN POSITION"
	@echo "  FACES SAMPLES TILES UPSCALES STEPS SEED DEVICE PRECISION JUDGE BATCH RUN SITE TEMPLATES NOTES"
	@echo "  BASE_URL"
	@echo "  PUBLISH_PROBE_IMAGES=1 QUIET=1;"
	@echo "  for serve SITE PORT, for publish SITE REMOTE; VENV (.venv)."
	@echo "TORCH=cpu installs torch without CUDA: hundreds of MB instead of gigabytes."

atlas: $(VENV)/.installed ## set up and build the atlas into site/
	@$(PYTHON) -m atlas build $(call options,$(SETTINGS))

quick: $(VENV)/.installed ## build a small atlas in minutes: three units of five layers, runs/quick-site
	@$(PYTHON) -m atlas build $(QUICK) $(call options,$(SETTINGS))

serve: $(VENV)/.installed ## show the site on localhost
	@$(PYTHON) -m atlas serve $(call options,CONFIG SITE PORT)

test: $(VENV)/.installed-test ## set up and run all tests, in as many processes as there are cores
	$(PYTHON) -m pytest -n auto --dist worksteal

lint: $(VENV)/.installed-test $(VENV)/.installed-lint ## check format, style, types and imports
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .
	$(PYTHON) -m pyright --pythonpath $(PYTHON)
	$(PYTHON) -c 'from importlinter.cli import lint_imports_command as check; check()' --no-cache

bench: $(VENV)/.installed ## compare the speed with other programs and the machine (WEIGHTS DEVICE)
	@$(MAKE) --no-print-directory $(VENV)/.installed-bench || echo "Lucent and Horama cannot be installed here."
	@$(PYTHON) -m benchmarks $(call options,WEIGHTS DEVICE)

publish: $(VENV)/.installed ## check the site and push it to the branch gh-pages of REMOTE
	@$(PYTHON) -m atlas.publish $(call quoted,$(or $(call given,SITE),site)) \
		$(call quoted,$(or $(call given,REMOTE),origin))

clean: ## delete caches, dist/, runs/default and runs/quick*; spare site/, .venv and other runs
	rm -rf dist .pytest_cache .ruff_cache .hypothesis runs/default runs/quick runs/quick-site
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

# The environment. A stamp for each set of packages, so that a second make starts at once;
# a changed pyproject.toml installs again. An environment that is there is used as it is.
# Sent away, errors have make 3.81 ask a shell, which knows `command`.
UV := $(shell command -v uv 2>/dev/null)
INSTALL = $(if $(UV),$(UV) pip install --python $(PYTHON),$(PYTHON) -m pip install)

# Which builds of torch: those without CUDA, from an index of their own, or what the package index
# has. The last choice stays until another is given.
TORCH_CPU := https://download.pytorch.org/whl/cpu
TORCH_CHOSEN := $(patsubst $(VENV)/.torch-%,%,$(wildcard $(VENV)/.torch-*))
TORCH_BUILD := $(or $(call given,TORCH),$(TORCH_CHOSEN),default)
ifneq ($(filter-out cpu default,$(TORCH_BUILD)),)
$(error TORCH=$(TORCH_BUILD) is neither cpu nor default)
endif
REINSTALL = $(INSTALL) --force-reinstall $(1) torch torchvision

$(VENV)/.installed: pyproject.toml $(VENV)/.torch-$(TORCH_BUILD)
	$(INSTALL) --editable .
	@touch $@

$(VENV)/.torch-%: | $(PYTHON)
ifndef UV
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m ensurepip
endif
ifeq ($(TORCH_BUILD),cpu)
	$(call REINSTALL,--index-url $(TORCH_CPU)) || { echo "torch without CUDA cannot be had from \
	$(TORCH_CPU): name a mirror with TORCH_CPU=URL, or leave out TORCH=cpu" >&2; exit 1; }
else ifdef TORCH_CHOSEN
	$(REINSTALL)
endif
	@rm -f $(VENV)/.torch-*
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
