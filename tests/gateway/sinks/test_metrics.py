"""Metrics as a collector gets them: names, numbers, attributes; and that nobody misses a collector that is away."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.sinks.collector import Collector, everything, measured
from gateway.sinks.place import Events, agent_settings, event
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.metrics import MAX_TEAMS, Behind, Metrics
from support.ports import free_port
from support.processes import wait_until


@pytest.fixture
def settings(collector: Collector, tmp_path: Path) -> AgentSettings:
    return agent_settings(tmp_path, otlp_endpoint=collector.url)


def test_requests_spend_and_tokens_add_up(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    assert received.sum("gateway.requests") == 5
    assert received.sum("gateway.requests", team="search", outcome="served", status_class="2xx") == 3
    assert received.sum("gateway.spend", team="search", gen_ai__provider__name="openai") == 3000
    assert received.sum("gen_ai.client.token.usage", gen_ai__token__type="input") == 300
    assert received.sum("gen_ai.client.token.usage", gen_ai__token__type="output") == 60
    assert received.sum("gen_ai.client.operation.duration") == 1.5 * 4
    assert received.sum("gen_ai.client.operation.time_to_first_chunk") == 0.4
    assert received.resource["service.name"] == "local"


def test_refusals_by_code(collector: Collector, settings: AgentSettings):
    assert everything(collector, settings).sum("gateway.refusals", code="insufficient_quota") == 1


def test_a_fallback_is_counted_for_its_route(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    (point,) = received.metrics["gateway.fallbacks"]
    assert point.value == 1
    assert point.attributes["route"] == "claude"


def test_the_largest_lag_and_the_policys_age(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    assert [point.value for point in received.metrics["gateway.metering.lag"]] == [7.0]
    assert [point.value for point in received.metrics["gateway.policy.age"]] == [1.5]


def test_what_nobody_knows_is_not_reported(collector: Collector, settings: AgentSettings):
    measured(settings, [event(1)])
    assert "gateway.policy.age" not in collector.received.metrics
    assert "gateway.metering.lag" not in collector.received.metrics


def test_sums_are_deltas(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    gauges = {"gateway.policy.age", "gateway.metering.lag"}
    assert {name for name, points in received.metrics.items() if not all(each.delta for each in points)} == gauges


def test_no_client_and_no_made_up_name_is_an_attribute(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    values = {value for points in received.metrics.values() for point in points for value in point.attributes.values()}
    assert not values & {"secret-client", "indexer", "made-up", "overloaded", "event-1"}


def test_the_number_of_teams_is_bounded(collector: Collector, settings: AgentSettings):
    measured(settings, [event(n, team=f"team-{n}") for n in range(MAX_TEAMS + 20)])
    teams = {point.attributes["team"] for point in collector.received.metrics["gateway.requests"]}
    assert len(teams) == MAX_TEAMS + 1
    assert collector.received.sum("gateway.requests", team="other") == 20


def test_events_of_before_the_start_are_not_counted_again(collector: Collector, settings: AgentSettings):
    Events(settings).write([event(1)])
    metrics = Metrics(settings)
    asyncio.run(stopped_at_once(metrics))
    assert "gateway.requests" not in collector.received.metrics


async def stopped_at_once(metrics: Metrics) -> None:
    stopping = asyncio.Event()
    stopping.set()
    await metrics.run(stopping)


def test_metrics_are_exported_while_the_agent_runs(collector: Collector, settings: AgentSettings):
    queue = Events(settings)
    metrics = Metrics(settings, export_seconds=0.1)

    async def work() -> None:
        stopping = asyncio.Event()
        task = asyncio.create_task(metrics.run(stopping))
        for number in range(2):
            queue.write([event(number)])
            await asyncio.to_thread(
                wait_until, lambda n=number: collector.received.sum("gateway.requests") == n + 1, "it"
            )
        stopping.set()
        await task

    asyncio.run(work())
    assert len(collector.received.metrics["gateway.requests"]) == 2


@pytest.mark.parametrize("away", ["refuses", "fails"])
def test_a_collector_that_is_away_costs_a_few_seconds_at_the_end_and_nothing_else(
    away: str, collector: Collector, tmp_path: Path
):
    collector.status = 500
    url = collector.url if away == "fails" else f"http://127.0.0.1:{free_port()}"
    start = time.monotonic()
    measured(agent_settings(tmp_path, otlp_endpoint=url), [event(1)])
    assert time.monotonic() - start < 12


def test_without_an_endpoint_nothing_happens(tmp_path: Path):
    measured(agent_settings(tmp_path), [event(1)])


def test_an_event_costs_little(
    collector: Collector, settings: AgentSettings, record_property: Callable[[str, object], None]
):
    count = 5000
    events = Events(settings)
    metrics = Metrics(settings)
    events.write(event(n, stream=True, time_to_first_chunk=0.1) for n in range(count))
    start = time.process_time()
    asyncio.run(stopped_at_once(metrics))
    each = (time.process_time() - start) / count * 1e6
    print(f"{each:.0f} µs of CPU an event, with start and export")
    record_property("microseconds_an_event", each)
    assert collector.received.sum("gateway.requests") == count
    assert each < 1000


def test_the_lag_is_the_age_of_the_oldest_thing_that_is_not_done():
    now, written, done = [0.0], [0], [0]
    behind = Behind(lambda: written[0], lambda: done[0], lambda: now[0])
    found: list[float] = []
    for moment, much, finished in [(0, 0, 0), (10, 5, 0), (20, 8, 0), (30, 8, 4), (40, 9, 5), (50, 9, 9)]:
        now[0], written[0], done[0] = moment, much, finished
        found.append(behind())
    assert found == [0, 0, 10, 20, 20, 0]
