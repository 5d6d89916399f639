#!/usr/bin/env bash
# Starts the container: JupyterLab, always with a token, or jupyterhub-singleuser if a JupyterHub started
# the container. Arguments that begin with an option (--debug) go to that server; others are a command to run instead.
set -euo pipefail

root=${CS231N_ROOT:?}

die() {
	printf 'start: %s\n' "$*" >&2
	exit 2
}

# A mounted home folder may be empty. Notebooks in it are somebody's work and stay.
for folder in "$HOME" "${GOCACHE:?}"; do
	mkdir -p "$folder" 2>/dev/null && [[ -w $folder ]] ||
		die "user $(id -u) cannot write to $folder: mount a volume there that belongs to this user"
done
for notebook in "$root"/notebooks/*.ipynb; do
	[[ -e $notebook ]] || break # a student's image: nbgrader hands the notebooks out
	mkdir -p "$HOME/notebooks"
	[[ -e $HOME/notebooks/${notebook##*/} ]] || cp "$notebook" "$HOME/notebooks/"
done
[[ -e $HOME/images ]] || ln -sfn "$root/images" "$HOME/images" # the notebooks show some of them

# Go needs a writable cache. Links to the image's cache fill it at once and take no space.
[[ -d $GOCACHE/00 ]] || cp -rs "${CS231N_GOCACHE:?}/." "$GOCACHE"

# Packages were compiled with the Makefile's flags. With others, go would compile all of them again.
if [[ -z ${GOFLAGS:-} ]]; then
	GOFLAGS=$(sed -n 's/^export GOFLAGS := //p' "$root/Makefile")
	export GOFLAGS
fi

# Jupyter treats an empty token as none, and would then let in anyone who reaches the port.
if [[ -n ${JUPYTER_TOKEN_FILE:-} ]]; then
	JUPYTER_TOKEN=$(cat "$JUPYTER_TOKEN_FILE") || die "could not read the file $JUPYTER_TOKEN_FILE that JUPYTER_TOKEN_FILE names: mount it, readable by user $(id -u)"
	export JUPYTER_TOKEN
	unset JUPYTER_TOKEN_FILE
fi
[[ -z ${JUPYTER_TOKEN+set} || ${#JUPYTER_TOKEN} -ge 16 ]] ||
	die "JUPYTER_TOKEN has ${#JUPYTER_TOKEN} characters and needs at least 16: use the output of \"openssl rand -hex 24\", or unset it to get a random token in the log"

if (($#)) && [[ $1 != -* ]]; then
	exec "$@"
elif [[ -n ${JUPYTERHUB_API_TOKEN:-} ]]; then
	exec jupyterhub-singleuser "$@"
fi
for option in "$@"; do
	[[ $option != *[Tt]oken* && $option != *[Pp]assword* ]] ||
		die "$option is refused, since every process can read it: set JUPYTER_TOKEN instead"
done
exec jupyter lab "$@"
