"""Runs Terraform. In: a command line and an environment. Out: its lines as they come, its exit code.

It gets a process group of its own, so that Ctrl-C reaches it once and from us alone: a second SIGINT would make it end
without writing its state. Later ones only tell that it is still at work.
"""

import os
import queue
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
POLL_SECONDS: Final = 0.2

Listener = Callable[[str], None]


@dataclass(frozen=True)
class Done:
    """What came of a command. `interrupted`: it was asked to stop."""

    code: int
    out: str
    err: str
    interrupted: bool


@dataclass
class Interrupts:
    """Counts the signals that came; the first one is passed on. `told` is called with the count, each time."""

    told: Callable[[int], None] = lambda _: None
    count: int = 0
    _targets: list[subprocess.Popen[bytes]] = field(default_factory=list[subprocess.Popen[bytes]])

    @contextmanager
    def passed_on(self) -> Iterator[None]:
        """Handle the signals while inside. Only the main thread can; elsewhere nothing changes."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._handle) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _handle(self, _: int, __: FrameType | None) -> None:
        self.count += 1
        if self.count == 1:
            for process in self._targets:
                interrupt(process.pid)
        self.told(self.count)

    @contextmanager
    def of(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Pass signals on to this process while inside."""
        self._targets.append(process)
        try:
            if self.count:  # it came while the process was starting
                interrupt(process.pid)
            yield
        finally:
            self._targets.remove(process)


def interrupt(pid: int) -> None:
    """Send SIGINT to the Terraform in the process or below it; providers are left to it.

    Terragrunt, told by itself, would pass the signal on once more 15 seconds later, and that would be the second one.
    """
    import psutil

    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        below = [child for child in process.children(recursive=True) if _is_terraform(child)]
        for each in [process] if _is_terraform(process) or not below else below:
            with suppress(psutil.NoSuchProcess):
                each.send_signal(signal.SIGINT)


def _is_terraform(process: "psutil.Process") -> bool:  # noqa: F821 # pyright: ignore[reportUndefinedVariable]
    import psutil

    with suppress(psutil.Error):
        return process.name() in {"terraform", "tofu"}
    return False


def run(
    command: Sequence[str],
    *,
    directory: Path,
    environment: Mapping[str, str],
    listener: Listener | None = None,
    interrupts: Interrupts | None = None,
    log: Path | None = None,
) -> Done:
    """Run to the end. `listener` gets each line of stdout as it comes, without its end; `log` gets everything."""
    interrupts = interrupts or Interrupts()
    lines: queue.SimpleQueue[tuple[str, str] | None] = queue.SimpleQueue()
    texts: dict[str, list[str]] = {"out": [], "err": []}
    with interrupts.passed_on(), _opened(log) as record:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdout
        assert process.stderr
        readers = [_reader(process.stdout, "out", lines), _reader(process.stderr, "err", lines)]
        with interrupts.of(process):
            for name, line in _until_ended(lines, len(readers)):
                texts[name].append(line)
                if record:
                    record.write(f"{line}\n")
                if name == "out" and listener:
                    listener(line)
            code = process.wait()
        for reader in readers:
            reader.join()
    return Done(code, "\n".join(texts["out"]), "\n".join(texts["err"]), interrupts.count > 0)


def _reader(stream: IO[bytes], name: str, lines: "queue.SimpleQueue[tuple[str, str] | None]") -> threading.Thread:
    def read() -> None:
        with stream:
            for line in stream:
                lines.put((name, line.decode(errors="replace").rstrip("\r\n")))
        lines.put(None)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    return thread


def _until_ended(lines: "queue.SimpleQueue[tuple[str, str] | None]", streams: int) -> Iterator[tuple[str, str]]:
    while streams:
        try:
            line = lines.get(timeout=POLL_SECONDS)  # a time-out, so that signal handlers get their turn
        except queue.Empty:
            continue
        if line is None:
            streams -= 1
        else:
            yield line


@contextmanager
def _opened(log: Path | None) -> Iterator[IO[str] | None]:
    if log is None:
        yield None
        return
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8", buffering=1) as record:
        yield record
