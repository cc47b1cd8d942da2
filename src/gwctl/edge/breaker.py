"""Circuit breakers: lines of the usage log → targets to be left out for a while.

A circuit belongs to one target of one route. It is closed until so many failures in a row happened within a window;
then it is open, and the target is left out. After the pause it is on trial: the target is tried again, the next
answer closes the circuit, and the next failure opens it for twice as long. Pure: times are given, in seconds since the
epoch, and nothing is written. Each agent has its own, for the requests of its own edge.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from gwctl.edge.usage_log.line import UsageLine
from gwctl.policy.documents import FALLBACK_STATUSES, CircuitBreaker
from gwctl.policy.snapshot import GroupNode, Node, Snapshot, TargetNode, Variant, targets_of

MAX_DOUBLINGS: Final = 4
"""The longest pause is the first one doubled so often."""

Path = tuple[int, ...]
"""Indices from the root of a variant's tree."""


class TargetName(NamedTuple):
    """A target of a route, its fallbacks' targets among them. `str` is `<route>/<provider>/<model>`."""

    route: str
    provider: str
    model: str

    def __str__(self) -> str:
        return "/".join(self)


OpenTargets = frozenset[TargetName]


@dataclass(frozen=True, slots=True)
class OpenTarget:
    """An open circuit, as the agent's status shows it. Times are ISO 8601, in UTC."""

    target: str
    since: str
    until: str
    reason: str


class Outcome(NamedTuple):
    """What came of trying a target. `status` is None when only the fallback to another one tells that it failed."""

    target: TargetNode
    failed: bool
    status: int | None


@dataclass(slots=True)
class _Circuit:
    settings: CircuitBreaker
    failures: deque[float] = field(default_factory=deque[float])
    """When the failures since the last answer happened."""
    last_status: int | None = None
    opened: float | None = None
    until: float = 0.0
    doublings: int = 0

    @property
    def reason(self) -> str:
        if self.last_status is None:
            return "the next target had to serve"
        return f"it answered {self.last_status}" if self.last_status >= 400 else "it broke off its answers"

    def state(self, now: float) -> Literal["closed", "open", "trial"]:
        if self.opened is None:
            return "closed"
        return "open" if now < self.until else "trial"

    def fail(self, started: float, ended: float, now: float) -> None:
        state = self.state(now)
        if state == "trial" and started >= self.until:
            self.doublings = min(self.doublings + 1, MAX_DOUBLINGS)
            self._open(now)
        elif state == "closed":
            self.failures.append(ended)
            while self.failures[0] < ended - self.settings.window_seconds:
                self.failures.popleft()
            if len(self.failures) >= self.settings.failures:
                self._open(now)

    def answer(self, started: float, now: float) -> None:
        state = self.state(now)
        if state == "closed" or (state == "trial" and started >= self.until):
            self.opened, self.doublings = None, 0
            self.failures.clear()

    def _open(self, now: float) -> None:
        self.opened = now
        self.until = now + self.settings.open_seconds * 2**self.doublings
        self.failures.clear()


class CircuitBreakers:
    """All circuits of one edge. Give it every line of the usage log, in order; ask which targets to leave out."""

    def __init__(self) -> None:
        self._circuits: dict[TargetName, _Circuit] = {}

    def observe(self, line: UsageLine, snapshot: Snapshot | None, now: float) -> None:
        """Takes note of what a line says about the targets that were tried.

        `snapshot` is the one that the line names. A line that is older than the window, read late, is no news.
        """
        variant = snapshot.variants.get(line.variant) if snapshot and line.variant else None
        if variant is None or variant.circuit_breaker is None:
            return
        started = line.started.timestamp()
        ended = started + line.duration_ms / 1000
        if ended < now - variant.circuit_breaker.window_seconds:
            return
        for target, failed, status in outcomes(line, variant):
            name = TargetName(variant.route, target.provider, target.model)
            circuit = self._circuits.setdefault(name, _Circuit(variant.circuit_breaker))
            if failed:
                circuit.last_status = status
                circuit.fail(started, ended, now)
            else:
                circuit.answer(started, now)

    def replace(self, snapshot: Snapshot) -> None:
        """Puts another policy in force: circuits of what is no more are forgotten, the others get its settings."""
        settings = {
            TargetName(variant.route, node.provider, node.model): variant.circuit_breaker
            for variant in snapshot.variants.values()
            if variant.circuit_breaker is not None
            for node in targets_of(variant.tree)
        }
        self._circuits = {name: circuit for name, circuit in self._circuits.items() if name in settings}
        for name, circuit in self._circuits.items():
            circuit.settings = settings[name]

    def open_targets(self, now: float) -> OpenTargets:
        """What to leave out at this moment; `render_policy` takes it."""
        return frozenset(name for name, circuit in self._circuits.items() if circuit.state(now) == "open")

    def status(self, now: float) -> tuple[OpenTarget, ...]:
        """The open circuits, for people."""
        return tuple(
            OpenTarget(str(name), _iso(circuit.opened or now), _iso(circuit.until), circuit.reason)
            for name, circuit in sorted(self._circuits.items())
            if circuit.state(now) == "open"
        )


