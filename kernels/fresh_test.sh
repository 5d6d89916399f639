#!/usr/bin/env bash
# Runs the README's two commands, word for word, on a fresh Debian 12 that has only
# what the README asks for, on a clone of the last commit. Whatever set-up forgot to
# install is missing there. `make fresh-test` calls it; it has to be root and needs
# mmdebstrap, a network, 10 GB of disk and, with CS231N_QUICK=1, some ten minutes.
#
# How this machine reaches package servers holds for the fresh one too: its name
# servers, its own certificate authorities, pip's settings, and proxies named in the
# environment.
set -euo pipefail

repository=$(cd "$(dirname "$0")/.." && pwd)
die() {
	printf 'fresh-test: %s\n' "$*" >&2
	exit 1
}

((EUID == 0)) || die "a fresh system can be entered by root only: run it as root"
command -v mmdebstrap >/dev/null || die "no mmdebstrap here: run apt-get install mmdebstrap"
# The commands of the section's first block, without comments.
mapfile -t commands < <(sed -n '/^## Two commands/,/^## /{/^```sh/,/^```/p}' "$repository/README.md" |
	sed '1d; /^```/,$d; s/ *#.*//')
[[ ${#commands[@]} == 2 && ${commands[0]} == "make run" && ${commands[1]} == "make lab" ]] ||
	die "README.md's section \"Two commands\" begins with ${commands[*]@Q} and not with make run and make lab: adapt this test to it"

scratch=$(mktemp -d "${TMPDIR:-/var/tmp}/fresh-test.XXXXXX")
trap 'rm -rf --one-file-system "$scratch"' EXIT
root=$scratch/root

# inside COMMAND runs a command line in the fresh system, with its own mounts and processes: all end with it.
inside() {
	local passed=() name
	for name in CS231N_QUICK CS231N_ITERS http_proxy https_proxy no_proxy GOPROXY; do
		[[ ! -v $name ]] || passed+=("$name=${!name}")
	done
	unshare --mount --pid --fork --kill-child bash -c '
		mount -t proc proc "$1/proc"
		mount --rbind /sys "$1/sys"
		mount --rbind /dev "$1/dev"
		exec chroot "$1" /usr/bin/env -i "${@:3}" bash -c "$2"
	' enter "$root" "$1" HOME=/root LANG=C.UTF-8 TERM=dumb PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "${passed[@]}"
}

# step WHAT COMMAND... runs the command and says how long it took.
step() {
	local what=$1 begun=$SECONDS
	shift
	printf 'fresh-test: %s\n' "$what"
	"$@" || die "FAILED after $((SECONDS - begun)) s: $what"
	printf 'fresh-test: %d s for %s\n' $((SECONDS - begun)) "$what"
}

step "a fresh Debian 12" mmdebstrap --quiet --variant=minbase --include=python3,make,git,ca-certificates bookworm "$root"
cp /etc/hosts /etc/resolv.conf "$root/etc/"
[[ ! -e /etc/pip.conf ]] || cp /etc/pip.conf "$root/etc/"
cp -r /usr/local/share/ca-certificates/. "$root/usr/local/share/ca-certificates/"
inside "update-ca-certificates >/dev/null 2>&1"
git clone --quiet --no-hardlinks "$repository" "$root/root/checkout"

step "${commands[0]}" inside "cd ~/checkout && ${commands[0]}"
# JupyterLab runs until it is stopped: it has come up when the address that it prints answers.
step "${commands[1]}" inside "cd ~/checkout && { ${commands[1]} >/tmp/lab.log 2>&1 & }
	for i in {1..60}; do
		sleep 1
		address=\$(grep -o -m1 'http://.*/lab?token=.*' /tmp/lab.log) || continue
		python3 -c 'import sys, urllib.request; urllib.request.urlopen(sys.argv[1])' \"\$address\" && exit
	done
	cat /tmp/lab.log
	exit 1"
step "a clean checkout afterwards" inside "cd ~/checkout && git status --short && [ -z \"\$(git status --porcelain)\" ]"
echo "fresh-test: passed in $SECONDS s"
