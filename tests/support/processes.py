"""Real processes for tests.

In: a command and a condition that says when it is ready. Out: a `Process` that captures its output and stops
with everything it started. Also `wait_until`, the replacement for every sleep in a test.
"""

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")

READY_SECONDS = 20.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.02


def wait_until(condition: Callable[[], T], what: str, seconds: float = 10.0) -> T:
    """Return the first true value of `condition()`.

    Raises AssertionError, naming `what`, when there is none within `seconds`.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain for {what}")
        time.sleep(POLL_SECONDS)


def listening(port: int, host: str = "127.0.0.1") -> bool:
    """Say whether something accepts TCP connections on the port."""
    with suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


def answers(url: str, status: int = 200) -> bool:
    """Say whether a GET of the URL is answered with that status, redirects not followed."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == status
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == status
    except OSError:
        return False


class Process:
    """A running program in its own process group; stdout and stderr are captured together.

    Use it as a context manager: leaving stops the whole group.
    """

    def __init__(self, command: Sequence[str | Path], *, env: Mapping[str, str] | None = None, cwd: Path | None = None):
        """Start the command. `env` is added to this process's environment."""
        self.command = [str(part) for part in command]
        self._lines: list[bytes] = []
        self._popen = subprocess.Popen(
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
            cwd=cwd,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        with self._popen.stdout as stream:
            for line in stream:
                self._lines.append(line)

    @property
    def pid(self) -> int:
        """The process id, which is also the id of its process group."""
        return self._popen.pid

    @property
    def returncode(self) -> int | None:
        """The exit code (negative: killed by that signal), None while it runs."""
        return self._popen.poll()

    @property
    def output(self) -> str:
        """Everything written to stdout and stderr so far."""
        return b"".join(self._lines).decode(errors="replace")

    def wait_ready(self, ready: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Wait for the condition; stop the process and raise AssertionError with its output if it fails."""

        def ready_or_dead() -> bool:
            return self.returncode is not None or ready()

        try:
            wait_until(ready_or_dead, f"{self.command[0]} to be ready", seconds)
            assert self.returncode is None, f"{self.command} ended with {self.returncode}"
        except AssertionError as error:
            self.stop(grace=0)
            raise AssertionError(f"{error}\n{self.output}") from None
        except BaseException:
            self.stop(grace=0)
            raise

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process alone, not to its group."""
        self._popen.send_signal(number)

    def wait(self, seconds: float = STOP_SECONDS) -> int:
        """Return the exit code once the process has ended; raises subprocess.TimeoutExpired."""
        return self._popen.wait(seconds)

    def stop(self, grace: float = STOP_SECONDS) -> int:
        """End the process and its children: SIGTERM, then SIGKILL after `grace` seconds.

        Returns the exit code.
        """
        if grace and self.returncode is None:
            self._signal_group(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._popen.wait(grace)
        self._signal_group(signal.SIGKILL)
        code = self._popen.wait()
        self._reader.join(timeout=2)
        return code

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(
    command: Sequence[str | Path],
    *,
    ready: Callable[[], bool],
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    seconds: float = READY_SECONDS,
) -> Process:
    """Start a program and return it when `ready()` is true.

    `ready` is asked again and again: `lambda: listening(port)`, `lambda: answers(url)`.
    Raises AssertionError with the program's output when it ends early or is not ready within `seconds`.
    """
    process = Process(command, env=env, cwd=cwd)
    process.wait_ready(ready, seconds)
    return process
