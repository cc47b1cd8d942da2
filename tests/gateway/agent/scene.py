"""One edge with its agent under load, in front of a ledger that can be made slow or dead.

Team a is under a quota that blocks, team b under none.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gwctl.core.names import Lane
from gwctl.policy.snapshot import Snapshot
from support.processes import wait_until
from support.servers.faulty_proxy import FaultyProxy
from tools.bench.load import Outcome
from tools.bench.policies import callers, policy
from tools.bench.rig import Fleet, Pair, running_fleet
from tools.bench.traffic import Traffic

QUOTA, FREE = "team:a", "team:b"
BUDGETS = [{"id": "money", "team": "a", "limit_usd": "1000", "period": "month"}]
USED = ("gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")


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
def scene(
    folder: Path, variables: Mapping[str, str] | None = None, lane: Lane = "express", **settings: object
) -> Iterator[Scene]:
    with running_fleet(folder, 1) as fleet, FaultyProxy(int(fleet.ledger_url.rpartition(":")[2])) as ledger:
        (pair,) = fleet.pairs
        pair.environment |= {"AWS_ENDPOINT_URL": ledger.url, **(variables or {})}
        snapshot = policy(fleet.provider_url, BUDGETS, lane=lane)
        fleet.start(snapshot, **settings)
        known = [caller for caller in callers(fleet) if caller.id in ("a1", "b1")]
        with Traffic(fleet, snapshot, known) as traffic:
            traffic.wait_for(200, QUOTA)
            yield Scene(fleet, pair, snapshot, traffic, ledger, folder)


def statuses(outcomes: list[Outcome]) -> set[int]:
    return {each.status for each in outcomes}
