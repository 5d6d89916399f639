"""Tests of the Makefile."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


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
            command = ["make", "-C", ROOT, "-o", "setup", f"VENV={folder}", "check-vulnerabilities"]
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
            return subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=60)

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
