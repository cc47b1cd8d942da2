"""The rows of docs/runbooks/faults.md: what breaks, who is served meanwhile and who is refused, and nothing is lost.

Team a is under a quota that blocks, team b under none.
"""

import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from gwctl.policy.snapshot import Snapshot
from gwctl.stores.aws.settings import SnapshotPlace
from support.dynamodb_local import REGION
from support.processes import wait_until
from support.servers.faulty_proxy import FaultyProxy
from tools.bench.load import Outcome
from tools.bench.policies import callers, policy
from tools.bench.rig import Fleet, Pair, running_fleet, running_portkey
from tools.bench.traffic import Traffic

QUOTA, FREE = "team:a", "team:b"
BUDGETS = [{"id": "money", "team": "a", "limit_usd": "1000", "period": "month"}]
USED = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")

pytestmark = pytest.mark.timeout(240)


@dataclass
class Scene:
    """A fleet of one pair under load; its ledger can be made slow or dead."""

    fleet: Fleet
    pair: Pair
    snapshot: Snapshot
    traffic: Traffic
    ledger: FaultyProxy
    folder: Path

    def settled(self) -> list[dict[str, object]]:
        """Ends the load, waits for the events, stops the agent in order, and compares with the ledger."""
        outcomes = self.traffic.stop()
        ids = {each.id for each in outcomes if each.admitted}
        wait_until(lambda: ids <= {event["id"] for event in self.pair.events()}, "an event for each answer", 30)
        wait_until(lambda: self.pair.status.usage.lag_bytes == 0, "the usage log to be read", 30)
        wait_until(lambda: self.pair.status.quotas.in_flight == 0, "all reservations to be settled", 30)
        at = time.time()
        self.pair.stop_agent()
        events = self.pair.events()
        assert len({event["id"] for event in events}) == len(events), "an event is there twice"
        spent = sum(event["cost_nano_usd"] for event in events if event["team"] == "a")
        assert self.fleet.states(self.snapshot, at)["money"].settled == spent
        return events

    def refusals(self) -> set[str]:
        """What the usage log calls the answers 503 until now."""
        return {line["refusal"] for line in self.pair.edge.log_lines() if line["status"] == 503}

    def lines(self) -> set[str]:
        return {line["id"] for line in self.pair.edge.log_lines()}


@contextmanager
def scene(folder: Path, variables: Mapping[str, str] | None = None, **settings: object) -> Iterator[Scene]:
    with running_fleet(folder, 1) as fleet, FaultyProxy(int(fleet.ledger_url.rpartition(":")[2])) as ledger:
        (pair,) = fleet.pairs
        pair.environment |= {"AWS_ENDPOINT_URL": ledger.url, **(variables or {})}
        snapshot = policy(fleet.provider_url, BUDGETS)
        fleet.start(snapshot, **settings)
        known = [caller for caller in callers(fleet) if caller.id in ("a1", "b1")]
        with Traffic(fleet, snapshot, known) as traffic:
            traffic.wait_for(200, QUOTA)
            yield Scene(fleet, pair, snapshot, traffic, ledger, folder)


def statuses(outcomes: list[Outcome]) -> set[int]:
    return {each.status for each in outcomes}


def test_a_slow_ledger_delays_leases_and_refuses_at_most_as_unavailable(tmp_path: Path) -> None:
    with scene(tmp_path) as now:
        now.ledger.delay = 2.0
        slow = now.traffic.wait_for(200, QUOTA, count=30, seconds=40)
        free = now.traffic.wait_for(200, FREE)
        now.ledger.delay = 0.0
        now.traffic.wait_for(200, QUOTA)
        events = now.settled()
        assert {event["id"] for event in events} == now.lines()
    assert statuses(slow) <= {200, 503}
    assert statuses(free) == {200}


def test_a_dead_ledger_stops_quotas_that_block_and_nobody_else(tmp_path: Path) -> None:
    with scene(tmp_path) as now:
        now.ledger.go_down()
        down = now.traffic.wait_for(503, QUOTA)
        free = now.traffic.wait_for(200, FREE)
        now.ledger.come_up()
        now.traffic.wait_for(200, QUOTA)
        events, refusals = now.settled(), now.refusals()
        assert {event["id"] for event in events} == now.lines()
    assert statuses(down) <= {200, 503}
    assert refusals == {"quota_unavailable"}
    assert statuses(free) == {200}


