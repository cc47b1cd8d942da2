"""What the agent does about content rules, in a thread of the test's process. Out: its port on loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from gwctl.agent.scan_server import ScanServer
from support.ports import free_port


@contextmanager
def running_scanner(max_bytes: int = 64 * 1024 * 1024, read_seconds: float = 5) -> Iterator[int]:
    """A real one; it listens as soon as this yields."""
    loop, port = asyncio.new_event_loop(), free_port()
    server = ScanServer(port, max_bytes, read_seconds)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start(), loop).result(10)
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.close(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
