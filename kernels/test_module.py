"""Test of bin/go-kernel: which module the cells of a notebook import, with a program in the place of GoNB."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

KERNEL = Path(__file__).with_name("bin") / "go-kernel"


class Module(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        (self.folder / "gonb").write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        (self.folder / "gonb").chmod(0o755)

    def arguments(self, folder: Path) -> list[str]:
        """GoNB's arguments for a notebook in folder."""
        environment = os.environ | {"PATH": f"{self.folder}:{os.environ['PATH']}", "CS231N_ROOT": "/opt/cs231n"}
        done = subprocess.run([KERNEL, "--kernel", "a file"], cwd=folder, env=environment, check=True, capture_output=True, text=True)
        return done.stdout.splitlines()

    def make(self, name: str, module: str) -> Path:
        """Makes a module with a folder of notebooks and returns that folder."""
        notebooks = self.folder / name / "notebooks"
        notebooks.mkdir(parents=True)
        (self.folder / name / "go.mod").write_text(f"module {module}\n\ngo 1.26\n")
        return notebooks

    def test_nearest(self):
        notebooks = self.make("an assignment", "github.com/cs231n-go/assignment3")
        for folder in notebooks, notebooks.parent:
            self.assertEqual(self.arguments(folder), ["--kernel", "a file", f"-go_work={self.folder / 'an assignment'}"])

    def test_other_module(self):
        self.assertEqual(self.arguments(self.make("other", "example.org/other"))[-1], "-go_work=/opt/cs231n")

    def test_no_module(self):
        self.assertEqual(self.arguments(self.folder)[-1], "-go_work=/opt/cs231n")


if __name__ == "__main__":
    unittest.main()
