"""kill -9 of the shipper, again and again, while events are written."""

import signal
import sys
from collections import Counter
from pathlib import Path

from gateway.sinks.place import Aws, Events, agent_settings, event
from support.audit_chain import verify
from support.processes import Process, wait_until

ROUNDS = 5
PER_ROUND = 250
CLIENTS = 55
"""More than fit into one transaction, so that a kill finds the sums half way."""


def shipping(settings: Path, aws: Aws) -> Process:
    """A shipper as a process of its own, at work."""
    process = Process([sys.executable, Path(__file__).with_name("ship.py"), settings, "a1"], env=aws.environment)
    process.wait_ready(lambda: "ready" in process.output, seconds=60)
    return process


def killed_at_work(checkpoint: Path, config: Path, aws: Aws) -> None:
    """Starts a shipper and kills it as soon as it has sent something."""
    before = checkpoint.read_bytes() if checkpoint.exists() else b""
    with shipping(config, aws) as process:
        wait_until(lambda: checkpoint.exists() and checkpoint.read_bytes() != before, "a first batch", 30)
        process.send_signal(signal.SIGKILL)
        process.wait()


def test_every_event_is_recorded_and_counted_once_whenever_the_shipper_is_killed(either_aws: Aws, tmp_path: Path):
    aws = either_aws
    settings = agent_settings(tmp_path, audit_stream=aws.stream, tables=aws.tables)
    config = tmp_path / "settings.json"
    config.write_text(settings.model_dump_json())
    events = Events(settings)
    for number in range(ROUNDS):
        events.write(event(n, client=f"c{n % CLIENTS}") for n in range(number * PER_ROUND, (number + 1) * PER_ROUND))
        if number % 2:
            events.rotate()
        killed_at_work(settings.state_dir / "audit-checkpoint.json", config, aws)
    with shipping(config, aws) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(90) == 0
        assert "drained" in process.output
    total = ROUNDS * PER_ROUND
    records = aws.delivered()
    report = verify(records)
    assert report.whole, report.breaks
    assert {record["id"] for record in records} == {f"event-{n}" for n in range(total)}
    assert len({record["sequence"] for record in records}) == total
    counted = Counter({row.client: row.counts["requests"] for row in aws.sums()})
    assert counted == Counter(f"c{n % CLIENTS}" for n in range(total))
    assert sum(row.counts["cost_nano_usd"] for row in aws.sums()) == total * 1000
