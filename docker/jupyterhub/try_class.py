"""Tests a class of three on this machine: a real hub, its proxy, and three students who train at the same time.

Each student signs up, is admitted by the teacher, logs in through the form, starts a server and runs the GAN
notebook up to its first training run, each with a different batch size. The results are in the student's own folder.
No token opens another student's server. `make class-test` installs hub and proxy and calls this script. With --hub it
tests a running hub, for example one with containers.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import requests

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "docker"))

from notebook_server import Server, code_cells, wait_for  # noqa: E402

NOTEBOOK = "notebooks/Generative_Adversarial_Networks.ipynb"
TEACHER = "teacher"
BATCH_SIZES = {"ann": 128, "bob": 96, "cyd": 64}
CELL_SECONDS = 600


class Member:
    """One person of the class: an account and, after enter, a token and a server."""

    def __init__(self, hub: str, name: str):
        self.hub, self.name, self.password = hub, name, secrets.token_urlsafe(16)
        self.browser = requests.Session()
        self.browser.trust_env = False

    def visit(self, page: str) -> None:
        """Opens a page of the hub."""
        self.browser.get(f"{self.hub}/hub/{page}", timeout=60).raise_for_status()

    def submit(self, page: str, **fields: str) -> str:
        """Submits a form of the hub and returns the address of the redirect."""
        self.visit(page)
        fields["_xsrf"] = self.xsrf()
        reply = self.browser.post(f"{self.hub}/hub/{page}", data=fields, timeout=120, allow_redirects=False)
        reply.raise_for_status()
        return reply.headers.get("Location", "")

    def xsrf(self) -> str:
        """The cookie that a form must repeat."""
        return next(cookie.value for cookie in self.browser.cookies if cookie.name == "_xsrf")

    def sign_up(self) -> None:
        self.submit("signup", username=self.name, signup_password=self.password, signup_password_confirmation=self.password)

    def log_in(self) -> bool:
        """Whether the hub accepts this person."""
        return bool(self.submit("login", username=self.name, password=self.password))

    def enter(self) -> None:
        """Logs in, gets a token and starts the server."""
        begun = time.monotonic()
        if not self.log_in():
            raise RuntimeError(f"{self.name} could not log in: the form came back")
        reply = self.browser.post(f"{self.hub}/hub/api/users/{self.name}/tokens", headers={"X-XSRFToken": self.xsrf()}, json={}, timeout=60)
        reply.raise_for_status()
        self.token = reply.json()["token"]
        self.api = Server(f"{self.hub}/hub/api/users/{self.name}", self.token)
        self.server = Server(f"{self.hub}/user/{self.name}", self.token)
        self.api.call("POST", "/server")
        wait_for(lambda: self.server.status() == 200, 120, f"the server of {self.name}")
        self.started = time.monotonic() - begun

    def setting(self, found: re.Match) -> str:
        """A setting of the notebook's first cell: this student's batch size, or the quick setting."""
        name, quick = found.groups()
        value = BATCH_SIZES[self.name] if name == "BATCH_SIZE" else quick
        return f'"{name}", {value}, {value}'

    def train(self) -> None:
        """Runs the notebook up to its first training run and keeps the times and the losses."""
        begun = time.monotonic()
        cells = code_cells(ROOT / NOTEBOOK)
        last = next(i for i, cell in enumerate(cells) if "nb.Train" in cell)
        cells[0] = re.sub(r'"(\w+)", \d+, (\d+)', self.setting, cells[0])
        with self.server.start_kernel(NOTEBOOK, CELL_SECONDS) as kernel:
            for cell in cells[: last + 1]:
                result = kernel.run(cell)
                if result.failed or "error:" in result.text:
                    raise RuntimeError(f"{self.name}: a cell failed: {result.text}")
        self.trained, self.printed = time.monotonic() - begun, result.text
        history = self.server.call("GET", "/api/contents/notebooks/out/gan/history.json")
        self.history = json.loads(history["content"])


def megabytes(process: psutil.Process) -> int:
    """Memory of a process and its descendants. Shared pages count once."""
    total = 0
    for each in [process, *process.children(recursive=True)]:
        with contextlib.suppress(psutil.Error):  # the process has just ended
            total += each.memory_full_info().pss
    return total >> 20


def free_url() -> str:
    """An unused address on this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}"