def test_a_killed_agent_stops_quotas_and_nobody_else(tmp_path: Path) -> None:
    with scene(tmp_path) as now:
        now.pair.kill_agent()
        down = now.traffic.wait_for(503, QUOTA)
        free = now.traffic.wait_for(200, FREE)
        now.pair.start_agent()
        now.traffic.wait_for(200, QUOTA)
        events = now.settled()
        assert {event["id"] for event in events} == now.lines()
    assert statuses(down) <= {200, 503}
    assert statuses(free) == {200}


@pytest.mark.parametrize("stalled", [False, True], ids=["", "the agent notices late"])
def test_a_killed_edge_serves_nobody_and_its_requests_under_quotas_count_at_their_bounds(
    tmp_path: Path, stalled: bool
) -> None:
    with scene(tmp_path) as now:
        wait_until(lambda: now.pair.status.quotas.in_flight > 0, "requests in flight")
        assert now.pair.edge.process
        assert now.pair.agent
        if stalled:
            now.pair.agent.send_signal(signal.SIGSTOP)
        now.pair.edge.process.stop(grace=0)
        now.traffic.wait_for(0, QUOTA)
        now.pair.edge.start()
        now.traffic.wait_for(200, FREE, count=100)
        now.pair.agent.send_signal(signal.SIGCONT)
        now.traffic.wait_for(200, QUOTA)
        outcomes = now.traffic.stop()
        known = {each.id for each in outcomes if each.admitted and QUOTA in each.scopes}
        wait_until(lambda: known <= {event["id"] for event in now.pair.events()}, "an event for each answer", 30)
        # One status says how many were let through: each of them is an event of a request that went on.
        wait_until(lambda: now.pair.status.quotas.in_flight == 0, "all reservations to be settled", 30)
        granted = now.pair.status.quotas.granted
        now.traffic.outcomes[:] = [each for each in outcomes if QUOTA in each.scopes]
        events = now.settled()
    # An agent that stalls may grant what the edge does not wait for any more and refuses.
    under_quota = [event for event in events if event["team"] == "a" and (stalled or event["refusal"] is None)]
    lost = [event for event in events if event["error.type"] == "edge_died"]
    assert len(under_quota) >= granted
    assert lost
    assert all(event["estimated"] and event["cost_nano_usd"] for event in lost)


def test_a_killed_gateway_fails_requests_and_loses_none(tmp_path: Path) -> None:
    with scene(tmp_path) as now:
        portkey = now.fleet.portkey
        portkey.process.stop(grace=0)
        down = now.traffic.wait_for(503, QUOTA)
        free = now.traffic.wait_for(503, FREE)
        with running_portkey(portkey.port):
            now.traffic.wait_for(200, QUOTA)
            events = now.settled()
            assert {event["id"] for event in events} == now.lines()
    assert statuses(down) | statuses(free) <= {0, 200, 502, 503}


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 16 MB, where that is allowed to make one; skips the test elsewhere."""
    folder.mkdir()
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def leave(disk: Path, mebibytes: int) -> Path:
    """A file that takes all the room but so much."""
    filler = disk / f"filler-{mebibytes}"
    filler.write_bytes(bytes(shutil.disk_usage(disk).free - mebibytes * 1024 * 1024))
    return filler


def test_a_full_disk_of_the_usage_log_stops_quotas_and_then_everybody_before_a_line_is_lost(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, scene(disk, min_free_bytes=6 * 1024 * 1024) as now:
        first = leave(disk, 5)
        down = now.traffic.wait_for(503, QUOTA)
        free = now.traffic.wait_for(200, FREE)
        problem, refusals = now.pair.status.quotas.problem, now.refusals()
        second = leave(disk, 2)
        now.traffic.wait_for(503, FREE)
        lines = now.lines()
        closed = now.traffic.wait_for(503, FREE, count=50) + now.traffic.wait_for(503, QUOTA)
        why = now.pair.status.usage.refusing
        grown = now.lines() - lines
        second.unlink()
        now.traffic.wait_for(200, FREE)
        first.unlink()
        now.traffic.wait_for(200, QUOTA)
        assert now.pair.status.usage.refusing is None
        events = now.settled()
        assert {event["id"] for event in events} == now.lines()
    assert statuses(down) <= {200, 503}
    assert refusals == {"quota_unavailable"}
    assert statuses(free) == {200}
    assert statuses(closed) == {503}
    assert not grown & {each.id for each in closed}, "what is refused for want of room must take none"
    assert all("bytes left" in (each or "") for each in (problem, why))


def fill(folder: Path) -> Path:
    """A file that takes all the room there is."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as stream:
        try:
            while True:
                stream.write(bytes(4096))
        except OSError:
            return filler


