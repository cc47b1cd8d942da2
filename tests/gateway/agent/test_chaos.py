"""Agent, edge and Portkey are killed at random under load: each request that was served is charged once.

Some seconds here, a minute every night by `python -m tools.bench.chaos`.
"""

from pathlib import Path

import pytest

from tools.bench.chaos import run

SECONDS = 8

pytestmark = pytest.mark.timeout(240)


def test_after_any_deaths_what_was_served_is_charged_and_nothing_stays_reserved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(tmp_path, SECONDS)
    with capsys.disabled():
        print(f"\n{report}")
    assert report.wrong == []
    assert report.charged - report.unknown > 0
    assert min(report.kills[part] for part in ("agent", "edge", "portkey")) > 0
