"""What the agent costs in place: a guard against doing something costly for each reservation or each event.

`python -m tools.bench.agent` measures longer. By CPU, in units of what Python's `json` takes for a line of the usage
log, so that it holds on a slow machine and beside other tests.
"""

import json
import time
from pathlib import Path

import pytest

from support.session import measured
from tools.bench.agent import running_agent

REQUESTS = 4_000
RESERVATION = 10
EVENT = 20
"""So many times reading and writing a line as JSON: about twice what it is."""
LINE = json.dumps({f"usage.prompt_tokens_details.{n}": n for n in range(32)}).encode()


@pytest.mark.alone
def test_a_reservation_and_an_event_cost_some_ten_microseconds_in_place(tmp_path: Path):
    with running_agent(tmp_path) as agent:
        agent.measure(500)
        cost = agent.measure(REQUESTS)
    unit = json_microseconds()
    measured.LINES.append(
        f"the agent's CPU in place: {cost.reservation:.0f} µs a reservation, {cost.event:.0f} µs an event, "
        f"{cost.events_a_second:,} events/s on a core; a line through json: {unit:.1f} µs"
    )
    assert cost.reservation < RESERVATION * unit
    assert cost.event < EVENT * unit


def json_microseconds() -> float:
    """CPU of reading and writing a line, the best of some rounds."""
    best = float("inf")
    for _ in range(9):
        began = time.process_time()
        for _ in range(1_000):
            json.dumps(json.loads(LINE))
        best = min(best, time.process_time() - began)
    return best / 1_000 * 1e6
