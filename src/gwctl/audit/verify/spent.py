"""Audit records → what each agent has spent in each window of each quota. Pure.

The same arithmetic as the agent's own settlement, from the record instead of the usage log's line. Which quotas there
were when a request was served, says the policy snapshot that the record names: a quota counts nothing from before it
was made.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Any

from gwctl.ledger.quotas.scopes import Unit, scopes_of
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.windows import window_at
from gwctl.policy.snapshot import Quota

QuotasOf = Callable[[str], Mapping[str, Quota]]
"""Label of a policy snapshot, empty for an unknown one → the quotas of then by id."""


class Spent:
    """Adds up the records of some windows. A record is counted once, however often it comes."""

    def __init__(self, keys: Collection[WindowKey], quotas_of: QuotasOf) -> None:
        self._keys = set(keys)
        self._quotas_of = quotas_of
        self._seen: set[tuple[Any, Any]] = set()
        self._sums: Counter[tuple[str, WindowKey]] = Counter()

    def add(self, record: Mapping[str, Any]) -> None:
        """Takes a record by columns. Others than of usage are left out."""
        place = (record.get("shard"), record.get("sequence"))
        if record.get("kind") != "usage" or place in self._seen:
            return
        self._seen.add(place)
        amounts = _amounts(record)
        if not any(amounts.values()):
            return
        quotas = self._quotas_of(record.get("policy") or "")
        started = datetime.fromisoformat(record["started_at"]).timestamp()
        scopes = scopes_of(record.get("team"), record.get("client"), record.get("model"))
        for quota_id, quota in quotas.items():
            if quota.scope in scopes:
                key = WindowKey(quota_id, quota.unit, window_at(quota.period, quota.timezone, started).id)
                if key in self._keys:
                    self._sums[str(record["shard"]), key] += amounts[quota.unit]

    def of(self, agent: str, key: WindowKey) -> int:
        """What an agent has spent in a window, in the quota's unit."""
        return self._sums[agent, key]


def _amounts(record: Mapping[str, Any]) -> Mapping[Unit, int]:
    cost = record.get("cost_nano_usd") or 0
    tokens = (record.get("input_tokens") or 0) + (record.get("output_tokens") or 0)
    # A refused request that cost something did reach the provider: its answer was withheld.
    reached = record.get("outcome") != "refused" or bool(cost or tokens)
    return {"nano_usd": cost, "tokens": tokens, "requests": int(reached)}
