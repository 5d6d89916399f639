"""Writes the Jupyter kernelspec of the Go kernel into this Python environment.

`make setup` calls it, with GOFLAGS and GLIBC_TUNABLES of the Makefile in the environment.
"""

import json
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
            "GOFLAGS": os.environ.get("GOFLAGS", ""),
            "GLIBC_TUNABLES": os.environ.get("GLIBC_TUNABLES", ""),
        },
    }


if __name__ == "__main__":
    if sys.prefix == sys.base_prefix:  # else it would write into the system's folders
        sys.exit(f"kernelspec: {sys.executable} belongs to no virtual environment: run make setup, which calls the one in .venv")
    folder = Path(sys.prefix, "share", "jupyter", "kernels", "gonb")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "kernel.json").write_text(json.dumps(kernelspec(), indent=1) + "\n")
