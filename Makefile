# make demo    a whole Rostrum with a speaker on stage      make check   format, lint, types
# make test    every test, installing what they need        make bench   measurements (docs/performance.md)
# make screens pictures of every page in every state
#
# Nothing is installed globally but, by `make test` as root, the Debian packages the tests drive.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8080
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet install

# package, or package:command where its command is called otherwise
DEBIAN_PACKAGES := chromium firefox-esr redis-server coturn:turnserver iproute2:ip
NPM_FOLDERS := web tests/e2e
NATIVE := $(wildcard stream/native/*.[ch] stream/native/build.py)

.PHONY: help demo test check bench screens native bench-peers lock clean debian-packages

help:
	@sed -n 's/^# //p' Makefile | head -4

demo: $(VENV)/.run
	$(BIN)/rostrum demo --host $(HOST) --port $(PORT)

# Files run beside each other, browsers' two at a time, but for tests with figures that want the machine. Two cores
# do not always give in time what a test waits for: what fails is printed, and has to hold on its own afterwards.
# PYTEST=... runs what it names.
BESIDE := --durations 15 --dist loadfile -m 'not alone and not benchmark and not screens'
AGAIN := $(BIN)/pytest --last-failed --last-failed-no-failures none
test: debian-packages native $(NPM_FOLDERS:%=%/node_modules/.stamp)
ifdef PYTEST
	$(BIN)/pytest $(PYTEST)
else
	node --test tests/web/*.test.mjs
	$(BIN)/pytest --numprocesses 4 $(BESIDE) --ignore tests/e2e || $(AGAIN)
	$(BIN)/pytest --numprocesses 2 $(BESIDE) --no-loadscope-reorder tests/e2e || $(AGAIN)
	$(BIN)/pytest --durations 15 -m 'alone and not benchmark and not screens' || $(AGAIN)
endif

check: $(VENV)/.dev web/node_modules/.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	cd web && npx tsc --noEmit -p .

bench: native
	HYPOTHESIS=explore $(BIN)/pytest -m 'benchmark or hypothesis' -s $(PYTEST)

# Every page in every state: as pictures and one sheet in artifacts/screens/, and by axe-core. All of it takes
# an hour; ONLY=doors, watch, speak, moderate, direct, hall or av is one part of it, some minutes. SIZES=768x1024,320x568
# are other sizes, of the pictures alone. Without Debian's fonts-noto-cjk and fonts-noto-color-emoji, Chinese and emoji
# are drawn as boxes.
screens: debian-packages native $(NPM_FOLDERS:%=%/node_modules/.stamp)
	ROSTRUM_SCREENS=$(SIZES) $(BIN)/pytest -m screens -s $(if $(ONLY),-k '[$(ONLY)]') \
	  $(or $(PYTEST),$(if $(SIZES),tests/e2e/test_screens.py))

# Our relay beside Janus; on a quiet machine, and with as many fan-outs as it has: make bench-peers FANOUTS=native,gso
FANOUTS ?= auto
bench-peers: DEBIAN_PACKAGES := janus
bench-peers: debian-packages $(VENV)/.dev
	$(BIN)/rostrum bench peers --viewers 20,100,300 --fanouts $(FANOUTS) --rounds 3 \
	  --output docs/performance.json --document docs/performance.md

# -- what the targets need ---------------------------------------------------------------------------

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Rostrum needs Python 3.11 or newer; set PYTHON=... to name one." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "Python cannot make virtual environments here; install python3-venv." >&2; exit 1; }

# Compiles the native fan-out where a compiler and the headers are at hand.
$(VENV)/.run: requirements.lock pyproject.toml $(NATIVE) | $(VENV)/bin/pip
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@$(BIN)/python stream/native/build.py 2> /dev/null \
	  || echo "Without a C compiler and OpenSSL's headers, plain Python sends the media; rostrum doctor says more."
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.run
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

%/node_modules/.stamp: %/package-lock.json
	@command -v npm > /dev/null || { echo "npm is missing; install nodejs and npm (Node 20 or newer)." >&2; exit 1; }
	cd $* && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# Unlike the demo, tests and measurements insist on the native fan-out, and on compiled routing.
native: $(VENV)/.dev
	$(BIN)/python stream/native/build.py
	$(BIN)/python -m stream.native.compile_routing

# No service is started: invoke-rc.d asks policy-rc.d.
debian-packages:
	@missing=(); \
	has_header() { echo "#include <$$1>" | cc -I"$$headers" -E - > /dev/null 2>&1; }; \
	headers=$$($(PYTHON) -c 'import sysconfig; print(sysconfig.get_path("include"))'); \
	command -v cc > /dev/null || missing+=(build-essential); \
	has_header Python.h || missing+=(python3-dev); \
	has_header openssl/evp.h || missing+=(libssl-dev); \
	[[ $$(uname -m) != x86_64 ]] || has_header intel-ipsec-mb.h || missing+=(libipsec-mb-dev); \
	for package in $(DEBIAN_PACKAGES); do \
	  command -v "$${package#*:}" > /dev/null || missing+=("$${package%%:*}"); \
	done; \
	command -v npm > /dev/null || missing+=(nodejs npm); \
	if (( $${#missing[@]} )); then \
	  if [[ $$(id -u) != 0 ]]; then \
	    echo "These Debian packages are needed: $${missing[*]}. Install them, or run make $(MAKECMDGOALS) as root." >&2; \
	    exit 1; \
	  fi; \
	  apt-get update -qq; \
	  if [[ ! -e /usr/sbin/policy-rc.d ]]; then \
	    trap 'rm -f /usr/sbin/policy-rc.d' EXIT; \
	    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; \
	    chmod +x /usr/sbin/policy-rc.d; \
	  fi; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$${missing[@]}" > /dev/null; \
	fi

# -- for maintainers -----------------------------------------------------------------------------------

LOCK := uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate pyproject.toml
lock:
	$(LOCK) --group build -o requirements.lock > /dev/null
	$(LOCK) --group build --group dev -o requirements-dev.lock > /dev/null

clean:
	rm -rf $(VENV) $(NPM_FOLDERS:%=%/node_modules) data artifacts .mypy_cache .pytest_cache .ruff_cache
