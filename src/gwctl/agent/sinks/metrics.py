"""Usage events → OpenTelemetry metrics, added up in this process and exported by OTLP every half a minute.

In: the file of usage events from the agent's start on, and what others know of the policy's age and the ledger's lag.
Out: the GenAI conventions' metrics and the gateway's own, with attributes of bounded number: teams, aliases, providers,
codes; never clients or texts. A collector that is away costs a warning and the metrics of that time, nothing else. Sums
go out as deltas: a restarted agent begins anew without anybody having to notice.

The names and attributes are those of modules/compute/files/collector.yaml, which a test compares.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import pause
from gwctl.agent.sinks.events import NOTHING, Committed, EventQueue, committed_in
from gwctl.ledger.events import UsageEvent
from gwctl.policy.snapshot import GroupNode, Node, Snapshot, targets_of

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation
    from opentelemetry.sdk.metrics import MeterProvider

log = logging.getLogger(__name__)

EXPORT_SECONDS: Final = 30.0
EXPORT_TIMEOUT_SECONDS: Final = 5.0
READ_SECONDS: Final = 1.0
READ_LINES: Final = 2000
READ_BYTES: Final = 1024 * 1024

MAX_TEAMS: Final = 500
MAX_MODELS: Final = 200
OTHER: Final = "other"
NOBODY: Final = "none"

DURATIONS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
TOKENS: Final = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864)
"""Bounds of the histograms, in seconds and tokens. Source: OpenTelemetry's conventions for generative AI metrics."""

OPERATIONS: Final = {
    "chat": "chat",
    "messages": "chat",
    "responses": "chat",
    "embeddings": "embeddings",
    "count_tokens": "count_tokens",
}
"""Wire shape → `gen_ai.operation.name`."""

FindSnapshot = Callable[[str | None], Snapshot | None]
Seconds = Callable[[], float | None]
"""How many seconds now; None: that cannot be said, and nothing is reported."""


