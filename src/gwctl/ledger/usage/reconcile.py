"""What the ledger says against what the events say. In: sums of both. Out: every difference. Pure.

Two ledgers are compared: the usage table (sums by day, team, client, model) and the quota windows (what was settled of
each limit). Windows are found by the moment at which a request began, as the agent does; a request that was reserved
just before a window ended and began just after it shows up as two differences that cancel each other.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gwctl.ledger.metering.events import UsageEvent
from gwctl.ledger.quotas.scopes import scopes_of
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.windows import window_at
from gwctl.ledger.usage.dimensions import Key, Sums
from gwctl.ledger.usage.report import COUNTERS
from gwctl.ledger.usage.sums import Counter
from gwctl.policy.snapshot import Quota

QuotasOf = Callable[[str], Mapping[str, Quota]]
"""Label of a policy snapshot, empty for an unknown one → the quotas of then by id."""

USAGE_KEY: Final = ("day", "team", "client", "model")


@dataclass(frozen=True, order=True)
class Difference:
    """One number that is not the same. `where` names what was counted, `what` the counter."""

    where: str
    what: str
    ledger: int
    events: int

    @property
    def missing(self) -> int:
        """What the ledger lacks; negative: what it has too much."""
        return self.events - self.ledger

    def as_json(self) -> dict[str, Any]:
        """For `-o json`."""
        return {
            "where": self.where,
            "what": self.what,
            "ledger": self.ledger,
            "events": self.events,
            "missing": self.missing,
        }


def compare_usage(ledger: Sums, events: Sums) -> list[Difference]:
    """The differences between the usage table and the events, in order. Both by `USAGE_KEY`."""
    empty: Mapping[Counter, int] = dict.fromkeys(COUNTERS, 0)
    found: list[Difference] = []
    for key in sorted(ledger.keys() | events.keys()):
        there, here = ledger.get(key, empty), events.get(key, empty)
        found += [
            Difference(_label(key), name, there[name], here[name]) for name in COUNTERS if there[name] != here[name]
        ]
    return found


def expected_windows(events: Iterable[UsageEvent], quotas_of: QuotasOf) -> dict[WindowKey, int]:
    """What each window of each quota should have settled, in the quota's unit.

    `quotas_of` gives the quotas of the policy under which a request was served: a quota counts nothing from before it
    was made.
    """
    sums: dict[WindowKey, int] = {}
    for event in events:
        scopes = scopes_of(event.team, event.client, event.model)
        for quota_id, quota in quotas_of(event.policy or "").items():
            if quota.scope in scopes:
                amount = _amount(event, quota)
                if amount:
                    window = window_at(quota.period, quota.timezone, event.started_at.timestamp())
                    key = WindowKey(quota_id, quota.unit, window.id)
                    sums[key] = sums.get(key, 0) + amount
    return sums


def compare_windows(settled: Mapping[WindowKey, int], expected: Mapping[WindowKey, int]) -> list[Difference]:
    """The differences between the windows in the ledger and what the events say, in order."""
    return [
        Difference(f"{key.quota} {key.window}", key.unit, settled.get(key, 0), expected.get(key, 0))
        for key in sorted(settled.keys() | expected.keys())
        if settled.get(key, 0) != expected.get(key, 0)
    ]


def _amount(event: UsageEvent, quota: Quota) -> int:
    cost, tokens = event.cost_nano_usd or 0, event.input_tokens + event.output_tokens
    if quota.unit == "requests":
        # A refused request that cost something did reach the provider: its answer was withheld.
        return int(event.outcome != "refused" or bool(cost or tokens))
    return tokens if quota.unit == "tokens" else cost


def _label(key: Key) -> str:
    day, team, client, model = key
    return f"{day} team {team}, client {client}, model {model}"
