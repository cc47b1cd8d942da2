"""Free TCP ports on loopback. In: how many. Out: port numbers that nothing was listening on a moment ago."""

import socket
from contextlib import ExitStack


def free_ports(count: int) -> list[int]:
    """Return `count` different free ports.

    Another process may take one before it is used. Where the program under test can bind port 0 and say
    which port it got, prefer that.
    """
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def free_port() -> int:
    """Return one free port; see `free_ports`."""
    return free_ports(1)[0]
