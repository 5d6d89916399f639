"""Writes the Jupyter kernelspec of the Go kernel, and what JupyterLab has to know of it, into this Python environment.

`make setup` calls it, with GOFLAGS and GLIBC_TUNABLES of the Makefile in the environment.
"""

import json
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# After one second JupyterLab would drop what gopls offers on Tab. The first answer of a kernel takes more than ten.
LAB_SETTINGS = {"@jupyterlab/completer-extension:manager": {"providerTimeout": 30_000}}


def go_flags() -> str:
    """The Makefile's flags, and a tag that leaves GoMLX's pure-Go backend out of cells where XLA's plugin is installed.

    It would never compute there, and linking a cell takes a tenth longer with it.
    """
    flags = os.environ.get("GOFLAGS", "")
    plugin = any(Path(sys.prefix).glob("lib/python3*/site-packages/lammps_jax_pjrt_cpu/*.so"))
    return f"{flags} -tags=nopurego".strip() if plugin else flags


def kernelspec() -> dict:
    """The kernel's command and environment, with the absolute paths that Jupyter needs."""
    binaries = Path(sys.prefix, "bin")
    return {
        "argv": [str(binaries / "gonb"), "--kernel", "{connection_file}", f"-go_work={ROOT}"],
        "display_name": "Go (cs231n)",
        "language": "go",
        "interrupt_mode": "message",
        "env": {
            "PATH": os.pathsep.join([str(ROOT / "kernels" / "bin"), str(binaries), "${PATH}"]),
            # Where package device looks for the XLA plugin.
            "CS231N_ROOT": str(ROOT),
            "CS231N_GO": shutil.which("go"),
            "GOTOOLCHAIN": "local",
            "GOFLAGS": go_flags(),
            "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", ""),
        },
    }


if __name__ == "__main__":
    if sys.prefix == sys.base_prefix:  # else it would write into the system's folders
        sys.exit(f"kernelspec: {sys.executable} belongs to no virtual environment: run make setup, which calls the one in .venv")
    jupyter = Path(sys.prefix, "share", "jupyter")
    for path, content in (
        (jupyter / "kernels" / "gonb" / "kernel.json", kernelspec()),
        (jupyter / "lab" / "settings" / "overrides.json", LAB_SETTINGS),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n")
