"""What a line of the usage log costs: CPU from the line to the event on disk and its settlement."""

import json
import time
from pathlib import Path

from gwctl.agent.metering.meter import Metering
from gwctl.agent.policy.history import SnapshotHistory
from gwctl.agent.status import UsageStatus
from support.agent_settings import agent_settings
from support.session import measured
from unit.agent.test_metering import line, write
from unit.policy.examples import compiled

LINES = 500
ROUNDS = 15
TIMES_JSON = 12
"""So many times what Python's own `json.loads` of the line takes: a bound that holds on a slow machine too."""


def test_a_line_costs_a_few_times_what_it_costs_to_read_its_json(tmp_path: Path):
    settings, snapshot = agent_settings(tmp_path), compiled()
    history = SnapshotHistory(settings.history_dir)
    history.add(snapshot)
    metering = Metering(settings, history, UsageStatus())
    best, best_json = float("inf"), float("inf")
    for _ in range(ROUNDS):
        lines = [line(snapshot) for _ in range(LINES)]
        write(settings, *lines)
        raw = [json.dumps(each).encode() for each in lines]
        began = time.process_time()
        for each in raw:
            json.loads(each)
        between = time.process_time()
        assert len(metering.read() or ()) == LINES
        ended = time.process_time()
        best, best_json = min(best, ended - between), min(best_json, between - began)
    measured.LINES.append(f"CPU of a line: {best / LINES * 1e6:.0f} µs, {best / best_json:.1f} times its json.loads")
    assert best < TIMES_JSON * best_json
