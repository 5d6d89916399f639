# make setup installs, make run executes the notebooks: everything else is for working on them.

ROOT := $(CURDIR)
VENV := $(ROOT)/.venv
PYTHON ?= python3

# The programs in .venv come first; Jupyter keeps its files there and not in the home folder.
export PATH := $(VENV)/bin:$(PATH)
export JUPYTER_DATA_DIR := $(VENV)/share/jupyter
export JUPYTER_CONFIG_DIR := $(VENV)/etc/jupyter
export JUPYTER_RUNTIME_DIR := $(VENV)/run
export IPYTHONDIR := $(VENV)/ipython
export npm_config_cache := $(VENV)/run/npm
export CS231N_ROOT := $(ROOT)
# XLA's CPU client takes its buffers from malloc, step by step: keep them, in huge pages, instead of giving
# them back to the system each time. glibc reads this only when a process starts.
export GLIBC_TUNABLES := glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.arena_max=1:glibc.malloc.trim_threshold=2147483647:glibc.malloc.top_pad=67108864
export GOTOOLCHAIN := local
export PYTHON
# Without symbol tables and with Go's own linker a program, and so a cell, is linked in less than half the time.
export GOFLAGS := -buildvcs=false "-ldflags=-s -w -linkmode=internal"

RUN := $(VENV)/bin/python kernels/run_notebooks.py
SOURCES = $(sort $(wildcard notebooks/source/*.md))

.PHONY: help setup run notebooks images lab build test test-short faults requirements clean \
	check-format check-vet check-lint check-unit check-runner check-notebooks check-vulnerabilities

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## install what is missing, and nothing else
	@kernels/setup.sh

run: setup ## execute the notebooks at full settings into out/notebooks, with HTML pages
	@$(RUN)

notebooks: setup ## write notebooks/*.ipynb afresh from notebooks/source/*.md, executed
	@$(RUN) --in-place --expect-images $(or $(SOURCES),$(error no notebooks/source/*.md in $(ROOT): nothing to make notebooks of))

images: setup ## draw images/gan_outputs.png from the runs that make run or make notebooks left
	@go run images/gan_outputs.go

lab: setup ## open the notebooks in JupyterLab (LAB_FLAGS="--no-browser --port=..." as you like)
	@jupyter lab --notebook-dir=notebooks $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_FLAGS)

build: setup ## build the command bin/cs231n
	@go build -o bin/cs231n ./cs231n/cmd/cs231n

test: check-format check-vet check-lint check-unit check-runner check-notebooks check-vulnerabilities ## check everything, the notebooks in their quick setting included

test-short: setup ## run the quick part of the unit tests
	@go test -short ./...

faults: setup ## kill training, fill disks and damage files, hundreds and thousands of times (half an hour)
	@mkdir -p out && rm -f out/faults.tsv
	@CS231N_FAULTS=$(ROOT)/out/faults.tsv go test -count=1 -timeout 2h -run 'Kill|FullDisk|Corrupt' ./cs231n/...
	@sort out/faults.tsv | awk -F'\t' '{ printf "%-11s %-28s %6d  %s\n", $$1, $$2, $$3, $$4; all[$$1] += $$3 } \
		END { for (kind in all) printf "%-11s %-28s %6d\n", kind, "all", all[kind]; print "losses 0, panics 0 (a test fails at the first)" }'

check-format: setup
	@echo "== gofmt"
	@files=$$(gofmt -l cs231n images) && [ -z "$$files" ] || { echo "not formatted: $$files; run gofmt -w on them"; exit 1; }

check-vet: setup
	@echo "== go vet"
	@go vet ./...

check-lint: setup
	@echo "== staticcheck"
	@staticcheck ./...

check-unit: setup
	@echo "== go test"
	@go test ./...

check-runner: setup
	@echo "== notebook runner"
	@$(VENV)/bin/python -m unittest discover -s kernels

check-notebooks: setup
	@echo "== notebooks, quick setting"
	@$(RUN) --quick --expect-images --output-dir out/quick

# Advisory: what it finds depends on the day, and its database is not reachable everywhere.
check-vulnerabilities: setup
	@echo "== govulncheck"
	@out=$$(go build -o $(VENV)/bin/ golang.org/x/vuln/cmd/govulncheck 2>&1 && govulncheck ./... 2>&1); status=$$?; \
	case $$status in \
	0 | 3) echo "$$out" ;; \
	*) echo "skipped: govulncheck did not run ($$(echo "$$out" | grep -m1 .)); it needs packages that compile and, from the network, its database" ;; \
	esac

requirements: ## pin kernels/*.in afresh (needs uv)
	@cd kernels && for name in requirements requirements-pjrt requirements-go; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-annotate \
			--custom-compile-command "make requirements" $$([ $$name = requirements ] || echo --no-deps) \
			$$name.in -o $$name.txt || exit 1; \
	done

clean: ## remove what make made, .venv included (notebooks stay)
	@rm -rf $(VENV) bin out
