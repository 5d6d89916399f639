#!/usr/bin/env bash
# Installs what the notebooks need and is not there yet: system packages, a
# Python environment in .venv with JupyterLab and the XLA plugin, Go where it is
# missing or too old, and the Go kernel for Jupyter. Every step looks first, so
# running it again is cheap. All but the system packages and the usual caches of
# Go and pip stays inside the checkout. `make setup` calls it, with its GOFLAGS.
#
# Usage: setup.sh [STEP...], the steps being the last functions below. Without arguments those
# that every notebook needs are taken; an image takes them one by one (docker/Dockerfile).
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv
stamps=$venv/stamps
python=${PYTHON:-python3}
cd "$root"
PATH=${PATH//"$venv/bin:"/} # what makes .venv must not come from it

say() { printf 'setup: %s\n' "$*"; }
die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

scratch=$(mktemp -d 2>/dev/null) || die "no folder can be made in ${TMPDIR:-/tmp}: free space there or set TMPDIR to another one, then run make setup again"
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

# attempt WHAT REMEDY COMMAND... runs a command quietly; where it fails, one line says what, its own reason and the remedy.
attempt() {
	local what=$1 remedy=$2 reason
	shift 2
	"$@" >"$log" 2>&1 && return
	sed -i '/^go: downloading /d' "$log" # progress, not a reason
	reason=$(grep -E -m1 '^(W: Failed to fetch|E:|ERROR:|error:|go:)' "$log" || grep . "$log" | tail -n 1 || true)
	die "could not $what (${reason:0:300}): $remedy, then run make setup again"
}

# system_packages installs those of its arguments that dpkg does not report as installed.
system_packages() {
	local missing=() sudo=() package remedy
	if ! command -v dpkg-query >/dev/null; then
		say "not a Debian system: taking for granted what $* provide there"
		return
	fi
	for package in "$@"; do
		[[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	remedy="run apt-get update && apt-get install ${missing[*]} as root"
	if ((EUID != 0)); then
		command -v sudo >/dev/null || die "system packages ${missing[*]} are missing, and neither root nor sudo is there to add them: $remedy, then run make setup again"
		sudo=(sudo)
	fi
	say "installing system packages: ${missing[*]}"
	# Where the index cannot be renewed, the one that is there may do.
	attempt "install system packages ${missing[*]}" "$remedy" \
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq; apt-get install -y -qq --no-install-recommends "$@"' sh "${missing[@]}"
}

# pip_install NAME installs kernels/NAME.txt into .venv unless that very file was installed already.
pip_install() {
	local file=kernels/$1.txt
	cmp -s "$file" "$stamps/$1" && return
	say "installing $file into .venv"
	attempt "install $file" "check the network and that its pins exist" \
		"$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes -r "$file"
	cp "$file" "$stamps/$1"
}

# recent_go tells whether the go on the PATH is there and new enough for go.mod.
recent_go() {
	local need have
	need=$(sed -n 's/^go //p' go.mod)
	have=$(cd / && go env GOVERSION 2>/dev/null) || return 1
	printf '%s\n' "$need" "${have#go}" | sort --version-sort --check=quiet
}

# has_tools tells whether every program that go.mod's tool lines name is in .venv.
has_tools() {
	local tool
	for tool in gonb goimports gopls staticcheck; do
		[[ -x $venv/bin/$tool ]] || return 1
	done
}

# system adds what is missing of the system's packages.
system() {
	local packages=(ca-certificates gcc g++ libc6-dev libhdf5-dev)
	"$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
	system_packages "${packages[@]}"
}

# environment makes .venv, with JupyterLab, the XLA plugin and, where the machine's is missing or too old, Go.
environment() {
	local site tool
	# The programs in .venv/bin name their interpreter by absolute path: a checkout that moved starts afresh.
	if [[ $(cat "$stamps/root" 2>/dev/null) != "$root" ]] || ! "$venv/bin/python" -c '' 2>/dev/null; then
		say "making .venv"
		rm -rf "$venv"
		attempt "make .venv with $python" "see that $root can be written and that $python -m venv works" "$python" -m venv "$venv"
		mkdir -p "$stamps"
		echo "$root" >"$stamps/root"
	fi
	pip_install requirements
	pip_install requirements-pjrt
	if [[ -f $stamps/requirements-go ]] || ! recent_go; then
		pip_install requirements-go
		site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
		for tool in go gofmt; do # they find their own tree through the link
			ln -sf "$site/go/bin/$tool" "$venv/bin/$tool"
		done
		recent_go || die "the Go of kernels/requirements-go.txt does not run or is older than go.mod asks for: raise it there or install Go yourself, then run make setup again"
	fi
}

# modules downloads the modules of go.mod and builds its tools, the Go kernel among them.
modules() {
	local stamp
	stamp=$(cat go.mod && go version && echo "${GOFLAGS:-}")
	[[ $stamp != "$(cat "$stamps/tools" 2>/dev/null)" ]] || ! has_tools || return 0
	say "building the Go kernel and its tools with $(go env GOVERSION)"
	attempt "build the tools that go.mod names" "check the network" env GOBIN="$venv/bin" go install tool
	attempt "download the modules that go.mod names" "check the network" go mod download
	printf '%s\n' "$stamp" >"$stamps/tools"
}

# packages compiles the packages once per set of tools, so that cells start quickly.
packages() {
	cmp -s "$stamps/tools" "$stamps/packages" && return
	say "compiling the packages once, so that cells start quickly"
	# A cell is built in a workspace, which looks at more modules than the packages alone: without this the first cell needs a network.
	mkdir "$scratch/cell"
	echo "module cell" >"$scratch/cell/go.mod"
	# Programs have GoMLX's pure-Go backend, cells do not (kernelspec.py).
	(cd "$scratch/cell" && go work init . "$root" && all=$(cd "$root" && go list -m)/... && go build "$all" && go build -tags=nopurego "$all") >"$log" 2>&1 ||
		say "the packages do not compile yet: go build ./... says why"
	cp "$stamps/tools" "$stamps/packages"
}

# kernelspec tells Jupyter of the kernel.
kernelspec() { "$venv/bin/python" kernels/kernelspec.py; }

# class adds what a server needs whose students come through a JupyterHub.
class() { pip_install requirements-class; }

# cuda adds XLA's plugin for NVIDIA GPUs with CUDA's libraries, several GB.
cuda() { pip_install requirements-cuda; }

command -v "$python" >/dev/null ||
	die "no $python here: install Python 3.11 or later or name yours with PYTHON=..., then run make setup again"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
	die "$python is $("$python" --version 2>&1) and 3.11 or later is needed: name one with PYTHON=..., then run make setup again"
python=$(command -v "$python")
export PATH=$venv/bin:$PATH GOTOOLCHAIN=local

(($#)) || set -- system environment modules packages kernelspec
for step in "$@"; do
	[[ " system environment modules packages kernelspec class cuda " == *" $step "* ]] ||
		die "there is no step \"$step\": the steps are system, environment, modules, packages, kernelspec, class and cuda"
	"$step"
done
say "ready"
