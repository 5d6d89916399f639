"""Tests of start.sh without an image. Programs that only print their command replace Jupyter."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

START = Path(__file__).with_name("start.sh")
STUB = '#!/bin/sh\necho "${0##*/} $*"\n'
TOKEN = "0123456789abcdef"


class Start(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        for name in "bin", "root/notebooks", "cache/00", "home":
            (self.folder / name).mkdir(parents=True)
        for name in "jupyter", "jupyterhub-singleuser", "cs231n":
            (self.folder / "bin" / name).write_text(STUB)
            (self.folder / "bin" / name).chmod(0o755)
        (self.folder / "root/notebooks/GAN.ipynb").write_text("new")
        (self.folder / "root/Makefile").write_text('export GOFLAGS := -a "-b -c"\n\nlab:\n')
        (self.folder / "cache/00/entry").write_text("compiled")

    def start(self, *args: str, **environment: str) -> subprocess.CompletedProcess:
        environment = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "HOME": f"{self.folder}/home",
            "CS231N_ROOT": f"{self.folder}/root",
            "CS231N_GOCACHE": f"{self.folder}/cache",
            "GOCACHE": f"{self.folder}/go-build",
        } | environment
        return subprocess.run([START, *args], check=False, env=environment, capture_output=True, text=True, timeout=30)

    def test_commands(self):
        """Arguments and environment decide the command."""
        hub = {"JUPYTERHUB_API_TOKEN": TOKEN}
        for args, environment, command in [
            ([], {}, "jupyter lab"),
            ([], {"JUPYTER_TOKEN": TOKEN}, "jupyter lab"),
            (["--debug"], {}, "jupyter lab --debug"),
            ([], hub, "jupyterhub-singleuser"),
            (["--debug"], hub, "jupyterhub-singleuser --debug"),
            (["cs231n", "doctor", "-x"], {}, "cs231n doctor -x"),
        ]:
            with self.subTest(args=args, environment=environment):
                done = self.start(*args, **environment)
                self.assertEqual((done.returncode, done.stdout.strip()), (0, command), done.stderr)

    def test_flags(self):
        """Programs are compiled with the Makefile's flags, as the packages were."""
        for environment, want in ({}, '-a "-b -c"'), ({"GOFLAGS": "-x"}, "-x"):
            self.assertEqual(self.start("sh", "-c", 'echo "$GOFLAGS"', **environment).stdout.strip(), want)

    def test_never_open(self):
        """A token that is empty, short or an option, which every process can read, is refused."""
        for args, environment, words in [
            ([], {"JUPYTER_TOKEN": ""}, "JUPYTER_TOKEN has 0 characters"),
            ([], {"JUPYTER_TOKEN": "cs231n"}, "openssl rand -hex 24"),
            (["--IdentityProvider.token="], {}, "set JUPYTER_TOKEN instead"),
            (["--debug", "--ServerApp.token=''"], {"JUPYTER_TOKEN": TOKEN}, "set JUPYTER_TOKEN instead"),
            (["--ServerApp.password=x"], {}, "set JUPYTER_TOKEN instead"),
        ]:
            with self.subTest(args=args, environment=environment):
                done = self.start(*args, **environment)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(words, done.stderr)

    def test_token_file(self):
        """A token in a file, such as a Docker secret, obeys the same rule."""
        token = self.folder / "token"
        for text, status in [(f"{TOKEN}\n", 0), ("", 2), (None, 2)]:
            with self.subTest(text=text):
                token.unlink(missing_ok=True)
                if text is not None:
                    token.write_text(text)
                self.assertEqual(self.start(JUPYTER_TOKEN_FILE=str(token)).returncode, status)

    def test_home(self):
        """An empty home folder receives the notebooks. Existing ones stay."""
        self.start()
        notebook = self.folder / "home/notebooks/GAN.ipynb"
        self.assertEqual(notebook.read_text(), "new")
        notebook.write_text("edited")
        self.start()
        self.assertEqual(notebook.read_text(), "edited")

    def test_cache(self):
        """Go's cache is made once, of links to the image's cache."""
        for _ in range(2):
            self.assertEqual(self.start().returncode, 0)
        entry = self.folder / "go-build/00/entry"
        self.assertTrue(entry.is_symlink())
        self.assertEqual(entry.read_text(), "compiled")

    def test_home_not_writable(self):
        """The error of a home folder that is not writable says what to do."""
        done = self.start(HOME="/proc/none")
        self.assertEqual(done.returncode, 2)
        self.assertIn("cannot write to /proc/none: mount a volume", done.stderr)


if __name__ == "__main__":
    unittest.main()
