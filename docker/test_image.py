"""Builds the CPU image, starts it as compose.yaml does and tests it from outside. `make docker-test` calls this script.

It uses Docker if a daemon answers, and podman otherwise. Environment variables:
    ENGINE       another command than these, with its options
    BASE         another base image than the Dockerfile's
    BUILD_FLAGS  additional options for building, for example for a proxy
    RUN_FLAGS    additional options for running
    JUPYTER_PORT the port on this machine (8899)
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
import unittest
from pathlib import Path

import requests
from notebook_server import Server, code_cells, wait_for

ROOT = Path(__file__).resolve().parent.parent
IMAGE = "cs231n-go:cpu"
NOTEBOOK = "notebooks/Generative_Adversarial_Networks.ipynb"
PORT = os.environ.get("JUPYTER_PORT", "8899")
TOKEN = "a-token-for-the-tests-alone"
HARDENED = "--read-only --tmpfs /tmp:exec,mode=1777 --cap-drop ALL --security-opt no-new-privileges --pids-limit 1024 --memory 8g"
MOST_BYTES = 2.5e9
MOST_FIRST_CELL_SECONDS = 3
MOST_STOP_SECONDS = 10


def flags(name: str) -> list[str]:
    """The options in the environment variable name."""
    return shlex.split(os.environ.get(name, ""))


def engine() -> list[str]:
    """The command that builds and runs images on this machine."""
    if given := flags("ENGINE"):
        return given
    for name in "docker", "podman":
        if shutil.which(name) and subprocess.run([name, "info"], check=False, capture_output=True).returncode == 0:
            return [name]
    sys.exit("docker-test: no Docker daemon answers and podman is missing: install one of them or name yours in ENGINE")


ENGINE = engine()


def run(*args: str, check: bool = True, **options) -> subprocess.CompletedProcess:
    """Runs the engine with args and captures its output."""
    return subprocess.run([*ENGINE, *args], check=check, capture_output=True, text=True, **options)


def report(line: str) -> None:
    """Prints a measurement on a line without unittest's dots."""
    print(f"\n  {line}", end=" ", flush=True)


def setUpModule():
    base = ["--build-arg", f"BASE={os.environ['BASE']}"] if "BASE" in os.environ else []
    begun = time.monotonic()
    build = ["build", "--file", "docker/Dockerfile", "--target", "cpu", "--tag", IMAGE, *base, *flags("BUILD_FLAGS"), "."]
    subprocess.run([*ENGINE, *build], check=True, cwd=ROOT)
    report(f"built in {time.monotonic() - begun:.0f} s")


class Container:
    """A running container of the image, with a new home volume."""

    def __init__(self, name: str, *environment: str):
        self.name, self.volume = f"cs231n-test-{name}", f"cs231n-test-{name}-home"
        self.remove()
        settings = [f"--env={setting}" for setting in (f"JUPYTER_TOKEN={TOKEN}", f"JUPYTER_PORT={PORT}", *environment)]
        mounts = ["--volume", f"{self.volume}:/home/student", "--publish", f"127.0.0.1:{PORT}:{PORT}"]
        run("run", "--detach", "--name", self.name, *settings, *mounts, *HARDENED.split(), *flags("RUN_FLAGS"), IMAGE)
        self.server = Server(f"http://127.0.0.1:{PORT}", TOKEN)
        wait_for(self.answers, 60, "the server in the container")

    def answers(self) -> bool:
        try:
            return self.server.status() == 200
        except requests.ConnectionError:
            return False

    def exec(self, *command: str) -> subprocess.CompletedProcess:
        return run("exec", self.name, *command, check=False)

    def remove(self) -> None:
        run("rm", "--force", self.name, check=False)
        run("volume", "rm", "--force", self.volume, check=False)


class Image(unittest.TestCase):
    def test_size(self):
        size = int(run("image", "inspect", "--format", "{{.Size}}", IMAGE).stdout)
        report(f"image: {size / 1e9:.2f} GB")
        self.assertLess(size, MOST_BYTES)

    def test_empty_token(self):
        refused = run("run", "--rm", "--env", "JUPYTER_TOKEN=", *flags("RUN_FLAGS"), IMAGE, check=False)
        self.assertEqual(refused.returncode, 2, refused.stderr)
        self.assertIn("JUPYTER_TOKEN has 0 characters", refused.stderr)


class Running(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.container = Container("running", "CS231N_QUICK=1")
        cls.addClassCleanup(cls.container.remove)

    def test_token(self):
        url = self.container.server.url
        for token, status in [(None, 403), ("a-token-of-somebody-else", 403), (TOKEN, 200)]:
            with self.subTest(token=token):
                self.assertEqual(Server(url, token).status(), status)

    def test_user(self):
        self.assertEqual(self.container.exec("id", "--user").stdout.strip(), "1000")
        self.assertNotEqual(self.container.exec("touch", "/opt/cs231n/x").returncode, 0)

    def test_health(self):
        command = json.loads(run("image", "inspect", "--format", "{{json .Config.Healthcheck.Test}}", IMAGE).stdout)
        self.assertEqual(command[0], "CMD")
        healthy = self.container.exec(*command[1:])
        self.assertEqual(healthy.returncode, 0, healthy.stderr)

    def test_notebook(self):
        kinds = []
        with self.container.server.start_kernel(NOTEBOOK, 300) as kernel:
            for number, cell in enumerate(code_cells(ROOT / NOTEBOOK)):
                result = kernel.run(cell)
                self.assertFalse(result.failed, result.text)
                kinds += result.kinds
                if number == 0:
                    report(f"first cell: {result.seconds:.2f} s")
                    self.assertLess(result.seconds, MOST_FIRST_CELL_SECONDS)
        self.assertIn("image/png", kinds)


class Stopping(unittest.TestCase):
    def test_checkpoint(self):
        """A container that is stopped during training ends in time and leaves a checkpoint."""
        container = Container("stopping")
        self.addCleanup(container.remove)
        cells = code_cells(ROOT / NOTEBOOK)
        training = next(number for number, cell in enumerate(cells) if "nb.Train" in cell)
        with container.server.start_kernel(NOTEBOOK, 300) as kernel:
            for cell in cells[:training]:
                self.assertFalse(kernel.run(cell).failed)
            request = kernel.start(cells[training])
            next(message for message in kernel.messages(request) if "Iter: 0" in message["content"].get("text", ""))
            time.sleep(2)
            begun = time.monotonic()
            run("stop", "--time", str(2 * MOST_STOP_SECONDS), container.name)
        seconds = time.monotonic() - begun
        left = run(
            "run", "--rm", "--volume", f"{container.volume}:/home/student", *flags("RUN_FLAGS"), IMAGE,
            "cat", "notebooks/out/gan/history.json", check=False,
        )  # fmt: skip
        self.assertEqual(left.returncode, 0, left.stderr)
        iterations = len(json.loads(left.stdout)["d"])
        report(f"stopped in {seconds:.1f} s, after {iterations} iterations")
        self.assertGreater(iterations, 1)
        self.assertLess(seconds, MOST_STOP_SECONDS)


if __name__ == "__main__":
    unittest.main(verbosity=2)
