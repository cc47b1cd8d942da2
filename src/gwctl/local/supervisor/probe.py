"""The smallest HTTP client that can tell whether a part is well. In: where and which path. Out: the status code."""

import asyncio
from contextlib import suppress
from pathlib import Path


async def status_of(where: int | Path, path: str, seconds: float = 2.0) -> int | None:
    """GET a path from a loopback port or a Unix socket; None when nobody answers in time."""
    with suppress(OSError, ValueError, IndexError, TimeoutError):
        async with asyncio.timeout(seconds):
            if isinstance(where, int):
                reader, writer = await asyncio.open_connection("127.0.0.1", where)
            else:
                reader, writer = await asyncio.open_unix_connection(where)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n".encode())
                return int((await reader.readline()).split()[1])
            finally:
                writer.close()
    return None
