"""Test of go_kernel with the real Go kernel."""

import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).with_name("jupyter")))

from go_kernel import GoKernelManager

# A cell that takes a second to end after an interrupt, like training that writes its checkpoint.
TRAINING = """import ("fmt"; "os"; "os/signal"; "time")
%%
signals := make(chan os.Signal, 1)
signal.Notify(signals, os.Interrupt)
fmt.Println("started")
<-signals
time.Sleep(time.Second)
if err := os.WriteFile("checkpoint", nil, 0o644); err != nil {
    panic(err)
}"""


class Shutdown(unittest.IsolatedAsyncioTestCase):
    async def test_cell_ends_first(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        manager = GoKernelManager(kernel_name="gonb", shutdown_wait_time=30)
        await manager.start_kernel(cwd=folder)
        client = manager.client()
        client.start_channels()
        self.addCleanup(client.stop_channels)
        await client.wait_for_ready(timeout=60)
        client.execute(TRAINING)
        while "started" not in (await client.get_iopub_msg(timeout=60))["content"].get("text", ""):
            pass
        await manager.shutdown_kernel()
        self.assertTrue(Path(folder, "checkpoint").exists(), "the kernel exited before its cell ended")


if __name__ == "__main__":
    unittest.main()
