"""Writes the Jupyter kernelspec of the Go kernel, and JupyterLab's settings for it, into this Python environment.

`make setup` calls it with the Makefile's GOFLAGS and GLIBC_TUNABLES in the environment.
"""

import json
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# JupyterLab drops completions that take longer than one second by default. The first of a kernel takes some three seconds.
LAB_SETTINGS = {"@jupyterlab/completer-extension:manager": {"providerTimeout": 30_000}}


def go_flags() -> str:
    """The Makefile's flags. If XLA's plugin is installed, a tag leaves GoMLX's pure-Go backend out of cells.

    Such cells never use that backend, and linking it takes a tenth longer.
    """
    flags = os.environ.get("GOFLAGS", "")
    plugin = any(Path(sys.prefix).glob("lib/python3*/site-packages/lammps_jax_pjrt_cpu/*.so"))
    return f"{flags} -tags=nopurego".strip() if plugin else flags


def kernelspec() -> dict:
    """The kernel's command and environment, with the absolute paths that Jupyter needs."""
    binaries = Path(sys.prefix, "bin")
    return {
        "argv": [str(ROOT / "kernels" / "bin" / "go-kernel"), "--kernel", "{connection_file}"],
        "display_name": "Go (cs231n)",
        "language": "go",
        "interrupt_mode": "message",
        "env": {
            "PATH": os.pathsep.join([str(ROOT / "kernels" / "bin"), str(binaries), "${PATH}"]),
            # Package device looks for the XLA plugin here.
            "CS231N_ROOT": str(ROOT),
            "CS231N_GO": shutil.which("go"),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": go_flags(),
            "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", ""),
        },
    }


if __name__ == "__main__":
    if sys.prefix == sys.base_prefix:  # it would write into the system's folders
        sys.exit(f"kernelspec: {sys.executable} is not in a virtual environment: run make setup, which calls the one in .venv")
    jupyter = Path(sys.prefix, "share", "jupyter")
    for path, content in (
        (jupyter / "kernels" / "gonb" / "kernel.json", kernelspec()),
        (jupyter / "lab" / "settings" / "overrides.json", LAB_SETTINGS),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n")
