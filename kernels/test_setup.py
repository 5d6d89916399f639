"""Tests of setup.sh: unsuitable systems and Pythons are refused in one line before anything is installed."""

import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SETUP = Path(__file__).with_name("setup.sh")
UNAME = '#!/bin/sh\n[ "$1" = -s ] && echo {system} || echo {machine}\n'
# Runs what follows -c with another version.
PYTHON = """#!{real}
import sys
version = {version}
if sys.argv[1] == "--version":
    print("Python", ".".join(map(str, version)))
else:
    sys.version_info = version
    exec(sys.argv[2])
"""


class Setup(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def program(self, name: str, text: str) -> str:
        """Writes a program and returns its path."""
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def setup(self, *steps: str, path: str = os.environ["PATH"], **environment: str) -> subprocess.CompletedProcess:
        environment = os.environ | {"PATH": os.pathsep.join(filter(None, [str(self.folder), path]))} | environment
        return subprocess.run(["/bin/bash", SETUP, *steps], check=False, env=environment, capture_output=True, text=True, timeout=60)

    def test_other_systems(self):
        """The refusal needs no program but uname: its path has no other."""
        for system, machine in ("Darwin", "arm64"), ("Darwin", "x86_64"), ("FreeBSD", "amd64"), ("Linux", "riscv64"):
            with self.subTest(f"{system}/{machine}"):
                self.program("uname", UNAME.format(system=system, machine=machine))
                done = self.setup(path="")
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, rf"\Asetup: {system}/{machine} is not supported, nothing was installed: use Linux on x86_64.*\n\Z")

    def test_arm64(self):
        """linux/arm64 is told where its XLA plugin comes from, and goes on."""
        self.program("uname", UNAME.format(system="Linux", machine="aarch64"))
        done = self.setup("none")
        self.assertRegex(done.stdout, r"\Asetup: Linux/aarch64 is untested: .*~/\.local/lib/go-xla\n\Z")
        self.assertIn('unknown step "none"', done.stderr)

    def test_python(self):
        """Only a Python that the pinned packages are for is taken."""
        for version, taken in ((3, 10, 14), False), ((3, 11, 0), True), ((3, 14, 2), True), ((3, 15, 0), False), ((4, 0, 0), False):
            with self.subTest(version):
                python = self.program("python", PYTHON.format(real=sys.executable, version=version))
                done = self.setup("none", PYTHON=python)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                number = ".".join(map(str, version))
                refused = f"{python} is Python {number}, and the pinned packages are for Python 3.11 to 3.14: name one with PYTHON="
                self.assertIn('unknown step "none"' if taken else refused, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_no_python(self):
        done = self.setup("none", PYTHON="/no/python3")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Asetup: /no/python3 is not installed: install Python 3\.11 to 3\.14 .*\n\Z")


if __name__ == "__main__":
    unittest.main()
