"""TCP ports on loopback: which is free, who holds one, and the same ones again for the same data directory."""

import errno
import json
import socket
from contextlib import suppress
from pathlib import Path

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically

HOST = "127.0.0.1"


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: connections of an earlier run that are still in TIME_WAIT are no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno in {errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL}:
                return False
            raise
    return True


def any_free() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


def require_free(port: int, option: str) -> None:
    """Raise UserError, naming the holder if it can be known and the option to change, when the port is in use."""
    if not is_free(port):
        raise UserError(f"port {port} is in use{_holder(port)}; stop that or choose another port with {option}")


def listens(pid: int, port: int) -> bool:
    """Whether this process is the one that listens there."""
    import psutil

    with suppress(psutil.Error):
        connections = psutil.Process(pid).net_connections("tcp")
        return any(each.status == psutil.CONN_LISTEN and each.laddr.port == port for each in connections)
    return False


def _holder(port: int) -> str:
    import psutil

    with suppress(psutil.Error, OSError):  # macOS shows other people's connections to root only
        for connection in psutil.net_connections("tcp"):
            where = connection.laddr
            if connection.status == psutil.CONN_LISTEN and where and where.port == port and connection.pid:
                with suppress(psutil.Error):
                    return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    return ""


class Ports:
    """The ports of the parts. A part gets the one it had last time if that is free, so URLs stay valid."""

    def __init__(self, path: Path) -> None:
        """Read the file; one that is missing or spoilt counts as empty."""
        self._path = path
        self._known: dict[str, int] = {}
        with suppress(OSError, ValueError, AttributeError):
            self._known = {str(part): int(port) for part, port in json.loads(path.read_text()).items()}

    def __getitem__(self, part: str) -> int:
        """The port that `choose` gave."""
        return self._known[part]

    def choose(self, part: str, *, fixed: int | None = None) -> int:
        """A free port for the part, or the fixed one; remembered for the next run."""
        port = fixed or self._known.get(part)
        if port is None or not (fixed or is_free(port)):
            while (port := any_free()) in self._known.values():
                pass
        self._known[part] = port
        write_atomically(self._path, json.dumps(self._known).encode())
        return port

    def forget(self, part: str) -> None:
        """Let the next `choose` give another port."""
        self._known.pop(part, None)
