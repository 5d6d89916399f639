# make help lists the targets. The student's edition has this file without the parts for teachers and developers, which are
# marked.

ROOT := $(CURDIR)
VENV := $(ROOT)/.venv
PYTHON ?= python3

# Programs in .venv come first on the path. Jupyter keeps its files there instead of in the home folder.
export PATH := $(VENV)/bin:$(PATH)
export JUPYTER_DATA_DIR := $(VENV)/share/jupyter
export JUPYTER_CONFIG_DIR := $(VENV)/etc/jupyter
export JUPYTER_RUNTIME_DIR := $(VENV)/run
export IPYTHONDIR := $(VENV)/ipython
export npm_config_cache := $(VENV)/run/npm
export CS231N_ROOT := $(ROOT)
# XLA's CPU client allocates its buffers with malloc in every step. With these settings glibc uses huge pages and keeps
# freed memory instead of returning it to the system. glibc reads them when a process starts.
export GLIBC_TUNABLES := glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.arena_max=2:glibc.malloc.trim_threshold=2147483647:glibc.malloc.top_pad=67108864
export GOTOOLCHAIN := local
export PYTHON
# A cell is a program that has to be linked. Leaving out symbol tables and using Go's own linker more than halves the
# link time, and compiling packages without debugging information saves another fifth.
export GOFLAGS := -buildvcs=false "-ldflags=-s -w -linkmode=internal" -gcflags=all=-dwarf=false

# Students edit the packages in JupyterLab, so theirs opens the root.
LAB_FOLDER := .
# BEGIN SOLUTION
LAB_FOLDER := notebooks
RUN := $(VENV)/bin/python kernels/run_notebooks.py
BROWSER_VENV := $(ROOT)/.venv-browser
HUB := $(ROOT)/.venv-hub

.PHONY: run notebooks images student grade bench test test-short course-test browser-test docker-test course class-test fresh-test faults requirements \
	check-format check-vet check-lint check-unit check-race check-runner check-docker check-notebooks check-vulnerabilities
# END SOLUTION

.PHONY: help setup lab build check submit clean

help: ## print this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## install everything that is missing
	@kernels/setup.sh $(STEPS)

# BEGIN SOLUTION
run: setup ## execute the notebooks at full settings into out/notebooks, with HTML pages
	@$(RUN)

notebooks: setup ## execute notebooks/source/*.md and write notebooks/*.ipynb (SOURCES=... selects some)
	@$(RUN) --in-place --expect-images $(SOURCES)

images: setup ## draw images/gan_outputs.png from the runs of make run or make notebooks
	@go run ./images

# END SOLUTION
lab: setup ## open the notebooks in JupyterLab (LAB_FLAGS="--no-browser --port=8899" for example)
	@jupyter lab --notebook-dir=$(LAB_FOLDER) $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_FLAGS)

# cs231n --version shows the commit. Git refuses to read the checkout of another user.
build: setup ## build the command bin/cs231n
	@go build -buildvcs=$(if $(shell git rev-parse HEAD 2>/dev/null),true,false) -o bin/cs231n ./cs231n/cmd/cs231n

# The overlay puts the released files in place of yours, which may not compile. In the solved tree there is none.
CHECK := go build $(addprefix -overlay ,$(wildcard .release/overlay.json)) -o bin/check ./cs231n/cmd/cs231n && bin/check

check: setup ## check your solutions of the exercises (EXERCISE=rnn or EXERCISE="gan-noise attention" selects some)
	@$(CHECK) check $(EXERCISE)

submit: setup ## pack your solution into assignment3.zip (SUBMIT_FLAGS=--force packs an incomplete one)
	@$(CHECK) submit $(SUBMIT_FLAGS)

# BEGIN SOLUTION
student: build ## make the student's edition in a new folder (DIR=../assignment3-student for example)
	@test -n "$(DIR)" || { echo "name a new folder: make student DIR=../assignment3-student" >&2; exit 1; }
	@bin/cs231n student "$(DIR)"

grade: build ## grade submissions (DIR=submissions GRADE_FLAGS="--out grades --seed 7" for example)
	@test -n "$(DIR)" || { echo "name the folder of the submissions: make grade DIR=submissions" >&2; exit 1; }
	@bin/cs231n grade "$(DIR)" $(GRADE_FLAGS)

