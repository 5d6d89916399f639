"""Stops a Go kernel so that a cell that trains can write its checkpoint."""

from queue import Empty

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager


class GoKernelManager(ServerKernelManager):
    """Waits for an interrupted cell before the kernel is told to stop.

    GoNB leaves at once when it is told so and the cell's program goes on without it; in a container nothing
    goes on once the server has left.
    """

    async def shutdown_kernel(self, now: bool = False, restart: bool = False) -> None:
        if self.has_kernel and not now:
            self.stop_restarter()
            await self.interrupt_kernel()
            await self._cell_ended()
        await super().shutdown_kernel(now=now, restart=restart)

    async def _cell_ended(self) -> None:
        """Returns when no cell runs any more, after shutdown_wait_time at the latest."""
        client = self.client()
        client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
        try:
            # GoNB takes one request after the other, so this one is answered when the cell has ended.
            await client.kernel_info(reply=True, timeout=self.shutdown_wait_time)
        except (Empty, TimeoutError):
            self.log.warning("kernel %s: a cell goes on after %g s although it was interrupted; it is stopped now", self.kernel_id, self.shutdown_wait_time)
        finally:
            client.stop_channels()
