"""Clients that take their time. In: the URL of a gateway. Out: what became of each, and after how many seconds."""

import threading
import time
from dataclasses import dataclass, field

import httpx

from gateway.conformance.kit.http1 import Wire
from gwctl.core.names import API_PATHS

GIVE_UP_SECONDS = 25.0
"""The edge gives a client 10 s for its headers."""

_HEAD = f"POST {API_PATHS['chat']} HTTP/1.1\r\nHost: gateway\r\nX-A: ".encode()


@dataclass
class SlowClients:
    """One connection for each habit.

    `ends` has the answer, None where the connection was just closed, and the seconds that it took.
    """

    url: str
    ends: dict[str, tuple[httpx.Response | None, float]] = field(default_factory=dict)
    threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin."""
        for name, dribbles in (("silent", False), ("dribbling", True)):
            thread = threading.Thread(target=self._suffer, args=(name,), kwargs={"dribbles": dribbles}, daemon=True)
            thread.start()
            self.threads.append(thread)

    def wait(self) -> None:
        """Wait until all have been sent away."""
        for thread in self.threads:
            thread.join(GIVE_UP_SECONDS)

    def _suffer(self, name: str, *, dribbles: bool) -> None:
        began = time.monotonic()
        with Wire(self.url) as wire:
            wire.send(_HEAD)
            while not wire.has_answer(seconds=1.0):
                if time.monotonic() - began > GIVE_UP_SECONDS:
                    return
                if dribbles:
                    wire.send(b"b")
            self.ends[name] = wire.answer(), time.monotonic() - began
