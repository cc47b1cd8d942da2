"""The rows of docs/runbooks/faults.md: what breaks, who is served meanwhile and who is refused, and nothing is lost.

Team a is under a quota that blocks, team b under none.
"""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from gateway.agent.scene import BUDGETS, FREE, QUOTA, scene, statuses
from gwctl.core.names import Lane
from gwctl.stores.aws.settings import SnapshotPlace
from support.processes import wait_until
from support.servers.faulty_proxy import FaultyProxy
from support.stores.dynamodb_local import REGION
from tools.bench.policies import policy
from tools.bench.rig import running_portkey

pytestmark = pytest.mark.timeout(240)


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


@pytest.mark.parametrize(("stalled", "lane"), [(False, "portkey"), (True, "portkey"), (False, "express")])
def test_a_killed_edge_serves_nobody_and_its_requests_under_quotas_count_at_their_bounds(
    tmp_path: Path, stalled: bool, lane: Lane
) -> None:
    with scene(tmp_path, lane=lane) as now:
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
        now.traffic.outcomes[:] = [each for each in outcomes if QUOTA in each.scopes]
        events = now.settled()
        served = int(httpx.get(now.fleet.provider_url, trust_env=False).text)
    # What the edge had not sent on when it died cost nothing. On the express lane nobody notes what it had.
    assert lane == "express" or len([event for event in events if event["cost_nano_usd"]]) == served
    lost = [event for event in events if event["error.type"] == "edge_died"]
    assert lost
    assert all(event["estimated"] and event["cost_nano_usd"] for event in lost)


def test_a_killed_gateway_fails_requests_and_loses_none(tmp_path: Path) -> None:
    with scene(tmp_path, lane="portkey") as now:
        portkey = now.fleet.portkey
        portkey.process.stop(grace=0)
        down = now.traffic.wait_for(503, QUOTA)
        free = now.traffic.wait_for(503, FREE)
        with running_portkey(portkey.port):
            now.traffic.wait_for(200, QUOTA)
            events = now.settled()
            assert {event["id"] for event in events} == now.lines()
    assert statuses(down) | statuses(free) <= {0, 200, 502, 503}


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
