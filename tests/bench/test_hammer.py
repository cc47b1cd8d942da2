"""The hammer in its short form: real edges, agents, Portkey and DynamoDB Local. `make hammer` is the long one."""

import json
from dataclasses import replace
from typing import get_args

import pytest

from gwctl.core.names import Lane
from tools.bench.judge import Report
from tools.bench.runs import Size, cold, fleet, mixed

SHORT = Size(clients=64, requests=8)

STALLED_SECONDS = 0.3
"""A third of what an agent may take to give an idle lease back."""

pytestmark = [pytest.mark.alone, pytest.mark.timeout(300)]


def shown(report: Report, capsys: pytest.CaptureFixture[str]) -> dict[str, int]:
    with capsys.disabled():
        print("", *report.lines(), report.json(), sep="\n  ")
    return json.loads(report.json())


def test_a_thousand_requests_at_once_do_not_overrun_a_budget_for_ten(capsys: pytest.CaptureFixture[str]) -> None:
    with fleet(SHORT) as running:
        report = cold(running, SHORT)
    found = shown(report, capsys)
    (line,) = report.timelines.values()
    assert (found["overshoot_nano_usd"], found["requests"]) == (0, 1000)
    assert 0 < line.spent <= line.quota.limit
    assert report.settled == {"all-usd": line.spent}


@pytest.mark.parametrize("lane", get_args(Lane))
def test_mixed_load_overruns_no_budget_and_the_ledger_has_what_was_spent(
    capsys: pytest.CaptureFixture[str], lane: Lane
) -> None:
    with fleet(SHORT) as running:
        report = mixed(running, replace(SHORT, lane=lane))
    found = shown(report, capsys)
    assert [found[f"overshoot_{unit}"] for unit in ("nano_usd", "tokens", "requests")] == [0, 0, 0]
    assert {name: report.settled[name] for name in report.timelines} == {
        name: line.spent for name, line in report.timelines.items()
    }
    if report.stalled > STALLED_SECONDS:
        pytest.skip(f"no overshoot; the machine stalled for {report.stalled:.2f} s, so waiting times mean nothing")
    assert (found["failed"], found["false_refusals"]) == (0, 0)
