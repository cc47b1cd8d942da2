"""Metrics as a collector gets them: names, numbers, attributes; and that nobody misses a collector that is away."""

import asyncio
import gzip
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from gateway.sinks.place import Events, agent_settings, event
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.metrics import MAX_TEAMS, Behind, Metrics
from gwctl.edge.errors import REFUSALS
from gwctl.ledger.metering.events import UsageEvent
from gwctl.policy.snapshot import Snapshot, targets_of
from support.ports import free_port
from support.processes import wait_until
from unit.policy.examples import compiled

MODULES = Path(__file__).resolve().parents[3] / "modules"


@dataclass
class Point:
    """One data point: its attributes, and its value, or a histogram's sum and count."""

    attributes: dict[str, str]
    value: float
    count: int
    delta: bool


@dataclass
class Received:
    """All that a collector got."""

    resource: dict[str, str] = field(default_factory=dict[str, str])
    metrics: dict[str, list[Point]] = field(default_factory=dict[str, list[Point]])

    def sum(self, name: str, **attributes: str) -> float:
        """The sum over all points that have these attributes; `__` stands for a dot."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        return sum(point.value for point in self.metrics.get(name, ()) if wanted.items() <= point.attributes.items())

    def keys(self, name: str) -> set[str]:
        return {key for point in self.metrics[name] for key in point.attributes}


class Collector(ThreadingHTTPServer):
    """An OTLP receiver over HTTP."""

    daemon_threads = True
    received: Received
    status: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Collector  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        if self.server.status == 200 and self.path == "/v1/metrics":
            _take(self.server.received, ExportMetricsServiceRequest.FromString(body))
        self.send_response(self.server.status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the base class
        """Print nothing."""


def _take(received: Received, request: Any) -> None:
    for resource in request.resource_metrics:
        received.resource.update(_attributes(resource.resource.attributes))
        for metric in (each for scope in resource.scope_metrics for each in scope.metrics):
            kind = metric.WhichOneof("data")
            data = getattr(metric, kind)
            delta = kind != "gauge" and data.aggregation_temporality == 1
            for point in data.data_points:
                if kind == "histogram":
                    found = Point(_attributes(point.attributes), point.sum, point.count, delta)
                else:
                    value = point.as_int if point.WhichOneof("value") == "as_int" else point.as_double
                    found = Point(_attributes(point.attributes), value, 1, delta)
                received.metrics.setdefault(metric.name, []).append(found)


def _attributes(given: Any) -> dict[str, str]:
    return {each.key: each.value.string_value for each in given}


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Collector(("127.0.0.1", 0), _Handler)
    server.received, server.status = Received(), 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def measured(settings: AgentSettings, events: list[UsageEvent], **options: Any) -> None:
    """Starts, lets events happen, and stops: then everything was exported."""
    queue = Events(settings)
    metrics = Metrics(settings, **options)
    queue.write(events)

    async def work() -> None:
        stopping = asyncio.Event()
        task = asyncio.create_task(metrics.run(stopping))
        await asyncio.sleep(0)
        stopping.set()
        await task

    asyncio.run(work())


@pytest.fixture
def settings(collector: Collector, tmp_path: Path) -> AgentSettings:
    return agent_settings(tmp_path, otlp_endpoint=collector.url)


def some_of_everything(snapshot: Snapshot) -> list[UsageEvent]:
    """Served, streamed, refused, failed, and one that another target served after the first had failed."""
    variant = next(each for each in snapshot.variants.values() if each.route == "claude" and "chat" in each.apis)
    second = list(targets_of(variant.tree))[-1]
    return [
        event(1),
        event(2, stream=True, time_to_first_chunk=0.4, client="secret-client"),
        event(3, outcome="refused", refusal="insufficient_quota", status=429, provider_name=None, cost_nano_usd=0,
              input_tokens=0, output_tokens=0, model="made-up"),
        event(4, outcome="failed", status=502, error_type="overloaded", cost_nano_usd=0, input_tokens=0,
              output_tokens=0),
        event(5, policy=snapshot.label, model="claude", provider=second.provider, target_model=second.model),
    ]  # fmt: skip


def everything(collector: Collector, settings: AgentSettings) -> Received:
    snapshot = compiled()
    measured(
        settings,
        some_of_everything(snapshot),
        find=lambda label: snapshot if label == snapshot.label else None,
        policy_age=lambda: 1.5,
        lags=[lambda: 2.0, lambda: None, lambda: 7.0],
    )
    return collector.received


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


# What Terraform says of the same metrics.

CONFIG: dict[str, Any] = yaml.safe_load((MODULES / "compute" / "files" / "collector.yaml").read_text())


def declarations() -> list[tuple[str, list[list[str]]]]:
    return [
        (selector, declaration["dimensions"])
        for declaration in CONFIG["exporters"]["awsemf"]["metric_declarations"]
        for selector in declaration["metric_name_selectors"]
    ]


def test_the_collector_selects_all_that_the_agent_reports_and_nothing_else(
    collector: Collector, settings: AgentSettings
):
    names = set(everything(collector, settings).metrics)
    selectors = [selector for selector, _ in declarations()]
    assert {name for name in names if not any(re.search(each, name) for each in selectors)} == set()
    assert {each for each in selectors if not any(re.search(each, name) for name in names)} == set()


def test_the_collectors_dimensions_are_attributes_of_the_agents_metrics(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    for selector, sets in declarations():
        for name in (each for each in received.metrics if re.search(selector, each)):
            for dimensions in sets:
                assert set(dimensions) <= received.keys(name), (name, dimensions)


def test_alarms_and_dashboard_read_what_the_agent_reports(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    alarms = (MODULES / "observability" / "alarms.tf").read_text()
    dashboard = (MODULES / "observability" / "dashboard.tf").read_text()
    read = set(re.findall(r'"(gateway\.[\w.]+|gen_ai\.client[\w.]+)\\?"', alarms + dashboard))
    assert len(read) >= 6
    assert read <= set(received.metrics)
    searched = re.findall(r'\{\\"\$\{local\.namespace\}\\",\\"([\w.]+)\\"\} MetricName=\\"([\w.]+)\\"', dashboard)
    assert len(searched) >= 3
    assert all(dimension in received.keys(name) for dimension, name in searched)


def test_the_refusal_that_an_alarm_counts_exists():
    alarms = (MODULES / "observability" / "alarms.tf").read_text()
    codes = set(re.findall(r'"code" = "(\w+)"', alarms))
    assert codes
    assert codes <= set(REFUSALS)
