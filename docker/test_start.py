"""Tests of start.sh without an image: programs that only print their command stand in for Jupyter."""

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
        """What is started, by arguments and environment."""
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

    def test_never_open(self):
        """No token that is empty, short or named where every process can read it."""
        for args, environment, words in [
            ([], {"JUPYTER_TOKEN": ""}, "JUPYTER_TOKEN is 0 characters long"),
            ([], {"JUPYTER_TOKEN": "cs231n"}, "openssl rand -hex 24"),
            (["--IdentityProvider.token="], {}, "name a token in JUPYTER_TOKEN"),
            (["--debug", "--ServerApp.token=''"], {"JUPYTER_TOKEN": TOKEN}, "name a token in JUPYTER_TOKEN"),
            (["--ServerApp.password=x"], {}, "name a token in JUPYTER_TOKEN"),
        ]:
            with self.subTest(args=args, environment=environment):
                done = self.start(*args, **environment)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(words, done.stderr)

    def test_token_file(self):
        """A token in a file, as secrets of Docker come, is held to the same rule."""
        token = self.folder / "token"
        for text, status in [(f"{TOKEN}\n", 0), ("", 2), (None, 2)]:
            with self.subTest(text=text):
                token.unlink(missing_ok=True)
                if text is not None:
                    token.write_text(text)
                self.assertEqual(self.start(JUPYTER_TOKEN_FILE=str(token)).returncode, status)

    def test_home(self):
        """An empty home folder receives the notebooks; what is there already stays."""
        self.start()
        notebook = self.folder / "home/notebooks/GAN.ipynb"
        self.assertEqual(notebook.read_text(), "new")
        notebook.write_text("edited")
        self.start()
        self.assertEqual(notebook.read_text(), "edited")

    def test_cache(self):
        """Go's cache is one of links to the image's, made once."""
        for _ in range(2):
            self.assertEqual(self.start().returncode, 0)
        entry = self.folder / "go-build/00/entry"
        self.assertTrue(entry.is_symlink())
        self.assertEqual(entry.read_text(), "compiled")

    def test_home_not_writable(self):
        """A home folder that cannot be made or written is refused with what to do."""
        done = self.start(HOME="/proc/none")
        self.assertEqual(done.returncode, 2)
        self.assertIn("/proc/none cannot be written by user", done.stderr)


if __name__ == "__main__":
    unittest.main()
