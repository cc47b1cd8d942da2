"""Child processes that cannot outlive their supervisor.

In: a command, its environment, its log. Out: a process in a group of its own that the kernel kills with its parent
(Linux), and an `Identity` (pid and creation time) by which a later run recognises what an earlier one left behind.
"""

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
_SAME_START_SECONDS = 2.0  # the clock may be set while a process runs, and its creation time moves with it


@dataclass(frozen=True)
class Identity:
    """One process and no other: a pid is used again, a pid with its creation time is not. `created` in Unix seconds."""

    pid: int
    created: float

    @classmethod
    def of(cls, pid: int) -> "Identity":
        """The process that has this pid now. Raises psutil.NoSuchProcess."""
        return cls(pid, psutil.Process(pid).create_time())

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> "Identity":
        """What `as_json` gave."""
        return cls(int(entry["pid"]), float(entry["created"]))

    def as_json(self) -> dict[str, Any]:
        """A JSON object."""
        return {"pid": self.pid, "created": self.created}

    @property
    def alive(self) -> bool:
        """Whether exactly this process runs (a zombie does not)."""
        try:
            process = psutil.Process(self.pid)
            return (
                process.status() != psutil.STATUS_ZOMBIE
                and abs(process.create_time() - self.created) < _SAME_START_SECONDS
            )
        except psutil.NoSuchProcess:
            return False

    def signal(self, number: signal.Signals) -> None:
        """Send a signal, to this very process only; none when it has ended."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill_group(self) -> None:
        """Kill this process and its group, if it leads one."""
        if self.alive:
            with suppress(ProcessLookupError, PermissionError):
                if os.getpgid(self.pid) == self.pid:
                    os.killpg(self.pid, signal.SIGKILL)
                else:
                    os.kill(self.pid, signal.SIGKILL)


async def spawn(command: Sequence[str], env: Mapping[str, str], log: Path) -> asyncio.subprocess.Process:
    """Start a command in a session of its own, its output appended to the log. Raises OSError."""
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *command,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=_die_with(os.getpid()),
        )


async def stop(process: asyncio.subprocess.Process, seconds: float) -> None:
    """End the process and its group: SIGTERM, and SIGKILL after `seconds`."""
    try:
        if process.returncode is None:
            _signal_group(process.pid, signal.SIGTERM)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), seconds)
    finally:
        _signal_group(process.pid, signal.SIGKILL)
    await process.wait()


def _signal_group(leader: int, number: signal.Signals) -> None:
    # A group keeps its id for as long as any member lives, so the leader's death does not make the id another's.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def _die_with(parent: int) -> Callable[[], None] | None:
    """What a new process does before it becomes the command: ask the kernel to be killed with its parent.

    Elsewhere than on Linux there is no such request; there the next `up` or `down` removes what is left.
    """
    libc = _LIBC
    if libc is None:
        return None

    def request() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:  # it died before the request
            os._exit(1)

    return request
