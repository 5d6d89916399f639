#!/usr/bin/env bash
# Installs everything that the notebooks need and that is missing: system packages, a Python
# environment in .venv with JupyterLab and the XLA plugin, Go if it is missing or too old, and the
# Go kernel for Jupyter. Each step first checks whether it has work to do, so a second run is quick.
# Only system packages and the usual caches of Go, gopls and pip go outside the checkout.
# `make setup` calls this script, with the Makefile's GOFLAGS.
#
# Usage: setup.sh [STEP...]. The steps are the functions from system to cuda below. The default is
# every step that the notebooks need; docker/Dockerfile takes the steps one by one.
set -euo pipefail

# Nothing before this check may need GNU tools or a bash newer than macOS's 3.2.
platform=$(uname -s)/$(uname -m)
case $platform in
Linux/x86_64) ;;
Linux/aarch64)
	echo "setup: $platform is untested: .venv gets no XLA plugin, since the pinned one is for x86_64 only;" \
		"the first program that computes downloads go-xla's plugin for arm64 (some 100 MB, from github.com/gomlx/pjrt-cpu-binaries) to ~/.local/lib/go-xla"
	;;
*)
	echo "setup: $platform is not supported, nothing was installed: use Linux on x86_64, for instance in a virtual machine, in WSL 2 or in a container (docker/README.md)" >&2
	exit 1
	;;
esac