def _iso(time: float) -> str:
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="seconds")


def skipped_paths(tree: Node, is_open: Callable[[TargetNode], bool]) -> frozenset[Path]:
    """What Portkey is to leave out of a tree: open targets, and groups of nothing else. None if nothing would be left.

    Paths of groups stand for all that is below them.
    """
    if all(is_open(node) for node in targets_of(tree)):
        return frozenset()
    return frozenset(_skipped(tree, (), is_open))


def _skipped(node: Node, path: Path, is_open: Callable[[TargetNode], bool]) -> Iterator[Path]:
    if all(is_open(leaf) for leaf in targets_of(node)):
        yield path
    elif isinstance(node, GroupNode):
        for index, child in enumerate(node.targets):
            yield from _skipped(child, (*path, index), is_open)


_ERRORS: Final = frozenset({"error", "error.type", "error.code"})
"""What an error inside of a stream leaves in a usage line."""


def outcomes(line: UsageLine, variant: Variant) -> Iterator[Outcome]:
    """What came of the targets that were tried for a request.

    Of a group with weights nobody knows which target failed before another one served. An answer that is the caller's
    fault says nothing.
    """
    served = None if line.option is None else variant.target_at(line.option)
    if served is None or line.option is None or line.upstream is None or line.refusal is not None or line.status == 0:
        return
    node: Node = variant.tree
    for depth, index in enumerate(line.option):
        assert isinstance(node, GroupNode)
        if node.strategy == "fallback":
            for before, child in enumerate(node.targets[:index]):
                tried = _tried(child, (*line.option[:depth], before), line.skipped)
                yield from (Outcome(leaf, failed=True, status=None) for leaf in tried)
        node = node.targets[index]
    if line.status in FALLBACK_STATUSES or (line.status < 400 and _ERRORS & line.usage.keys()):
        yield Outcome(served, failed=True, status=line.status)
    elif line.status < 400:
        yield Outcome(served, failed=False, status=line.status)


def _tried(node: Node, path: Path, skipped: frozenset[Path]) -> Iterator[TargetNode]:
    """The targets below a node that must all have been tried when another one served after it."""
    if path in skipped:
        return
    if isinstance(node, TargetNode):
        yield node
    elif node.strategy == "fallback":
        for index, child in enumerate(node.targets):
            yield from _tried(child, (*path, index), skipped)


def first_tried(tree: Node, skipped: frozenset[Path]) -> TargetNode:
    """The target that most likely worked on a request about which Portkey said nothing: the first not left out."""
    return next(_leaves(tree, (), skipped), None) or next(targets_of(tree))


def _leaves(node: Node, path: Path, skipped: frozenset[Path]) -> Iterator[TargetNode]:
    if path in skipped:
        return
    if isinstance(node, TargetNode):
        yield node
    else:
        for index, child in enumerate(node.targets):
            yield from _leaves(child, (*path, index), skipped)


def marks(skipped: frozenset[Path]) -> str:
    """Paths as the usage log carries them, in Portkey's words: `config.targets[0] config.targets[1].targets[0]`."""
    return " ".join("config" + "".join(f".targets[{index}]" for index in path) for path in sorted(skipped))
