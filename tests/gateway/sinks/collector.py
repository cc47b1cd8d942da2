"""A collector of metrics that keeps what it is sent. In: events, metered. Out: the points that arrived."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from gateway.sinks.place import Events, event
from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.metrics import Metrics
from gwctl.ledger.metering.events import UsageEvent
from gwctl.policy.snapshot import Snapshot, targets_of
from unit.policy.examples import compiled


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


@contextmanager
def running_collector() -> Iterator[Collector]:
    """Start one on a free port, and stop it at the end."""
    server = Collector(("127.0.0.1", 0), _Handler)
    server.received, server.status = Received(), 200
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
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
