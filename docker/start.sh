#!/usr/bin/env bash
# Starts the container: JupyterLab, behind a token always; within a class jupyterhub-singleuser;
# or the command that the arguments are. Options alone (--debug) go to JupyterLab.
set -euo pipefail

root=${CS231N_ROOT:?}

die() {
	printf 'start: %s\n' "$*" >&2
	exit 2
}

# A home folder that is mounted may be empty, and notebooks that are there are somebody's work.
for folder in "$HOME" "${GOCACHE:?}"; do
	mkdir -p "$folder" 2>/dev/null && [[ -w $folder ]] ||
		die "$folder cannot be written by user $(id -u): mount a volume there that belongs to this user"
done
mkdir -p "$HOME/notebooks"
for notebook in "$root"/notebooks/*.ipynb; do
	[[ -e $HOME/notebooks/${notebook##*/} ]] || cp "$notebook" "$HOME/notebooks/"
done
[[ -e $HOME/images ]] || ln -sfn "$root/images" "$HOME/images" # the notebooks show some of these

# Go needs a cache that it can write to. Links to the image's own make one at once and take no space.
[[ -d $GOCACHE/00 ]] || cp -rs "${CS231N_GOCACHE:?}/." "$GOCACHE"

# Jupyter would take an empty token for none at all, and then anyone who reaches the port is in.
if [[ -n ${JUPYTER_TOKEN_FILE:-} ]]; then
	JUPYTER_TOKEN=$(cat "$JUPYTER_TOKEN_FILE") || die "JUPYTER_TOKEN_FILE is $JUPYTER_TOKEN_FILE, which cannot be read"
	export JUPYTER_TOKEN
	unset JUPYTER_TOKEN_FILE
fi
[[ -z ${JUPYTER_TOKEN+set} || ${#JUPYTER_TOKEN} -ge 16 ]] ||
	die "JUPYTER_TOKEN is ${#JUPYTER_TOKEN} characters long and 16 are needed: take the output of \"openssl rand -hex 24\", or unset it and a token is drawn and printed"

if (($#)) && [[ $1 != -* ]]; then
	exec "$@"
elif [[ -n ${JUPYTERHUB_API_TOKEN:-} ]]; then
	exec jupyterhub-singleuser "$@"
fi
for option in "$@"; do
	[[ $option != *[Tt]oken* && $option != *[Pp]assword* ]] ||
		die "$option is not taken: name a token in JUPYTER_TOKEN instead"
done
exec jupyter lab "$@"
