"""Stops a Go kernel after its training cell has written a checkpoint."""

from queue import Empty

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager


class GoKernelManager(ServerKernelManager):
    """Interrupts the running cell and waits for it before it shuts the kernel down.

    GoNB exits before its cell finishes, and the container would stop with it.
    """

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        if self.has_kernel and not now:
            self.stop_restarter()
            await self.interrupt_kernel()
            await self._cell_ended()
        await super().shutdown_kernel(now=now, restart=restart)

    async def _cell_ended(self) -> None:
        """Returns when no cell is running, or after shutdown_wait_time."""
        client = self.client()
        client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
        try:
            # GoNB handles one request at a time, so it answers this one when the cell has ended.
            await client.kernel_info(reply=True, timeout=self.shutdown_wait_time)
        except (Empty, TimeoutError):
            self.log.warning("kernel %s: a cell is still running %g s after its interrupt; stopping it now", self.kernel_id, self.shutdown_wait_time)
        finally:
            client.stop_channels()