root=$(cd "$(dirname "$0")/.." && pwd)
venv=$root/.venv
stamps=$venv/stamps
python=${PYTHON:-python3}
cd "$root"
PATH=${PATH//"$venv/bin:"/} # .venv must not be made with its own Python

say() { printf 'setup: %s\n' "$*"; }
die() {
	printf 'setup: %s\n' "$*" >&2
	exit 1
}

scratch=$(mktemp -d 2>/dev/null) || die "could not make a folder in ${TMPDIR:-/tmp}: free space there or set TMPDIR to another folder, then run make setup again"
trap 'rm -rf "$scratch"' EXIT
log=$scratch/log

# attempt WHAT REMEDY COMMAND... runs a command quietly. If it fails, attempt prints one line with WHAT, the command's reason and REMEDY.
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
		say "this system has no dpkg: make sure yourself that it has the counterparts of Debian's packages $*"
		return
	fi
	for package in "$@"; do
		[[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == "install ok installed" ]] || missing+=("$package")
	done
	((${#missing[@]})) || return 0
	remedy="run apt-get update && apt-get install ${missing[*]} as root"
	if ((EUID != 0)); then
		command -v sudo >/dev/null || die "system packages ${missing[*]} are missing, and installing them needs root or sudo: $remedy, then run make setup again"
		sudo=(sudo)
	fi
	say "installing system packages: ${missing[*]}"
	# If apt-get update fails, the present index may still do.
	attempt "install system packages ${missing[*]}" "$remedy" \
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive sh -c 'apt-get update -qq; apt-get install -y -qq --no-install-recommends "$@"' sh "${missing[@]}"
}

# pip_install NAME installs kernels/NAME.txt into .venv unless the same file was installed before.
pip_install() {
	local file=kernels/$1.txt
	cmp -s "$file" "$stamps/$1" && return
	say "installing $file into .venv"
	attempt "install $file" "check the network and that its pins exist" \
		"$venv/bin/python" -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes -r "$file"
	cp "$file" "$stamps/$1"
}

# recent_go succeeds if PATH has a go that is new enough for go.mod.
recent_go() {
	local need have
	need=$(sed -n 's/^go //p' go.mod)
	have=$(cd / && go env GOVERSION 2>/dev/null) || return 1
	printf '%s\n' "$need" "${have#go}" | sort --version-sort --check=quiet
}

# has_tools succeeds if .venv has every program that the tool lines of go.mod name.
has_tools() {
	local tool
	for tool in gonb goimports gopls staticcheck; do
		[[ -x $venv/bin/$tool ]] || return 1
	done
}

# system installs system packages.
system() {
	local packages=(ca-certificates gcc g++ libc6-dev libhdf5-dev)
	"$python" -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
	system_packages "${packages[@]}"
}

# environment makes .venv with JupyterLab, the XLA plugin and, if the machine's Go is missing or too old, Go.
environment() {
	local site tool
	# The programs in .venv/bin name their interpreter by its absolute path, so a checkout that was moved needs a new .venv.
	if [[ $(cat "$stamps/root" 2>/dev/null) != "$root" ]] || ! "$venv/bin/python" -c '' 2>/dev/null; then
		say "making .venv"
		rm -rf "$venv"
		attempt "make .venv with $python" "check that you can write to $root and that $python -m venv works" "$python" -m venv "$venv"
		mkdir -p "$stamps"
		echo "$root" >"$stamps/root"
	fi
	pip_install requirements
	pip_install requirements-pjrt
	if [[ -f $stamps/requirements-go ]] || ! recent_go; then
		pip_install requirements-go
		site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
		for tool in go gofmt; do # they resolve the link to find their tree
			ln -sf "$site/go/bin/$tool" "$venv/bin/$tool"
		done
		recent_go || die "the Go of kernels/requirements-go.txt does not run or is older than go.mod requires: raise its version there or install Go yourself, then run make setup again"
	fi
}

# GoNB looks for its gopls every 12 seconds, so the first completion of a kernel takes at least that long.
# This edit of the pinned version's source makes it look ten times a second.
gonb=github.com/janpfeifer/gonb
gonb_file=internal/goexec/goplsclient/exec.go
gonb_edit='s/time\.After(ConnectTimeout)/time.After(100 * time.Millisecond)/'

# install_tools builds the tools that go.mod names, GoNB from an edited copy.
install_tools() {
	local source copy=$scratch/gonb
	go mod download && source=$(go list -m -f '{{.Dir}}' "$gonb") || return
	cp -r "$source" "$copy" && chmod -R u+w "$copy" || return
	sed "$gonb_edit" "$source/$gonb_file" >"$copy/$gonb_file"
	if cmp -s "$source/$gonb_file" "$copy/$gonb_file"; then
		echo "error: gonb_edit in kernels/setup.sh does not match this version of GoNB"
		return 1
	fi
	cp go.mod go.sum "$scratch/" && go mod edit -replace "$gonb=$copy" "$scratch/go.mod" || return
	GOBIN=$venv/bin go install -modfile="$scratch/go.mod" tool
}

# modules downloads the modules of go.mod and builds its tools, the Go kernel among them.
modules() {
	local stamp
	stamp=$(cat go.mod && go version && echo "${GOFLAGS:-}" && echo "$gonb_edit")
	[[ $stamp != "$(cat "$stamps/tools" 2>/dev/null)" ]] || ! has_tools || return 0
	say "building the Go kernel and its tools with $(go env GOVERSION)"
	attempt "build the tools that go.mod names" "check the network" install_tools
	printf '%s\n' "$stamp" >"$stamps/tools"
}

# build_packages compiles the packages, and lets gopls read them, as for a cell.
build_packages() {
	local module
	# A cell is built in a workspace. That loads more modules than the packages alone, and without this the first cell needs a network.
	module=$(go list -m) && mkdir "$scratch/cell" && cd "$scratch/cell" || return
	printf 'module cell\n' >go.mod
	printf 'package main\n\nimport nb "%s/cs231n/notebook"\n\nfunc main() { nb.Setting("A", 1, 1) }\n' "$module" >main.go
	go work init . "$root" || return
	# Programs include GoMLX's pure-Go backend, cells do not (kernelspec.py).
	go build "$module/..." && go build -tags=nopurego "$module/..." || return
	GOFLAGS="${GOFLAGS:-} -tags=nopurego" gopls check main.go
}

# packages fills the caches of Go and gopls, once for each set of tools.
packages() {
	cmp -s "$stamps/tools" "$stamps/packages" && return
	say "compiling the packages once, so that cells start and complete quickly"
	(build_packages) >"$log" 2>&1 || say "the packages do not compile: run go build ./... to see why"
	cp "$stamps/tools" "$stamps/packages"
}

# kernelspec registers the kernel with Jupyter.
kernelspec() { "$venv/bin/python" kernels/kernelspec.py; }

# class installs the packages of a server that runs behind a JupyterHub. It turns nbgrader and the extension of Jupyter
# Notebook, on which nbgrader depends, off; docker/jupyter/student and docker/jupyter/teacher turn nbgrader on.
class() {
	pip_install requirements-class
	rm -f "$venv"/etc/jupyter/jupyter_server_config.d/{nbgrader,notebook}.json
	attempt "turn off nbgrader's extension" "make .venv anew with make clean" \
		"$venv/bin/jupyter" labextension disable --level=sys_prefix @jupyter/nbgrader @jupyter-notebook/lab-extension
}

# cuda installs XLA's plugin for NVIDIA GPUs and CUDA's libraries, several GB.
cuda() { pip_install requirements-cuda; }

command -v "$python" >/dev/null ||
	die "$python is not installed: install Python 3.11 to 3.14 or name yours with PYTHON=..., then run make setup again"
"$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' ||
	die "$python is $("$python" --version 2>&1), and the pinned packages are for Python 3.11 to 3.14: name one with PYTHON=..., then run make setup again"
python=$(command -v "$python")
export PATH=$venv/bin:$PATH GOTOOLCHAIN=local

(($#)) || set -- system environment modules packages kernelspec
for step in "$@"; do
	[[ " system environment modules packages kernelspec class cuda " == *" $step "* ]] ||
		die "unknown step \"$step\": the steps are system, environment, modules, packages, kernelspec, class and cuda"
	"$step"
done
say "ready"