@contextlib.contextmanager
def running_hub(folder: Path, **variables: str):
    """Starts a hub with its files in folder and these variables, and yields its address and process. After a failure it
    prints the hub's log.
    """
    url = free_url()
    cache, modules = subprocess.run(["go", "env", "GOCACHE", "GOMODCACHE"], check=True, capture_output=True, text=True).stdout.split()
    environment = os.environ | {
        "GOCACHE": cache,  # not in the students' home folders, which are new
        "GOMODCACHE": modules,
        "CS231N_GOCACHE": cache,
        "CS231N_ADMINS": TEACHER,
        "CS231N_ROOT": str(ROOT),
        "CS231N_TRY_FOLDER": str(folder),
        "CS231N_TRY_URL": url,
        "CS231N_TRY_HUB_URL": free_url(),
        "CS231N_TRY_PROXY_URL": free_url(),
    } | variables
    log = folder / "hub.log"
    command = ["jupyterhub", "--config", str(Path(__file__).with_name("try_config.py"))]
    with log.open("w") as out, subprocess.Popen(command, env=environment, cwd=folder, stdout=out, stderr=out) as process:
        try:
            wait_for(lambda: process.poll() is not None or answers(url), 60, "the hub")
            yield url, psutil.Process(process.pid)
        except BaseException:
            print("".join(log.read_text().splitlines(keepends=True)[-40:]), file=sys.stderr)
            raise
        finally:
            process.terminate()
            process.wait(60)


def answers(url: str) -> bool:
    """Whether a hub answers at url."""
    try:
        return Server(url, None).status("/hub/health") == 200
    except requests.ConnectionError:
        return False


def check(students: list[Member]) -> None:
    """Raises AssertionError unless all students have their own results and no access to the other servers."""
    for student in students:
        shown = f"Iter: 0, D: {student.history['d'][0]:.4g}, G:{student.history['g'][0]:.4g}"
        assert student.printed.startswith(shown), f"{student.name} saw {student.printed!r}, and the folder has {shown!r}"
        strangers = {"nobody": None} | {other.name: other.token for other in students if other is not student}
        for name, token in strangers.items():
            status = Server(student.server.url, token).status()
            assert status == 403, f"the server of {student.name} answers {name} with {status}"
    assert len({json.dumps(student.history) for student in students}) == len(students), "two students have the same losses"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--hub", metavar="URL", help=f"test this running hub, with {TEACHER} in CS231N_ADMINS and no accounts")
    url = parser.parse_args().hub
    if url:
        try_class(url, lambda: 0)
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, running_hub(Path(name)) as (url, hub):
        try_class(url, lambda: megabytes(hub))


def try_class(url: str, memory: Callable[[], int]) -> None:
    """Tests the hub at url. memory() is the current memory of the hub and its servers in MB, or 0 if unknown."""
    teacher = Member(url, TEACHER)
    teacher.sign_up()
    assert teacher.log_in(), f"{TEACHER} could not log in: CS231N_ADMINS of the hub has to name {TEACHER}"
    students = [Member(url, each) for each in BATCH_SIZES]
    for student in students:
        student.sign_up()
        assert not student.log_in(), f"{student.name} could log in before {TEACHER} admitted anybody"
        teacher.visit(f"authorize/{student.name}")
    with ThreadPoolExecutor() as pool:
        begun = time.monotonic()
        list(pool.map(Member.enter, students))
        print(f"{len(students)} servers after {time.monotonic() - begun:.1f} s; memory with hub and proxy: {memory()} MB")
        begun, used = time.monotonic(), []
        training = [pool.submit(student.train) for student in students]
        while not all(each.done() for each in training):
            used.append(memory())
            time.sleep(0.5)
        for each in training:
            each.result()
    print(f"{len(students)} notebooks up to the first GAN: {time.monotonic() - begun:.1f} s; memory at most: {max(used)} MB")
    for student in students:
        print(f"  {student.name}: server after {student.started:.1f} s, trained after {student.trained:.1f} s, {student.printed.splitlines()[0]}")
    check(students)
    for student in students:
        student.api.call("DELETE", "/server")
    print("class: every student has their own results, and no token opens another student's server")


if __name__ == "__main__":
    main()
