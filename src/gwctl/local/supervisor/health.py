"""Whether the parts of a gateway are well. In: an address, or the agent's status file. Out: a status code, a report."""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class AgentReport:
    """`snapshot`: read last; `applied`: in force at the edge; `problem`: why the two differ, if the agent knows.

    `source`: why it cannot read what is published; `missing_secrets`: providers that serve routes and have no key;
    `pid`: the agent that said so, maybe a dead one.
    """

    snapshot: str
    applied: str
    problem: str
    source: str
    missing_secrets: tuple[str, ...]
    pid: int


def read_report(path: Path) -> AgentReport | None:
    """None when there is no report that can be read."""
    with suppress(OSError, ValueError, AttributeError):
        document = json.loads(path.read_text())
        rejected = document.get("rejected") or {}
        return AgentReport(
            snapshot=str(document.get("snapshot") or ""),
            applied=str(document.get("applied") or ""),
            problem=f"{rejected['label']}: {rejected['reason']}" if rejected else "",
            source=str((document.get("source") or {}).get("reason") or ""),
            missing_secrets=tuple(document.get("missing_secrets") or ()),
            pid=int(document.get("pid") or 0),
        )
    return None


async def status_of(where: int | Path, path: str, seconds: float = 2.0) -> int | None:
    """GET a path from a loopback port or a Unix socket: the status code; None when nobody answers in time."""
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
