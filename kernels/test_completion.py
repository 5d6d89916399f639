"""Test of completion with the real Go kernel."""

import subprocess
import time
import unittest

from jupyter_client.manager import KernelManager


class Completion(unittest.TestCase):
    def test_first(self):
        """The first completion of a new kernel offers the names of a package."""
        manager = KernelManager(kernel_name="gonb")
        manager.start_kernel(stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(manager.shutdown_kernel)
        client = manager.client()
        client.start_channels()
        self.addCleanup(client.stop_channels)
        client.wait_for_ready(timeout=60)
        begun = time.monotonic()
        code = 'import nb "github.com/cs231n-go/assignment3/cs231n/notebook"\n%%\nnb.'
        reply = client.complete(code, len(code), reply=True, timeout=60)
        seconds = time.monotonic() - begun
        self.assertIn("Setting", reply["content"]["matches"])
        print(f"the first completion took {seconds:.1f} s")


if __name__ == "__main__":
    unittest.main()
