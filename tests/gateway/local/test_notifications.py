"""A budget that passes a threshold is told to a webhook, by a whole gateway: request → usage log → ledger → message."""

from pathlib import Path

import pytest

from gateway.local.local_place import place
from support.processes import wait_until
from support.servers.webhook import running_receiver

BUDGET = """
budgets:
  - {id: four-a-day, team: default, limit_requests: 4, period: day, notify_at: [50, 100]}
"""


def test_each_threshold_is_told_once_and_the_budget_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_receiver() as receiver, place(tmp_path, NO_PROXY="127.0.0.1") as here:
        started = here.up("--notify-url", receiver.url)
        assert started.returncode == 0, started.stderr
        budget = tmp_path / "budget.yaml"
        budget.write_text(BUDGET)
        applied = here.gwctl("apply", "-f", budget, "--yes")
        assert applied.returncode == 0, applied.stderr

        answers: list[int] = []
        wait_until(lambda: answers.append(here.ask()) or 429 in answers, "the budget to refuse")
        wait_until(lambda: len(receiver.got) == 2, "both messages")

    assert [(each["quota"], each["percent"], each["limit"]) for each in receiver.got] == [
        ("four-a-day", 50, 4),
        ("four-a-day", 100, 4),
    ]
    assert set(answers[:-1]) == {200}


def test_what_is_no_url_starts_nothing(tmp_path: Path):
    with place(tmp_path) as here:
        refused = here.up("--notify-url", "hooks.example.com")

        assert refused.returncode == 1
        assert "--notify-url is not a URL" in refused.stderr
        assert not here.data.root.exists()
