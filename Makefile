# Everything one does here. Needs Python >= 3.10 and make; uses uv when it is there, only because it is faster.
#
#   make test                         the tests, in .venv
#   make test ARGS="-k stream -x"     some of them
#   make test JOBS=0                  in one process, for a debugger; otherwise in as many as there are cores
#   make test PYTHON=python3.12       with another Python, in an environment of its own (.venv-3.12)

PYTHON ?= python3
ARGS ?=
JOBS ?= auto

# The default Python lives in .venv; any other beside it, so that going to and fro does not build them anew each time.
ifeq ($(PYTHON),python3)
SUFFIX :=
else
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ifeq ($(VERSION),)
$(error PYTHON=$(PYTHON) does not run)
endif
SUFFIX := -$(VERSION)
endif
VENV := .venv$(SUFFIX)
OLDEST_VENV := .venv-oldest$(SUFFIX)
BESIDE_VENV := .venv-beside$(SUFFIX)
FRAMEWORKS_VENV := .venv-frameworks$(SUFFIX)
FRAMEWORKS_BEFORE_VENV := .venv-frameworks-before$(SUFFIX)

# The oldest releases we promise to work with. The lower bounds in pyproject.toml say the same.
OLDEST := 'openai==1.26.0' 'anthropic==0.40.0' 'groq==0.11.0' 'together==2.0.0' 'cerebras-cloud-sdk==1.0.0' \
	'writer-sdk==2.0.0' 'fsspec==2023.1.0' 'tenacity==9.0.0' 'jsonschema==4.18.0' 'regex==2022.10.31' 'pyyaml==6.0.1' 'httpx<0.28' 'wrapt==1.16.0' \
	'opentelemetry-api==1.30.0' 'opentelemetry-sdk==1.30.0' 'opentelemetry-exporter-otlp==1.30.0' \
	'opentelemetry-instrumentation==0.51b0' 'opentelemetry-instrumentation-threading==0.51b0' \
	'opentelemetry-distro==0.51b0'

# Who else traces the same calls: tests/beside holds us to living with their newest releases. In an environment of their
# own, because installed they take part in whatever runs there. And Presidio, which is too large for the others.
BESIDE := opentelemetry-instrumentation-genai-openai opentelemetry-instrumentation-openai \
	openinference-instrumentation-openai opentelemetry-instrumentation-httpx langchain-openai \
	opentelemetry-instrumentation-genai-anthropic opentelemetry-instrumentation-anthropic \
	openinference-instrumentation-anthropic 'opentelemetry-util-genai[upload]' presidio-analyzer

# The frameworks for agents that we listen to, and examples/: their newest releases, and those of one major before.
FRAMEWORKS := openai-agents langchain langchain-openai langchain-anthropic langgraph mcp check-jsonschema \
	-r examples/rag_agent/requirements.txt
FRAMEWORKS_BEFORE := 'openai-agents<0.9' 'openai<2.45' 'langchain<1' 'langchain-core<0.4' 'langchain-openai<1' 'langchain-anthropic<1' 'langgraph<1' 'mcp<2'

# $(call environment,FOLDER,REQUIREMENTS): an environment from scratch, so that it holds what is asked for and nothing else.
# `uv --version` and not `command -v uv`: a pyenv shim may be there and refuse to run. pip is renewed first: the one that
# comes with Python 3.10 and 3.11 searches for minutes where a newer one needs seconds.
define environment
	@echo 'making $(1)'
	@rm -rf $(1)
	@if uv --version >/dev/null 2>&1; then \
		uv venv --quiet --seed --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(1) && \
		uv pip install --quiet --python $(1)/bin/python $(2); \
	else \
		$(PYTHON) -m venv $(1) && $(1)/bin/python -m pip install --quiet --upgrade pip && \
		$(1)/bin/python -m pip install --quiet $(2); \
	fi
	@touch $@
endef

.PHONY: help venv demo example test test-oldest test-beside test-frameworks lint format types docs bench build clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

venv: $(VENV)/.ready ## make .venv (all other targets do it when they need it)

# entry_points.cfg too: an installation keeps a copy of it.
$(VENV)/.ready: pyproject.toml entry_points.cfg
	$(call environment,$(VENV),-e '.[dev]')

$(OLDEST_VENV)/.ready: pyproject.toml entry_points.cfg Makefile
	$(call environment,$(OLDEST_VENV),-e '.[test]' $(OLDEST))

$(BESIDE_VENV)/.ready: pyproject.toml entry_points.cfg Makefile
	$(call environment,$(BESIDE_VENV),-e '.[test]' $(BESIDE))

$(FRAMEWORKS_VENV)/.ready: pyproject.toml entry_points.cfg Makefile examples/rag_agent/requirements.txt
	$(call environment,$(FRAMEWORKS_VENV),-e '.[test]' $(FRAMEWORKS))

$(FRAMEWORKS_BEFORE_VENV)/.ready: pyproject.toml entry_points.cfg Makefile
	$(call environment,$(FRAMEWORKS_BEFORE_VENV),-e '.[test]' $(FRAMEWORKS_BEFORE))

demo: $(VENV)/.ready ## genscope at work on a provider of its own: no key, no network
	$(VENV)/bin/genscope demo $(ARGS)

example: $(FRAMEWORKS_VENV)/.ready ## a whole application at work, examples/rag_agent: no key, no network
	$(FRAMEWORKS_VENV)/bin/python -m examples.rag_agent $(ARGS)

test: $(VENV)/.ready ## the tests, with the newest libraries
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist worksteal $(ARGS)

test-oldest: $(OLDEST_VENV)/.ready ## the tests, with the oldest libraries we support; the page of `genscope ui` knows none of them
	$(OLDEST_VENV)/bin/python -m pytest -n $(JOBS) --dist worksteal --ignore tests/ui/page $(ARGS)

test-beside: $(BESIDE_VENV)/.ready ## the tests beside other instrumentations, with their newest releases
	$(BESIDE_VENV)/bin/python -m pytest tests/beside $(ARGS)

test-frameworks: $(FRAMEWORKS_VENV)/.ready $(FRAMEWORKS_BEFORE_VENV)/.ready ## the tests of frameworks and examples, with today's releases and one major before
	$(FRAMEWORKS_VENV)/bin/python -m pytest tests/frameworks tests/examples $(ARGS)
	$(FRAMEWORKS_BEFORE_VENV)/bin/python -m pytest tests/frameworks $(ARGS)

lint: $(VENV)/.ready ## ruff: rules and layout
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check

format: $(VENV)/.ready ## let ruff mend what it can
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

types: $(VENV)/.ready ## pyright, strict
	PYRIGHT_PYTHON_IGNORE_WARNINGS=1 $(VENV)/bin/pyright --pythonpath $(VENV)/bin/python $(ARGS)

docs: $(VENV)/.ready ## the tables in README.md and docs/, from the code
	$(VENV)/bin/python docs/tables.py

bench: $(VENV)/.ready ## what genscope adds to a call, against the floor
	$(VENV)/bin/python -m benchmarks $(ARGS)

build: $(VENV)/.ready ## wheel and sdist, in dist/
	rm -rf build dist
	$(VENV)/bin/python -m build --no-isolation

clean: ## remove everything that was made here, environments too
	rm -rf .venv .venv-* build dist src/*.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
