"""Keeps one part of the gateway running.

In: a `Part`: how it is started and how one sees that it is well. Out: its `PartStatus`, kept current, and a said line
whenever it stops on its own. A part that fails at the first start is an error; later it is started again, with
exponential back-off.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from gwctl.core.errors import UserError
from gwctl.local.supervisor.processes import Identity, spawn, stop
from gwctl.local.supervisor.status import PartStatus

POLL_SECONDS = 0.05
BACK_OFF_SECONDS = (0.25, 30.0)
STABLE_SECONDS = 60.0
"""After so long without a crash the back-off begins anew."""
TAIL_LINES = 5


@dataclass(frozen=True)
class Part:
    """A program. `healthy` is asked again and again until it is true, for at most `ready_seconds`."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    healthy: Callable[[], Awaitable[bool]]
    port: int | None = None
    ready_seconds: float = 20.0
    stop_seconds: float = 5.0


class PartFailedError(UserError):
    """The part did not come up. `port_taken`: because somebody else had its port."""

    def __init__(self, message: str, *, port_taken: bool) -> None:
        super().__init__(message)
        self.port_taken = port_taken


class Keeper:
    """Runs one part; `changed` is called after every change of `status`, `say` with lines for a person."""

    def __init__(self, part: Part, status: PartStatus, say: Callable[[str], None], changed: Callable[[], None]) -> None:
        self._part = part
        self.status = status
        self._say = say
        self._changed = changed
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.identity: Identity | None = None

    async def start(self) -> None:
        """Start the part and return when it is well; from then on it is kept running. Raises PartFailedError."""
        self._set(state="starting", detail="", port=self._part.port)
        problem = await self._launch()
        if problem:
            tail = self._tail()
            await self.stop()
            raise PartFailedError(
                f"{self._part.name} {problem}; its log {self._part.log} ends:\n{tail}",
                port_taken="EADDRINUSE" in tail or "address already in use" in tail.lower(),
            )
        self._task = asyncio.create_task(self._keep(), name=f"keep {self._part.name}")

    async def stop(self) -> None:
        """End the part and keep it ended."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self._end()
        self._set(state="stopped", pid=None, detail="")

    def check(self) -> None:
        """Raise what ended the keeping, which must never end by itself: then it is a bug, and not to be hidden."""
        if self._task and self._task.done():
            self._task.result()

    async def _keep(self) -> None:
        delay = BACK_OFF_SECONDS[0]
        loop = asyncio.get_running_loop()
        while self._process:
            since = loop.time()
            problem = f"stopped ({_why(await self._process.wait())})"
            while problem:
                await self._end()
                if loop.time() - since > STABLE_SECONDS:
                    delay = BACK_OFF_SECONDS[0]
                self._say(f"{self._part.name} {problem}; starting it again in {delay:g} s")
                self._set(state="restarting", pid=None, detail=problem)
                await asyncio.sleep(delay)
                delay = min(delay * 2, BACK_OFF_SECONDS[1])
                self.status.restarts += 1
                since = loop.time()
                problem = await self._launch()
            self._say(f"{self._part.name} runs again")

    async def _launch(self) -> str:
        """Start the process and wait until it is well; otherwise say what is wrong."""
        part = self._part
        try:
            self._process = await spawn(part.command, part.env, part.log)
        except OSError as error:
            return f"cannot be started ({error.strerror}: {part.command[0]})"
        with suppress(Exception):  # it may be gone already
            self.identity = Identity.of(self._process.pid)
        self._set(pid=self._process.pid)
        try:
            async with asyncio.timeout(part.ready_seconds):
                while not await part.healthy():
                    if self._process.returncode is not None:
                        return f"stopped ({_why(self._process.returncode)})"
                    await asyncio.sleep(POLL_SECONDS)
        except TimeoutError:
            return f"was not ready within {part.ready_seconds:g} s"
        if self._process.returncode is not None:  # what answered was another program on its port
            return f"stopped ({_why(self._process.returncode)})"
        self._set(state="running", detail="")
        return ""

    async def _end(self) -> None:
        if self._process:
            await stop(self._process, self._part.stop_seconds)
            self._process = self.identity = None

    def _tail(self) -> str:
        with suppress(OSError):
            lines = self._part.log.read_text(errors="replace").splitlines()
            return "\n".join(lines[-TAIL_LINES:]) or "(nothing)"
        return "(nothing)"

    def _set(self, **changes: object) -> None:
        for name, value in changes.items():
            setattr(self.status, name, value)
        self._changed()


def _why(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
