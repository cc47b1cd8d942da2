"""A gateway that nobody uses sleeps: CPU of all its parts together, and of the agent."""

import time

import psutil
import pytest

from support.gateway import Gateway
from support.session import measured

SECONDS = 12
TRIES = 3
"""What a request of before left behind is still being tidied up; the quietest time counts."""
ALL_PER_CENT = 1.0
AGENT_PER_CENT = 0.5


@pytest.mark.alone
def test_an_idle_gateway_takes_less_than_a_hundredth_of_a_core(running_gateway: Gateway):
    running_gateway.require_local()
    status = running_gateway.status
    processes = {part.name: psutil.Process(part.pid) for part in status.parts if part.pid}
    processes["supervisor"] = psutil.Process(status.pid)
    busy: dict[str, float] = {}
    for _ in range(TRIES):
        before = {name: used(process) for name, process in processes.items()}
        time.sleep(SECONDS)  # nosemgrep: no-sleep-in-tests # the time over which CPU is counted
        busy = {name: (used(process) - before[name]) / SECONDS * 100 for name, process in processes.items()}
        if sum(busy.values()) <= ALL_PER_CENT and busy["agent"] <= AGENT_PER_CENT:
            break
    parts = ", ".join(f"{name} {share:.2f}" for name, share in busy.items())
    measured.LINES.append(f"CPU of an idle gateway: {sum(busy.values()):.2f} % of a core ({parts})")
    assert sum(busy.values()) <= ALL_PER_CENT, parts
    assert busy["agent"] <= AGENT_PER_CENT, parts
    assert running_gateway.status.state == "ready"


def used(process: psutil.Process) -> float:
    """Seconds of CPU until now, with those of children that have ended."""
    return sum(process.cpu_times()[:4])
