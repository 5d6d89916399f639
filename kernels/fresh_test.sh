#!/usr/bin/env bash
# Runs the README's two commands, word for word, on a fresh Debian that has only what the README
# asks for, in a clone of the last commit. A package that set-up forgets to install is missing there.
#
# Usage: fresh_test.sh [SUITE], as root. SUITE is bookworm (Debian 12, the default) or trixie (Debian 13).
# It needs mmdebstrap, a network and 10 GB of disk. CS231N_QUICK and CS231N_ITERS shorten the notebooks
# of make run. `make fresh-test` calls this script.
#
# The fresh system reaches package servers as this machine does: with its name servers, its certificate
# authorities, pip's settings, and the proxies that the environment names.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
die() {
	printf 'fresh-test: %s\n' "$*" >&2
	exit 1
}

suite=${1:-bookworm}
[[ $suite == bookworm || $suite == trixie ]] || die "unknown suite \"$suite\": give bookworm or trixie"
((EUID == 0)) || die "chroot and mount need root: run it as root"
command -v mmdebstrap >/dev/null || die "mmdebstrap is missing: run apt-get install mmdebstrap"
# The commands of the section's first block, without comments.
mapfile -t commands < <(sed -n '/^## Two commands/,/^## /{/^```sh/,/^```/p}' "$repository/README.md" |
	sed '1d; /^```/,$d; s/ *#.*//')
[[ ${#commands[@]} == 2 && ${commands[0]} == "make run" && ${commands[1]} == "make test" ]] ||
	die "the section \"Two commands\" of README.md has ${commands[*]@Q} instead of make run and make test: adapt this test to it"

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/fresh-test.XXXXXX")
trap 'rm -rf --one-file-system "$scratch"' EXIT
root=$scratch/root

# inside COMMAND [NAME...] runs a command line in the fresh system, with the variables NAME of this environment.
# It has its own mounts and processes, which end with it.
inside() {
	local command=$1 passed=() name
	shift
	for name in http_proxy https_proxy no_proxy GOPROXY "$@"; do
		[[ ! -v $name ]] || passed+=("$name=${!name}")
	done
	unshare --mount --pid --fork --kill-child bash -c '
		mount -t proc proc "$1/proc"
		mount --rbind /sys "$1/sys"
		mount --rbind /dev "$1/dev"
		exec chroot "$1" /usr/bin/env -i "${@:3}" bash -c "$2"
	' enter "$root" "$command" HOME=/root LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${passed[@]}"
}

# step WHAT COMMAND... runs the command and prints how long it took.
step() {
	local what=$1 begun=$SECONDS
	shift
	printf 'fresh-test: %s\n' "$what"
	"$@" || die "FAILED after $((SECONDS - begun)) s: $what"
	printf 'fresh-test: %d s for %s\n' $((SECONDS - begun)) "$what"
}

step "a fresh Debian ($suite)" mmdebstrap --quiet --variant=minbase --include=python3,make,git,ca-certificates "$suite" "$root"
cp /etc/hosts /etc/resolv.conf "$root/etc/"
[[ ! -e /etc/pip.conf ]] || cp /etc/pip.conf "$root/etc/"
cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
inside "update-ca-certificates >/dev/null 2>&1"
git clone --quiet --no-hardlinks "$repository" "$root/root/checkout"

step "set-up" inside "cd ~/checkout && make setup"
step "set-up once more, which installs nothing" inside 'cd ~/checkout && said=$(make setup) && [[ $said == "setup: ready" ]] || { echo "$said"; exit 1; }'
step "${commands[0]}" inside "cd ~/checkout && ${commands[0]}" CS231N_QUICK CS231N_ITERS
# With --keep-going one run shows every failure.
export MAKEFLAGS=--keep-going
step "${commands[1]}" inside "cd ~/checkout && ${commands[1]}" MAKEFLAGS
# JupyterLab runs until it is stopped: it is up when the address that it prints answers.
step "make lab" inside "cd ~/checkout && { make lab >/tmp/lab.log 2>&1 & }
	for i in {1..60}; do
		sleep 1
		address=\$(grep -o -m1 'http://.*/lab?token=.*' /tmp/lab.log) || continue
		python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1])' \"\$address\" && exit
	done
	cat /tmp/lab.log
	exit 1"
step "git status, which finds no change" inside 'cd ~/checkout && git status --short && [[ -z $(git status --porcelain) ]]'
echo "fresh-test: passed on $suite in $SECONDS s"
