"""Thresholds reach SNS and a webhook; a receiver that is away or slow holds nobody up."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.sinks.place import Aws, agent_settings
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.messages import Message
from gwctl.agent.sinks.thresholds import Thresholds
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.writes import Notice
from gwctl.policy.snapshot import Quota
from support.ports import free_port
from support.processes import wait_until
from support.servers.webhook import Receiver, running_receiver

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC).timestamp()


def notice(threshold: int = 80, quota: str = "search-month", **fields: Any) -> Notice:
    """Team search has spent $81.50 of $100 this month."""
    content: dict[str, Any] = {
        "scope": "team:search",
        "unit": "nano_usd",
        "limit": 100_000_000_000,
        "period": "month",
        "timezone": "Europe/Berlin",
        "action": "block",
        "notify_at": (80, 100),
        **fields,
    }
    window = {"month": "2026-11", "total": "total"}[content["period"]]
    return Notice(WindowKey(quota, content["unit"], window), threshold, Quota(**content), 81_500_000_000)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_receiver() as server:
        yield server


def settings(root: Path, **fields: Any) -> AgentSettings:
    return agent_settings(root, **fields).model_copy(update={"deployment": "gwctl-dev"})


def told(thresholds: Thresholds, *notices: Notice, until: Callable[[], object]) -> None:
    """Notifies while `run` runs, and stops when `until` is true."""

    async def work() -> None:
        stopping = asyncio.Event()
        task = asyncio.create_task(thresholds.run(stopping))
        for each in notices:
            thresholds.notify(each)
        await asyncio.to_thread(wait_until, until, "the messages")
        stopping.set()
        await task

    asyncio.run(work())


def quick(config: AgentSettings, **options: Any) -> Thresholds:
    return Thresholds(config, first_wait=0.01, clock=lambda: NOW, **options)


def test_a_webhook_gets_all_of_it_as_json(receiver: Receiver, tmp_path: Path):
    told(quick(settings(tmp_path, notifications_webhook=receiver.url)), notice(), until=lambda: receiver.got)
    (message,) = receiver.got
    assert message == {
        "type": "quota_threshold",
        "text": "gwctl-dev: quota search-month (team:search) has passed 80 %: $81.50 of $100.00 in this month "
        "(2026-11). Requests beyond it are refused. It starts anew at 2026-11-30T23:00:00Z.",
        "deployment": "gwctl-dev",
        "quota": "search-month",
        "scope": "team:search",
        "percent": 80,
        "spent": 81_500_000_000,
        "limit": 100_000_000_000,
        "unit": "nano_usd",
        "period": "month",
        "window": "2026-11",
        "resets_at": "2026-11-30T23:00:00Z",
        "action": "block",
    }


def test_a_quota_without_an_end_has_no_reset(receiver: Receiver, tmp_path: Path):
    told(
        quick(settings(tmp_path, notifications_webhook=receiver.url)),
        notice(period="total", unit="tokens", action="alert"),
        until=lambda: receiver.got,
    )
    assert receiver.got[0]["resets_at"] is None
    assert receiver.got[0]["text"].endswith("81,500,000,000 tokens of 100,000,000,000 tokens. Requests go on.")


def test_a_webhook_that_is_busy_is_asked_again(receiver: Receiver, tmp_path: Path):
    receiver.plan = [503, 429, 500]
    told(quick(settings(tmp_path, notifications_webhook=receiver.url)), notice(), until=lambda: receiver.got)
    assert len(receiver.got) == 1


def test_a_webhook_that_does_not_want_it_is_not_asked_again(
    receiver: Receiver, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    receiver.plan = [404]
    thresholds = quick(settings(tmp_path, notifications_webhook=receiver.url))
    told(thresholds, notice(80), notice(100), until=lambda: receiver.got)
    assert [each["percent"] for each in receiver.got] == [100]
    assert thresholds.dropped == 1
    assert "nobody was told: gwctl-dev: quota search-month" in caplog.text


def test_the_webhooks_url_is_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    url = f"http://127.0.0.1:{free_port()}/hook?token=secret"
    thresholds = quick(settings(tmp_path, notifications_webhook=url), max_age=0.1)
    told(thresholds, notice(), until=lambda: thresholds.dropped)
    assert "does not answer" in caplog.text
    assert "secret" not in caplog.text


def test_a_receiver_that_hangs_does_not_hold_up_the_loop(receiver: Receiver, tmp_path: Path):
    receiver.hold.clear()
    thresholds = quick(settings(tmp_path, notifications_webhook=receiver.url))

    async def work() -> float:
        stopping = asyncio.Event()
        task = asyncio.create_task(thresholds.run(stopping))
        thresholds.notify(notice())
        await asyncio.sleep(0)
        start = time.perf_counter()
        for _ in range(100):
            thresholds.notify(notice())
            await asyncio.sleep(0)
        taken = time.perf_counter() - start
        receiver.hold.set()
        await asyncio.to_thread(wait_until, lambda: thresholds.sent == 101, "all of them", 60)
        stopping.set()
        await task
        return taken

    assert asyncio.run(work()) < 1


def test_a_full_queue_drops_the_oldest_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    thresholds = quick(settings(tmp_path, notifications_webhook="http://127.0.0.1:1/hook"), queue=3)
    for number in range(5):
        thresholds.notify(notice(quota=f"q{number}"))
    assert thresholds.dropped == 2
    assert "quota q0" in caplog.text
    assert "quota q4" not in caplog.text


def test_without_a_receiver_the_log_says_it(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    quick(settings(tmp_path)).notify(notice())
    assert "has passed 80 %" in caplog.text


def test_sns_gets_words_for_people_and_json_for_programs(aws: Aws, tmp_path: Path):
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name=aws.name)["TopicArn"]
    queue = sqs.create_queue(QueueName=aws.name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    thresholds = quick(settings(tmp_path, notifications_topic_arn=topic))
    told(thresholds, notice(), until=lambda: thresholds.sent)
    (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    envelope = json.loads(received["Body"])
    message = json.loads(envelope["Message"])
    assert envelope["Subject"] == "gwctl-dev: quota search-month at 80 %"
    assert envelope["MessageAttributes"]["percent"]["Value"] == "80"
    assert (message.get("percent") or json.loads(message["sqs"])["percent"]) == 80


def test_a_topic_that_is_not_there_drops_it_in_the_end(aws: Aws, tmp_path: Path):
    arn = "arn:aws:sns:eu-central-1:123456789012:not-there"
    thresholds = quick(settings(tmp_path, notifications_topic_arn=arn), max_age=0.05)
    told(thresholds, notice(), until=lambda: thresholds.dropped)
    assert thresholds.sent == 0


@pytest.mark.parametrize(
    ("spent", "percent", "words"),
    [
        (100_000_000_000, 100, "has passed 100 %: $100.00 of $100.00 in this month"),
        (76_500_000_000, 100, "has nothing left to give out: $76.50 of $100.00 is spent in this month"),
        (80_000_030_000, 80, "has passed 80 %: $80.00003 of $100.00 in this month"),
    ],
)
def test_the_words_say_what_is_spent_and_to_the_nano_dollar(spent: int, percent: int, words: str):
    message = Message(
        deployment="dev",
        quota="q",
        scope="team:search",
        percent=percent,
        spent=spent,
        limit=100_000_000_000,
        unit="nano_usd",
        period="month",
        window="2026-11",
        resets_at=None,
        action="block",
    )
    assert message.text == f"dev: quota q (team:search) {words} (2026-11). Requests beyond it are refused."
