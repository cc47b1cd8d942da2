"""Steady traffic in the background, while a test breaks things. In: a fleet. Out: outcomes, with their times."""

import asyncio
import threading
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from tools.bench.http import Http
from tools.bench.load import Bounder, Caller, Client, Outcome
from tools.bench.rig import Fleet

PAUSE_SECONDS = 0.02


class Traffic:
    """`clients` of each caller send requests without end. Use it as a context manager."""

    def __init__(self, fleet: Fleet, snapshot: Snapshot, callers: Sequence[Caller], clients: int = 4) -> None:
        self._fleet = fleet
        self._snapshot = snapshot
        self._callers = callers
        self._clients = clients
        self._stopping = False
        self.outcomes: list[Outcome] = []
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)

    def since(self, at: float, scope: str) -> list[Outcome]:
        """Of the requests of this scope, those that were sent after a moment and have ended."""
        return [each for each in list(self.outcomes) if each.sent >= at and scope in each.scopes]

    def wait_for(self, status: int, scope: str, count: int = 10, seconds: float = 30) -> list[Outcome]:
        """Waits until so many requests that are sent from now on end so; returns all that were sent from now on."""
        now = time.monotonic()

        def seen() -> bool:
            return sum(each.status == status for each in self.since(now, scope)) >= count

        try:
            wait_until(seen, f"{count} answers {status} in {scope}", seconds)
        except AssertionError as error:
            last = [(each.status, each.message) for each in self.since(now, scope)][-5:]
            raise AssertionError(f"{error}; last: {last}") from None
        return self.since(now, scope)

    async def _run(self) -> None:
        http, bounder = Http(seconds=20), Bounder(self._snapshot)

        async def send(caller: Caller, seed: int) -> None:
            client = Client(http, self._fleet.ports, [caller], bounder, seed)
            while not self._stopping:
                self.outcomes.append(await client.one())
                await asyncio.sleep(PAUSE_SECONDS)

        await asyncio.gather(*(send(caller, seed) for seed in range(self._clients) for caller in self._callers))
        http.close()

    def stop(self) -> list[Outcome]:
        """All outcomes; every request has ended."""
        self._stopping = True
        self._thread.join(30)
        return self.outcomes

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
