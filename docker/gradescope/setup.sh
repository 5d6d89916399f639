#!/usr/bin/env bash
# Gradescope runs this once, as root and with a network, when it builds the autograder's image. It installs what the grader
# needs and grades the released files, which compiles the packages. run_autograder then needs no network.
set -euo pipefail

cd "${AUTOGRADER:-/autograder}/source/assignment3"
command -v make >/dev/null || { apt-get update && apt-get install -y --no-install-recommends make; }
# Ubuntu 22.04's own Python is too old.
if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
	apt-get update && apt-get install -y --no-install-recommends python3.11 python3.11-venv
	export PYTHON=python3.11
fi
make setup STEPS="system environment"
make -o setup build
export CS231N_ROOT=$PWD GOTOOLCHAIN=local PATH=$PWD/.venv/bin:$PATH
bin/cs231n grade ../released --out /tmp/released
grep -q '"score": 0,' /tmp/released/*/results.json
