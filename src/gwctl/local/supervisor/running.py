"""Who runs in a data directory, also after a crash. In: the directory. Out: its supervisor, and an end to it.

`run/processes.json` names the supervisor, its parts and the folder of their sockets; the supervisor keeps it current.
"""

import json
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor.processes import Identity

SOCKETS_PREFIX = "gwctl-"
STOP_SECONDS = 20.0
_POLL_SECONDS = 0.05


@dataclass(frozen=True)
class Run:
    """What `run/processes.json` says. `options` are those of `gwctl up`."""

    supervisor: Identity
    sockets: Path
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    parts: Mapping[str, Identity] = field(default_factory=dict[str, Identity])

    def write(self, path: Path) -> None:
        """Replace the file."""
        document = {
            "supervisor": self.supervisor.as_json(),
            "sockets": str(self.sockets),
            "options": dict(self.options),
            "parts": {name: identity.as_json() for name, identity in self.parts.items()},
        }
        write_atomically(path, json.dumps(document).encode())

    @classmethod
    def read(cls, path: Path) -> "Run | None":
        """None when there is no such file, or it is spoilt."""
        with suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
            document = json.loads(path.read_text())
            return cls(
                Identity.from_json(document["supervisor"]),
                Path(document["sockets"]),
                document["options"],
                {name: Identity.from_json(entry) for name, entry in document["parts"].items()},
            )
        return None


def make_sockets_dir() -> Path:
    """A new folder of the owner alone, short enough for the names of Unix sockets (107 bytes with the name)."""
    folder = tempfile.gettempdir()
    if len(folder) > 60:
        folder = "/tmp"  # noqa: S108  # nosec B108 # mkdtemp makes an unguessable folder in it
    return Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=folder))


def current(data: DataDir) -> Run | None:
    """The run whose supervisor is alive."""
    run = Run.read(data.processes)
    return run if run and run.supervisor.alive else None


def already_runs(data: DataDir) -> UserError:
    """The error that says who holds the directory."""
    run = current(data)
    who = f" (pid {run.supervisor.pid}, port {run.options.get('port')})" if run else ""
    return UserError(f"a gateway runs already in {data.root}{who}; stop it with `{data.command('down')}`")


def stop(data: DataDir, seconds: float = STOP_SECONDS) -> bool:
    """End the supervisor with all its parts; False when none was running. Raises UserError: it is someone else's."""
    run = current(data)
    if run:
        try:
            run.supervisor.signal(signal.SIGTERM)
        except PermissionError:
            who = f"the gateway in {data.root} (pid {run.supervisor.pid})"
            raise UserError(f"{who} was started by another user; stop it as that user") from None
        deadline = time.monotonic() + seconds
        while run.supervisor.alive and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        run.supervisor.kill_group()
    if data.run.is_dir():
        # Who starts a gateway here at this moment has the lock, and what lies about is his.
        with suppress(Timeout), FileLock(data.lock, mode=0o600, timeout=0):
            remove_remains(data)
    return run is not None


def remove_remains(data: DataDir) -> list[str]:
    """Clean up after a supervisor that is gone; the names of the parts that had to be killed.

    Files with keys go, and files that would be wrong for the next run: ports may be other ones then.
    """
    for file in (*data.secrets.glob("*"), data.provider_secrets, *data.xds.glob("*"), data.agent_status):
        file.unlink(missing_ok=True)
    run = Run.read(data.processes)
    if run is None:
        return []
    left = [name for name, identity in run.parts.items() if identity.alive]
    for name in left:
        run.parts[name].kill_group()
    if run.sockets.name.startswith(SOCKETS_PREFIX) and not run.sockets.is_symlink():
        shutil.rmtree(run.sockets, ignore_errors=True)
    data.processes.unlink(missing_ok=True)
    return left
