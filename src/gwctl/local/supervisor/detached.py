"""A gateway in the background: `gwctl up --detach`.

In: the options. Out: the status once it is ready, or UserError. The supervisor is a child in a session of its own.
Until it is ready it writes each status as a line of JSON to its stdout, a pipe; its stderr is `logs/supervisor.log`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import IO

from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor.options import UpOptions
from gwctl.local.supervisor.status import Status

TAIL_LINES = 30


def start(options: UpOptions, data: DataDir, changed: Callable[[Status], None]) -> Status:
    """Start it and wait until it is ready. Raises UserError when it does not come up; nothing is left running then."""
    data.create()
    request = json.dumps({"options": options.as_json(), "data_dir": os.fspath(data.root)})
    with data.log_of("supervisor").open("ab") as log:
        child = subprocess.Popen(
            (sys.executable, "-P", "-m", "gwctl.local.supervisor.detached"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            cwd=data.root,
            start_new_session=True,
        )
    try:
        assert child.stdin
        assert child.stdout
        with child.stdin as pipe:
            pipe.write(request.encode())
        with child.stdout as lines:
            last = _follow(lines, changed)
    except BaseException:
        child.terminate()
        child.wait()
        raise
    if last and last.state == "ready":
        return last
    child.wait()
    if last and last.error:
        raise UserError(last.error)
    tail = data.log_of("supervisor").read_text(errors="replace").splitlines()[-TAIL_LINES:]
    raise RuntimeError(
        "\n".join((f"the supervisor ended with exit code {child.returncode}; its log {log.name} ends:", *tail))
    )


def _follow(lines: IO[bytes], changed: Callable[[Status], None]) -> Status | None:
    last = None
    for line in lines:
        last = Status.from_json(json.loads(line))
        changed(last)
    return last


def _serve() -> int:
    """The child: read the request from stdin, serve until told to stop."""
    from gwctl.local.supervisor.supervisor import run

    request = json.load(sys.stdin)
    out = sys.stdout

    def tell(status: Status) -> None:
        with suppress(ValueError, BrokenPipeError):  # closed once it was ready; broken when nobody waits any more
            out.write(json.dumps(status.as_json()) + "\n")
            out.flush()
            if status.state == "ready":
                os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())
                out.close()

    try:
        run(
            UpOptions.from_json(request["options"]),
            DataDir.find(request["data_dir"]),
            dict(os.environ),
            changed=tell,
            said=lambda _: None,
        )
    except UserError as error:
        tell(Status(state="failed", error=str(error)))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(_serve())