# Only this target needs PyTorch and JAX, which have separate environments. They are made again when the pins change.
bench: setup ## time training here and in PyTorch, JAX and NumPy (BENCH_FLAGS="--rounds 1 --only steps --images images" for example)
	@for name in torch jax; do \
		cmp -s kernels/requirements-$$name.txt .venv-$$name/requirements || { \
			echo "bench: installing $$name into .venv-$$name"; \
			$(PYTHON) -m venv .venv-$$name && \
			.venv-$$name/bin/python -m pip install --quiet --disable-pip-version-check --no-input --no-deps --require-hashes -r kernels/requirements-$$name.txt && \
			cp kernels/requirements-$$name.txt .venv-$$name/requirements; \
		} || echo "bench: $$name could not be installed; its columns stay empty" >&2; \
	done
	@go build -o bin/bench ./cs231n/cmd/bench
	@bin/bench $(BENCH_FLAGS)

# With two jobs, go vet compiles the packages for the checks after it, beside the notebooks, which use one core most of the
# time. The unit tests take longest and use both cores, so they end last.
test: check-format check-vet check-notebooks check-lint check-unit check-runner check-docker check-race check-vulnerabilities ## run all checks, including the notebooks in the quick setting

# The unit tests compile hundreds of small programs. XLA takes 60% of the time if it does not optimize them. The notebooks run
# the optimized ones.
check-unit check-race test-short: export XLA_FLAGS := $(XLA_FLAGS) --xla_backend_optimization_level=0

test-short: setup ## run the unit tests without the slow ones
	@go test -short ./...

faults: setup ## kill training, fill disks and damage files thousands of times (a quarter of an hour)
	@mkdir -p out && rm -f out/faults.tsv
	@CS231N_FAULTS=$(ROOT)/out/faults.tsv go test -count=1 -timeout 2h -run 'Kill|FullDisk|Corrupt' ./cs231n/...
	@sort out/faults.tsv | awk -F'\t' '{ printf "%-11s %-28s %6d  %s\n", $$1, $$2, $$3, $$4; all[$$1] += $$3 } \
		END { for (kind in all) printf "%-11s %-28s %6d\n", kind, "all", all[kind]; print "losses 0, panics 0 (a test fails at the first)" }'

course-test: setup ## assess all wrong, right and hostile solutions of the exercises (minutes; ONLY=exercise selects one, UPDATE=1 writes the list of known mistakes)
	@go test -count=1 -timeout 2h -v -run 'Reference|Blank|Solutions|OwnPoints|Hostile' ./cs231n/course/grade -all $(if $(ONLY),-only $(ONLY)) $(if $(UPDATE),-update)

check-format: setup
	@echo "== gofmt"
	@files=$$(gofmt -l cs231n images) && [ -z "$$files" ] || { echo "not formatted: $$files; run gofmt -w on them"; exit 1; }

check-vet: setup
	@echo "== go vet"
	@go vet ./...

check-lint: setup
	@echo "== staticcheck"
	@staticcheck ./...

# Go's default limit of ten minutes for a package is too short on a busy machine. The tests run in random order. If one
# fails, go test prints "-test.shuffle N" before it, and -shuffle=N repeats that order. check-vet has run go vet already.
check-unit: setup
	@echo "== go test"
	@go test -vet=off -shuffle=on -timeout 1h ./...
	@go test -vet=off -shuffle=on -tags nopurego -run WithoutPureGo ./cs231n/device

# The packages whose code is concurrent: downloads, drawing, locks on folders. The race detector cannot see into
# XLA. -skip leaves out slow tests that are sequential; -short would leave out none of them. By default a program with
# the race detector waits for a second before it exits. The tests of coco start hundreds of processes, so GORACE turns
# that wait off, which saves two minutes.
RACE := $(addprefix ./cs231n/,coco display fetch mnist scenes training)
SEQUENTIAL := ^Test(FullDisk|Corrupt|Captions|Grammar|Grid|LoadRealData|Unfold|Pooling|Fit|ObjectsCanBeSeen|Shapes|TwoProcesses|Dir$$|SameWhatever)

check-race: setup
	@echo "== go test -race"
	@GORACE=atexit_sleep_ms=0 go test -vet=off -race -shuffle=on -timeout 1h -skip '$(SEQUENTIAL)' $(RACE)

check-runner: setup
	@echo "== notebook runner"
	@$(VENV)/bin/python -m unittest discover -s kernels