class Bounded:
    """Lets through the first values there are, and calls all others `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str | None) -> str:
        """The value, `none` for no value, or `other`."""
        if value is None:
            return NOBODY
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value


class Age:
    """Seconds since a moment of the monotonic clock; as long as there is none, since the start."""

    def __init__(self, moment: Callable[[], float | None], now: Callable[[], float] = monotonic) -> None:
        self._moment = moment
        self._now = now
        self._start = now()

    def __call__(self) -> float:
        """The age now."""
        moment = self._moment()
        return self._now() - (self._start if moment is None else moment)


class Behind:
    """How long ago something had got as far as `done` is now; both count the same, and grow. To be asked regularly."""

    def __init__(
        self, written: Callable[[], int], done: Callable[[], int], now: Callable[[], float] = monotonic
    ) -> None:
        self._written = written
        self._done = done
        self._now = now
        self._marks: deque[tuple[float, int]] = deque()

    def __call__(self) -> float:
        """Seconds; 0: all that was written when it was last asked is done."""
        done, written, now = self._done(), self._written(), self._now()
        while self._marks and self._marks[0][1] <= done:
            self._marks.popleft()
        lag = now - self._marks[0][0] if self._marks else 0.0
        if written > done and (not self._marks or written > self._marks[-1][1]):
            self._marks.append((now, written))
        return lag


class Fallbacks:
    """Tells whether a target served only because another one had failed."""

    def __init__(self, find: FindSnapshot) -> None:
        self._find = find
        self._first: dict[tuple[str, str, str], frozenset[tuple[str, str]]] = {}

    def __call__(self, event: UsageEvent) -> bool:
        """False also when it cannot be told: the policy of then is not known any more."""
        if not (event.policy and event.model and event.api and event.provider and event.target_model):
            return False
        key = (event.policy, event.model, event.api)
        if key not in self._first:
            if len(self._first) >= 1000:
                self._first.clear()
            self._first[key] = self._first_choices(*key)
        first = self._first[key]
        return bool(first) and (event.provider, event.target_model) not in first

    def _first_choices(self, policy: str, model: str, api: str) -> frozenset[tuple[str, str]]:
        snapshot = self._find(policy)
        variants = snapshot.variants.values() if snapshot else ()
        return frozenset(
            target
            for each in variants
            if each.route == model and api in each.apis
            for target in first_choices(each.tree)
        )


def first_choices(node: Node) -> Iterator[tuple[str, str]]:
    """Provider and model of the targets that a request may reach without another one having failed."""
    if isinstance(node, GroupNode):
        for child in node.targets[:1] if node.strategy == "fallback" else node.targets:
            yield from first_choices(child)
    else:
        yield from ((target.provider, target.model) for target in targets_of(node))


class Metrics:
    """One for each agent. Without an `otlp_endpoint` it does nothing.

    `find` gives the policy snapshot of a label (`SnapshotHistory.find`). `policy_age` and `lags` are asked at each
    export, in another thread: the policy's age, and how far behind each stage of metering is; the largest is reported.
    """

    def __init__(
        self,
        settings: AgentSettings,
        find: FindSnapshot = lambda _: None,
        *,
        policy_age: Seconds = lambda: None,
        lags: Iterable[Seconds] = (),
        export_seconds: float = EXPORT_SECONDS,
    ) -> None:
        self._settings = settings
        self._queue = EventQueue(settings.events_file)
        self._seconds = export_seconds
        self._policy_age = policy_age
        self._lags = tuple(lags)
        self._is_fallback = Fallbacks(find)
        self._team = Bounded(MAX_TEAMS)
        self._model = Bounded(MAX_MODELS)
        self._provider: MeterProvider | None = None
        self._known = NOTHING
        self._position = self._committed().end

    async def run(self, stopping: asyncio.Event) -> None:
        """Reads and exports until `stopping` is set; then what is left goes out, within a few seconds."""
        if self._settings.otlp_endpoint is None:
            await stopping.wait()
            return
        await asyncio.to_thread(self._start, self._settings.otlp_endpoint)
        while not stopping.is_set():
            if not await asyncio.to_thread(self._read):
                await pause(READ_SECONDS, stopping)
        await asyncio.to_thread(self._stop)

    def record(self, event: UsageEvent) -> None:
        """Adds one event."""
        refused = event.outcome == "refused"
        # A refused request may name any model: made-up names must not become metrics.
        model = NOBODY if refused else self._model(event.model)
        team, provider = self._team(event.team), event.provider_name
        served = {"gen_ai.request.model": model} | ({"gen_ai.provider.name": provider} if provider else {})
        classes = {"outcome": event.outcome, "status_class": f"{event.status // 100}xx" if event.status else NOBODY}
        self._requests.add(1, {"team": team, **served, **classes})
        if refused:
            self._refusals.add(1, {"code": event.refusal or NOBODY, "team": team})
            return
        genai = {"gen_ai.operation.name": OPERATIONS.get(event.api or "", OTHER), **served}
        failed = {"error.type": classes["status_class"]} if event.outcome == "failed" else {}
        self._duration.record(event.duration, {**genai, **failed})
        if event.time_to_first_chunk is not None:
            self._first_chunk.record(event.time_to_first_chunk, genai)
        for kind, count in (("input", event.input_tokens), ("output", event.output_tokens)):
            if count:
                self._tokens.record(count, {**genai, "gen_ai.token.type": kind})
        if event.cost_nano_usd:
            self._spend.add(event.cost_nano_usd, {"team": team, **served})
        if self._is_fallback(event):
            self._fallbacks.add(1, {"route": model, **served})

    def _read(self) -> bool:
        committed = self._committed()
        lines = self._queue.read(min(self._position, committed.end), committed, lines=READ_LINES, size=READ_BYTES)
        for line in lines:
            try:
                self.record(UsageEvent.model_validate_json(line.data))
            except ValidationError:
                continue  # the shipper says it
        self._position = lines[-1].end if lines else min(self._position, committed.end)
        return bool(lines)

    def _committed(self) -> Committed:
        with suppress(OSError, ValueError, LookupError):  # the shipper says it
            self._known = committed_in(self._settings.checkpoint_path)
        return self._known

    def _start(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.sdk.metrics import Counter, Histogram, MeterProvider
        from opentelemetry.sdk.metrics.export import AggregationTemporality, PeriodicExportingMetricReader
        from opentelemetry.sdk.resources import Resource

        delta: dict[type, Any] = dict.fromkeys((Counter, Histogram), AggregationTemporality.DELTA)
        exporter = OTLPMetricExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/metrics",
            preferred_temporality=delta,
            timeout=EXPORT_TIMEOUT_SECONDS,
        )
        reader = PeriodicExportingMetricReader(
            exporter,
            export_interval_millis=self._seconds * 1000,
            export_timeout_millis=EXPORT_TIMEOUT_SECONDS * 1000,
        )
        resource = Resource({"service.name": self._settings.deployment})
        self._provider = MeterProvider([reader], resource, shutdown_on_exit=False)
        self._make_instruments(self._provider)

    def _make_instruments(self, provider: "MeterProvider") -> None:
        meter = provider.get_meter("gwctl.agent")
        seconds: Mapping[str, Any] = {"unit": "s", "explicit_bucket_boundaries_advisory": DURATIONS}
        self._duration = meter.create_histogram("gen_ai.client.operation.duration", **seconds)
        self._first_chunk = meter.create_histogram("gen_ai.client.operation.time_to_first_chunk", **seconds)
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage", unit="{token}", explicit_bucket_boundaries_advisory=TOKENS
        )
        self._requests = meter.create_counter("gateway.requests", unit="{request}")
        self._spend = meter.create_counter("gateway.spend", unit="{nano_usd}")
        self._refusals = meter.create_counter("gateway.refusals", unit="{request}")
        self._fallbacks = meter.create_counter("gateway.fallbacks", unit="{request}")
        meter.create_observable_gauge("gateway.policy.age", [self._observe(self._policy_age)], unit="s")
        meter.create_observable_gauge("gateway.metering.lag", [self._observe(self._lag)], unit="s")

    def _observe(self, seconds: Seconds) -> "Callable[[CallbackOptions], Iterable[Observation]]":
        from opentelemetry.metrics import Observation

        def observe(_: "CallbackOptions") -> "Iterable[Observation]":
            value = seconds()
            return [] if value is None else [Observation(max(0.0, value))]

        return observe

    def _lag(self) -> float | None:
        known = [lag for lag in (each() for each in self._lags) if lag is not None]
        return max(known) if known else None

    def _stop(self) -> None:
        while self._read():
            pass
        if self._provider is not None:
            self._provider.shutdown(timeout_millis=EXPORT_TIMEOUT_SECONDS * 1000)
