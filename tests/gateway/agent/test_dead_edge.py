"""An edge that is killed, with its agent or alone: what a provider served is a usage event, each request once.

Team a is under a quota that blocks, team b under none. Some requests are in flight at the kill, some were answered just
before, so that their lines are on the disk, or still in the edge's memory, or nowhere.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.portkey_contract.recipes import BODIES, OPENAI_CHAT, OPENAI_CHUNKS
from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from support.replay_provider import Answer, RecordedRequest, ReplayProvider
from tools.bench.policies import policy
from tools.bench.rig import Fleet, Pair, running_fleet

BUDGETS = [
    {"id": "money", "team": "a", "limit_usd": "1000", "period": "month"},
    {"id": "watched", "team": "b", "limit_usd": "1000", "period": "month", "action": "alert"},
]
CLIENTS = ("a1", "b1")
ROUNDS = 3
OF_EACH = 3
FLUSH_MILLISECONDS = 1_500
HELD, AT_ONCE = "other", "fast"

pytestmark = pytest.mark.timeout(240)


@dataclass
class Place:
    """One edge with its agent, and a provider that answers some requests at once and holds others for ever."""

    fleet: Fleet
    pair: Pair
    snapshot: Snapshot
    provider: ReplayProvider
    senders: ThreadPoolExecutor

    def send(self, client: str, model: str, *, stream: bool) -> int:
        """The status of the answer once it is whole, 0 when it never is."""
        body = {**BODIES["chat"], "model": model, "stream": stream, "user": client}
        headers = {"authorization": f"Bearer {self.fleet.issuer.token(client)}"}
        with suppress(httpx.HTTPError):
            return httpx.post(
                f"{self.pair.edge.url}/v1/chat/completions", json=body, headers=headers, timeout=60, trust_env=False
            ).status_code
        return 0

    def send_all(self) -> None:
        """Requests of each kind: those that the provider holds are in flight afterwards, the others are answered."""
        before = len(self.provider.requests)
        kinds = [(client, stream) for client in CLIENTS for stream in (False, True) for _ in range(OF_EACH)]
        for client, stream in kinds:
            self.senders.submit(self.send, client, HELD, stream=stream)
        wait_until(lambda: len(self.provider.requests) == before + len(kinds), "requests in flight", 20)
        at_once = [self.senders.submit(self.send, client, AT_ONCE, stream=stream) for client, stream in kinds]
        assert {each.result() for each in at_once} == {200}

    def kill_edge(self) -> None:
        assert self.pair.edge.process
        self.pair.edge.process.stop(grace=0)

    def start_edge(self) -> None:
        self.pair.edge.start()
        self.pair.wait_for(self.snapshot)
        self.pair.wait_ready()

    def served(self) -> Counter[tuple[str, bool]]:
        """By client and kind, what came to the provider."""
        return Counter((each.json["user"], bool(each.json.get("stream"))) for each in self.provider.requests)

    def metered(self) -> Counter[tuple[str, bool]]:
        return Counter((event["client"], event["gen_ai.request.stream"]) for event in self.pair.events())

    def assert_nothing_is_lost(self) -> list[dict[str, Any]]:
        """Each request of the provider is an event once, and the ledger has what they cost."""
        with suppress(AssertionError):  # what follows says what is missing
            wait_until(lambda: self.metered() == self.served(), "an event for each request", 30)
        assert self.metered() == self.served()
        wait_until(lambda: self.pair.status.quotas.in_flight == 0, "all reservations to be settled", 30)
        self.pair.stop_agent()
        events = self.pair.events()
        assert self.metered() == self.served()
        assert len({event["id"] for event in events}) == len(events)
        states = self.fleet.states(self.snapshot, time.time())
        for quota, team in (("money", "a"), ("watched", "b")):
            assert states[quota].settled == sum(event["cost_nano_usd"] for event in events if event["team"] == team)
        return events


@contextmanager
def place(folder: Path, **settings: Any) -> Iterator[Place]:
    never = threading.Event()

    def answer(request: RecordedRequest) -> Answer:
        chunks: list[Any] = [*OPENAI_CHUNKS, "[DONE]"]
        if request.model == HELD:
            return Answer.sse([chunks[0], never]) if request.json.get("stream") else Answer.held(never)
        return Answer.sse(chunks) if request.json.get("stream") else Answer.json(OPENAI_CHAT)

    with ReplayProvider() as provider, running_fleet(folder, 1) as fleet, ThreadPoolExecutor(64) as senders:
        provider.on("*", answer)
        (pair,) = fleet.pairs
        pair.edge.flush_milliseconds = FLUSH_MILLISECONDS
        snapshot = policy(provider.url, BUDGETS, lane="portkey")
        fleet.start(snapshot, **settings)
        yield Place(fleet, pair, snapshot, provider, senders)
        never.set()


def test_each_request_of_a_killed_edge_is_metered_once(tmp_path: Path) -> None:
    with place(tmp_path) as now:
        for _ in range(ROUNDS):
            now.send_all()
            now.kill_edge()
            now.start_edge()
        events = now.assert_nothing_is_lost()
    lost = [event for event in events if event["error.type"] == "edge_died"]
    assert {event["team"] for event in lost} == {"a", "b"}
    assert len([event for event in lost if event["http.response.status_code"] == 0]) >= ROUNDS * len(CLIENTS) * OF_EACH
    assert all(event["estimated"] and event["cost_nano_usd"] for event in lost)
    assert any(event["http.response.status_code"] == 200 for event in lost if event["team"] == "b"), (
        "some were answered"
    )


def test_each_request_is_metered_once_when_the_agent_dies_with_the_edge(tmp_path: Path) -> None:
    with place(tmp_path) as now:
        for _ in range(ROUNDS):
            now.send_all()
            now.kill_edge()
            now.pair.kill_agent()
            now.pair.start_agent()
            now.start_edge()
        now.assert_nothing_is_lost()


def test_a_task_that_ends_with_its_edge_meters_its_requests_before(tmp_path: Path) -> None:
    """As in AWS: the agent is told to stop when the edge has ended, and nobody starts it again."""
    with place(tmp_path, ephemeral=True) as now:
        now.send_all()
        now.kill_edge()
        now.pair.stop_agent()
        assert now.metered() == now.served()