def test_a_line_that_envoy_could_not_write_stops_everybody_for_a_while(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk, scene(disk, min_free_bytes=0) as now:
        filler = fill(disk)
        now.traffic.wait_for(503, FREE)
        filler.unlink()
        wait_until(
            lambda: "Envoy could not write" in (now.pair.status.usage.refusing or ""), "the status to say so", 20
        )
        closed = now.traffic.wait_for(503, FREE) + now.traffic.wait_for(503, QUOTA)
        now.traffic.stop()
    assert statuses(closed) == {503}


def test_events_that_cannot_be_sent_stop_quotas_before_they_take_the_disk(tmp_path: Path, aws_port: int) -> None:
    firehose = {"region_name": REGION, "aws_access_key_id": "local", "aws_secret_access_key": "local"}
    url = f"http://127.0.0.1:{aws_port}"
    make: Any = boto3.client
    # More than what team b's requests add in the second between two deliveries.
    limits: dict[str, Any] = {"max_backlog_bytes": 250_000}
    with scene(tmp_path, {"AWS_ENDPOINT_URL_FIREHOSE": url}, audit_stream="away", **limits) as now:
        down = now.traffic.wait_for(503, QUOTA, seconds=60)
        free = now.traffic.wait_for(200, FREE)
        problem = now.pair.status.quotas.problem
        make("s3", endpoint_url=url, **firehose).create_bucket(
            Bucket="audit", CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        make("firehose", endpoint_url=url, **firehose).create_delivery_stream(
            DeliveryStreamName="away",
            ExtendedS3DestinationConfiguration={
                "RoleARN": "arn:aws:iam::123456789012:role/r",
                "BucketARN": "arn:aws:s3:::audit",
            },
        )
        now.traffic.wait_for(200, QUOTA, seconds=60)
        events = now.settled()
        assert {event["id"] for event in events} == now.lines()
    assert statuses(down) <= {200, 503}
    assert statuses(free) == {200}
    assert problem is not None
    assert "wait to be sent" in problem


@pytest.fixture
def aws_port() -> Iterator[int]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    yield server.get_host_and_port()[1]
    server.stop()


def test_without_s3_the_last_policy_stays_and_a_new_one_comes_when_it_is_back(tmp_path: Path, aws_port: int) -> None:
    direct: Any = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{aws_port}",
        region_name=REGION,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )
    direct.create_bucket(Bucket="policy", CreateBucketConfiguration={"LocationConstraint": REGION})
    with FaultyProxy(aws_port) as s3, scene(tmp_path) as now:
        direct.put_object(Bucket="policy", Key="current.json", Body=now.snapshot.to_json())
        now.pair.environment["AWS_ENDPOINT_URL_S3"] = s3.url
        now.pair.stop_agent()
        now.pair.start_agent(snapshot=SnapshotPlace(bucket="policy"))
        now.traffic.wait_for(200, QUOTA)
        s3.go_down()
        newer = policy(now.fleet.provider_url, BUDGETS, version=2)
        direct.put_object(Bucket="policy", Key="current.json", Body=newer.to_json())
        wait_until(lambda: now.pair.status.source is not None, "the status to say so")
        down = now.traffic.wait_for(200, QUOTA) + now.traffic.wait_for(200, FREE)
        still = now.pair.status.applied
        s3.come_up()
        now.pair.wait_for(newer)
        events = now.settled()
        assert {event["id"] for event in events} == now.lines()
    assert still == now.snapshot.label
    assert statuses(down) == {200}
