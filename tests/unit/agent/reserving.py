"""A reserve server with a real engine over the reference ledger, and a plain HTTP client for its socket."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwctl.agent.reserve.bounds import Bounds
from gwctl.agent.reserve.engine import QuotaEngine
from gwctl.agent.reserve.handler import ReserveHandler
from gwctl.agent.reserve.journal import ReservationJournal
from gwctl.agent.reserve.server import ReserveServer
from gwctl.ledger.quotas.model import ModelStore
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import QuotaStore
from gwctl.policy.snapshot import Quota, Snapshot
from unit.policy.examples import compiled

SNAPSHOT = compiled()


def call(snapshot: Snapshot = SNAPSHOT, **fields: Any) -> dict[str, Any]:
    """What the edge says of a small chat completion."""
    team = snapshot.teams["search"]
    return {
        "id": "request-1",
        "client": "search-api",
        "team": "search",
        "model": "fast",
        "api": "chat",
        "variant": snapshot.profiles[team.profile].models["fast"]["chat"],
        "policy": snapshot.label,
        "stream": False,
        "bytes": 1000,
        "cap": 100,
        "n": 1,
        "tier": None,
        "outside": False,
        "images": 0,
        "shape": "openai",
        **fields,
    }


def request(header: str | bytes, *more: str) -> bytes:
    """A request as Envoy's ext_authz sends it."""
    value = header if isinstance(header, bytes) else header.encode()
    lines = [b"POST /v1/chat/completions HTTP/1.1", b"host: gateway.test", b"content-length: 0"]
    lines += [b"x-gw-reserve: " + value, *(each.encode() for each in more)]
    return b"\r\n".join(lines) + b"\r\n\r\n"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers["content-length"]))
    return Answer(int(head[0].split(" ")[1]), headers, body)


@dataclass
class Reserving:
    """A running server. `store` is its ledger."""

    socket: Path
    engine: QuotaEngine
    handler: ReserveHandler
    opened: list[asyncio.StreamWriter] = field(default_factory=list)

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_unix_connection(str(self.socket))
        self.opened.append(writer)
        return reader, writer

    async def ask(self, **fields: Any) -> Answer:
        """One call on a connection of its own."""
        reader, writer = await self.connect()
        writer.write(request(json.dumps(call(**fields))))
        return await read_answer(reader)


@asynccontextmanager
async def reserving(
    socket: Path,
    quotas: Mapping[str, Quota],
    store: QuotaStore | None = None,
    settings: QuotaSettings | None = None,
) -> AsyncIterator[Reserving]:
    engine = QuotaEngine(store or ModelStore(), "agent", "writer", settings=settings or QuotaSettings(wait=0.3))
    engine.set_quotas(quotas)
    journal = ReservationJournal(socket.with_name("reservations"), "agent", fresh=True, unknown_seconds=0)
    engine.tell(ended=journal.closed, aged=lambda _: None)
    handler = ReserveHandler(Bounds(lambda label: SNAPSHOT if label == SNAPSHOT.label else None), engine, journal)
    handler.why_not = ""
    server = ReserveServer(socket, handler)
    await server.start()
    keeper = asyncio.create_task(engine.run())
    running = Reserving(socket, engine, handler)
    try:
        yield running
    finally:
        for writer in running.opened:
            writer.close()
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)
        await server.close()
        engine.close()
        journal.close()
