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
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from time import monotonic, time_ns
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.backoff import pause
from gwctl.agent.sinks.events import NOTHING, Committed, EventQueue, committed_in
from gwctl.agent.sinks.points import Counter, Histogram, Interval, gauge, not_empty
from gwctl.ledger.metering.events import UsageEvent
from gwctl.policy.snapshot import GroupNode, Node, Snapshot, targets_of

if TYPE_CHECKING:
    from opentelemetry.sdk.metrics.export import MetricExporter

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

OPERATION: Final = "gen_ai.operation.name"
SERVED: Final = ("gen_ai.request.model", "gen_ai.provider.name")

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
        self._requests = Counter("gateway.requests", "{request}", ("team", *SERVED, "outcome", "status_class"))
        self._refusals = Counter("gateway.refusals", "{request}", ("code", "team"))
        self._spend = Counter("gateway.spend", "{nano_usd}", ("team", *SERVED))
        self._fallbacks = Counter("gateway.fallbacks", "{request}", ("route", *SERVED))
        genai = (OPERATION, *SERVED)
        self._duration = Histogram("gen_ai.client.operation.duration", "s", (*genai, "error.type"), DURATIONS)
        self._first_chunk = Histogram("gen_ai.client.operation.time_to_first_chunk", "s", genai, DURATIONS)
        self._tokens = Histogram("gen_ai.client.token.usage", "{token}", (*genai, "gen_ai.token.type"), TOKENS)
        self._exporter: MetricExporter | None = None
        self._interval_start, self._export_at = time_ns(), monotonic() + export_seconds
        self._known = NOTHING
        self._position = self._committed().end

    async def run(self, stopping: asyncio.Event) -> None:
        """Reads and exports until `stopping` is set; then what is left goes out, within a few seconds."""
        if self._settings.otlp_endpoint is None:
            await stopping.wait()
            return
        await asyncio.to_thread(self._start, self._settings.otlp_endpoint)
        while not stopping.is_set():
            more = await asyncio.to_thread(self._read)
            if monotonic() >= self._export_at:
                await asyncio.to_thread(self._export)
            if not more:
                await pause(min(READ_SECONDS, self._seconds), stopping)
        await asyncio.to_thread(self._stop)

    def record(self, event: UsageEvent) -> None:
        """Adds one event."""
        refused = event.outcome == "refused"
        # A refused request may name any model: made-up names must not become metrics.
        model = NOBODY if refused else self._model(event.model)
        team, provider = self._team(event.team), event.provider_name
        outcome, status = event.outcome, f"{event.status // 100}xx" if event.status else NOBODY
        self._requests.add((team, model, provider, outcome, status))
        if refused:
            self._refusals.add((event.refusal or NOBODY, team))
            return
        operation = OPERATIONS.get(event.api or "", OTHER)
        self._duration.record((operation, model, provider, status if outcome == "failed" else None), event.duration)
        if event.time_to_first_chunk is not None:
            self._first_chunk.record((operation, model, provider), event.time_to_first_chunk)
        if event.input_tokens:
            self._tokens.record((operation, model, provider, "input"), event.input_tokens)
        if event.output_tokens:
            self._tokens.record((operation, model, provider, "output"), event.output_tokens)
        if event.cost_nano_usd:
            self._spend.add((team, model, provider), event.cost_nano_usd)
        if self._is_fallback(event):
            self._fallbacks.add((model, model, provider))

    def _read(self) -> bool:
        """Adds the next events; whether there are more."""
        committed = self._committed()
        lines = self._queue.read(min(self._position, committed.end), committed, lines=READ_LINES, size=READ_BYTES)
        for line in lines:
            try:
                self.record(UsageEvent.model_validate_json(line.data))
            except ValidationError:
                continue  # the shipper says it
        self._position = lines[-1].end if lines else min(self._position, committed.end)
        return bool(lines) and self._position < committed.end

    def _committed(self) -> Committed:
        with suppress(OSError, ValueError, LookupError):  # the shipper says it
            self._known = committed_in(self._settings.checkpoint_path)
        return self._known

    def _start(self, endpoint: str) -> None:
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter

        self._exporter = OTLPMetricExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/metrics", timeout=EXPORT_TIMEOUT_SECONDS
        )

    def _export(self) -> None:
        """Sends what was added up. What the collector does not take is gone; the exporter has said so."""
        from opentelemetry.sdk.metrics.export import MetricsData, ResourceMetrics, ScopeMetrics
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope

        interval = Interval(self._interval_start, time_ns())
        self._interval_start, self._export_at = interval.end, monotonic() + self._seconds
        counted = not_empty(each.collect(interval) for each in self._instruments)
        measured = [
            gauge(name, "s", max(0.0, value), interval.end)
            for name, value in (("gateway.policy.age", self._policy_age()), ("gateway.metering.lag", self._lag()))
            if value is not None
        ]
        if self._exporter is None or not (counted or measured):
            return
        scope = ScopeMetrics(InstrumentationScope("gwctl.agent"), [*counted, *measured], "")
        resource = ResourceMetrics(Resource({"service.name": self._settings.deployment}), [scope], "")
        self._exporter.export(MetricsData([resource]))

    @property
    def _instruments(self) -> Sequence[Counter | Histogram]:
        counters = (self._requests, self._refusals, self._spend, self._fallbacks)
        return (*counters, self._duration, self._first_chunk, self._tokens)

    def _lag(self) -> float | None:
        known = [lag for lag in (each() for each in self._lags) if lag is not None]
        return max(known) if known else None

    def _stop(self) -> None:
        while self._read():
            pass
        self._export()
        if self._exporter is not None:
            self._exporter.shutdown()
