"""Waiting for a change to be in force. In: the gateway of this machine, a policy version. Out: whether its edge has it.

Who applies a route calls it next, and what is published reaches the edge up to two seconds later.
"""

import time
from typing import TYPE_CHECKING, Final

from gwctl.local.supervisor.health import read_report

if TYPE_CHECKING:
    from gwctl.local.data_dir import DataDir

SECONDS: Final = 5.0
POLL_SECONDS: Final = 0.05


def enforced(data: "DataDir", version: int, seconds: float = SECONDS) -> bool:
    """Whether the edge enforces that version, or a newer one, in time. Without an agent there is nothing to await."""
    deadline = time.monotonic() + seconds
    while report := read_report(data.agent_status):
        label = report.applied.partition(".")[0]
        if label.isdigit() and int(label) >= version:
            return True
        if time.monotonic() >= deadline or report.problem:
            return False
        time.sleep(POLL_SECONDS)
    return True
