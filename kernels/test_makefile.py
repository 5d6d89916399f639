"""Tests of the Makefile."""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def make(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess:
    """Runs make, without the settings of a make that runs these tests."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", "-C", folder, *arguments], check=False, env=environment, capture_output=True, text=True, timeout=60)


def help_of(folder: Path) -> list[str]:
    """The targets that make help lists."""
    return re.findall(r"^  make ([a-z-]+)  ", make("help", folder=folder).stdout, flags=re.MULTILINE)


class Student(unittest.TestCase):
    """The Makefile of the student's edition, which lacks the marked parts."""

    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        text, parts = re.subn(r"^# BEGIN SOLUTION\n.*?^# END SOLUTION\n", "", (ROOT / "Makefile").read_text(), flags=re.DOTALL | re.MULTILINE)
        self.assertEqual(parts, 3)
        (self.folder / "Makefile").write_text(text)
        (self.folder / ".release").mkdir()
        (self.folder / ".release" / "overlay.json").write_text("{}")

    def commands(self, *arguments: str) -> str:
        """The commands that make would run, without those of make setup."""
        done = make("-n", "-o", "setup", *arguments, folder=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout

    def test_help(self):
        targets = ["help", "setup", "lab", "build", "check", "submit", "clean"]
        self.assertEqual(help_of(self.folder), targets)
        self.assertEqual(set(targets) - set(help_of(ROOT)), set())

    def test_lab(self):
        """Students open the packages, too."""
        self.assertIn("--notebook-dir=. ", self.commands("lab"))
        self.assertIn("--notebook-dir=notebooks ", make("-n", "-o", "setup", "lab").stdout)

    def test_check(self):
        """Checks are built from the released files, and take the names of exercises."""
        build = "go build -overlay .release/overlay.json -o bin/check ./cs231n/cmd/cs231n && bin/check"
        self.assertIn(f"{build} check \n", self.commands("check"))
        self.assertIn(f"{build} check rnn gan-noise\n", self.commands("check", "EXERCISE=rnn gan-noise"))
        self.assertIn(f"{build} submit --force\n", self.commands("submit", "SUBMIT_FLAGS=--force"))

    def test_clean(self):
        """Only the folders that make fills go."""
        self.assertEqual(re.findall(r"rm -rf (.*)", self.commands("clean")), [f"{self.folder.resolve()}/.venv   .venv-torch .venv-jax bin out"])


class Teacher(unittest.TestCase):
    def test_folder(self):
        """make student and make grade need a folder."""
        for target in "student", "grade":
            done = make("-o", "build", target, "DIR=")
            self.assertNotEqual(done.returncode, 0)
            self.assertRegex(done.stderr, rf"\Aname .*: make {target} DIR=\S+\n")


class Vulnerabilities(unittest.TestCase):
    """make check-vulnerabilities, with programs in the place of go and govulncheck."""

    def check(self, status: int, output: str) -> subprocess.CompletedProcess:
        """Runs the target where govulncheck prints the output and ends with the status."""
        with tempfile.TemporaryDirectory() as folder:
            programs = Path(folder) / "bin"
            programs.mkdir()
            for name, text in ("go", "exit 0"), ("govulncheck", f"echo '{output}'; exit {status}"):
                (programs / name).write_text(f"#!/bin/sh\n{text}\n")
                (programs / name).chmod(0o755)
            return make("-o", "setup", f"VENV={folder}", "check-vulnerabilities")

    def test_none(self):
        done = self.check(0, "No vulnerabilities found.")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("No vulnerabilities found.", done.stdout)

    def test_found(self):
        """A vulnerability in code that is called fails the check."""
        done = self.check(3, "Vulnerability #1")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("Vulnerability #1\nupgrade the modules that govulncheck names\n", done.stdout)

    def test_no_database(self):
        """Without a network the check is skipped and says why."""
        done = self.check(1, "govulncheck: no such host")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("skipped: govulncheck did not run (govulncheck: no such host)", done.stdout)


if __name__ == "__main__":
    unittest.main()