check-docker: setup
	@echo "== start and stop in the container, settings of a class"
	@cd docker && $(VENV)/bin/python -m unittest test_start test_go_kernel
	@cd docker/jupyterhub && $(VENV)/bin/python -m unittest test_values

check-notebooks: setup
	@echo "== notebooks, quick setting"
	@$(RUN) --quick --expect-images --output-dir out/quick

# Skipped if the database of vulnerabilities is not reachable.
check-vulnerabilities: setup
	@echo "== govulncheck"
	@out=$$(go build -o $(VENV)/bin/ golang.org/x/vuln/cmd/govulncheck 2>&1 && govulncheck ./... 2>&1); status=$$?; \
	case $$status in \
	0) echo "$$out" ;; \
	3) echo "$$out"; echo "upgrade the modules that govulncheck names"; exit 1 ;; \
	*) echo "skipped: govulncheck did not run ($$(echo "$$out" | grep -m1 .)); it needs packages that compile and a network for its database" ;; \
	esac

browser-test: setup $(BROWSER_VENV)/requirements.txt ## test the notebooks in JupyterLab with Chromium; screenshots go to out/browser
	@$(BROWSER_VENV)/bin/python -m unittest discover -s kernels/browser

$(BROWSER_VENV)/requirements.txt: kernels/requirements-browser.txt
	@$(PYTHON) -m venv $(BROWSER_VENV)
	@$(BROWSER_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@cp $< $@

fresh-test: ## run the README's two commands on a fresh Debian 12, or 13 with SUITE=trixie (as root; CS231N_QUICK=1 for the quick setting)
	@kernels/fresh_test.sh $(SUITE)

docker-test: setup ## build and test the image of the notebook server (needs docker or podman)
	@$(VENV)/bin/python docker/test_image.py

course: build ## make an nbgrader course and a Gradescope autograder in the folder DIR (docker/jupyterhub/COURSE.md)
	@[ -n "$(DIR)" ] || { echo "course: name the folder of the course with DIR=..., such as make course DIR=/srv/cs231n/course"; exit 1; }
	@mkdir -p "$(DIR)" && bin/cs231n exercises --json >"$(DIR)/exercises.json"
	@student=$$(mktemp -d) && trap 'rm -rf "$$student"' EXIT && bin/cs231n student "$$student" && \
		$(VENV)/bin/python kernels/make_course.py "$$student" "$(DIR)"

class-test: build $(HUB) $(BROWSER_VENV)/requirements.txt ## test a JupyterHub: students who train at the same time, and an assignment (needs npm and Chromium)
	@kernels/setup.sh class
	@PATH=$(ROOT)/bin:$$PATH $(VENV)/bin/python docker/jupyterhub/test_nbgrader.py
	@rm -rf out/course && $(MAKE) --no-print-directory course DIR=out/course
	@PATH=$(HUB)/bin:$$PATH $(VENV)/bin/python docker/jupyterhub/try_class.py
	@PATH=$(HUB)/bin:$$PATH $(VENV)/bin/python docker/jupyterhub/try_course.py out/course

# Apart from .venv, whose packages have other versions. The proxy is an npm package, linked into the same bin folder.
$(HUB): docker/jupyterhub/requirements.txt docker/jupyterhub/package-lock.json
	@$(PYTHON) -m venv --clear $@
	@$@/bin/pip install --quiet --disable-pip-version-check --require-hashes -r docker/jupyterhub/requirements.txt
	@cp docker/jupyterhub/package*.json $@ && npm ci --silent --prefix $@
	@ln -s ../node_modules/.bin/configurable-http-proxy $@/bin/

requirements: ## pin the packages of every requirements*.in again (needs uv)
	@cd kernels && for name in requirements requirements-pjrt requirements-go requirements-browser requirements-class requirements-cuda requirements-torch requirements-jax ../docker/jupyterhub/requirements; do \
		case $$name in *-pjrt | *-go) flags=--no-deps ;; *hub*) flags="--no-binary onetimepass" ;; *) flags= ;; esac; \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --only-binary :all: --no-annotate \
			--custom-compile-command "make requirements" $$flags $$name.in -o $$name.txt || exit 1; \
	done

# END SOLUTION
clean: ## remove everything that make made, including .venv (notebooks stay)
	@rm -rf $(VENV) $(BROWSER_VENV) $(HUB) .venv-torch .venv-jax bin out
