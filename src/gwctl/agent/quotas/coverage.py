"""Which quotas cover a request. In: the policy snapshot's quotas. Out: the meters for a request's scopes.

A meter is made when a request first falls under its quota, so that thousands of idle quotas cost next to nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from gwctl.agent.quotas.meter import Meter
from gwctl.agent.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import WindowKey
from gwctl.ledger.quotas.windows import window_at
from gwctl.policy.snapshot import Quota

MAX_COVERS = 65_536


class Cover(NamedTuple):
    """The meters of a request: those that may refuse it, and those that only count it."""

    blocking: tuple[Meter, ...]
    counting: tuple[Meter, ...]


class Coverage:
    """All quotas in force."""

    def __init__(self, settings: QuotaSettings) -> None:
        self._settings = settings
        self._quotas: Mapping[str, Quota] = {}
        self._by_scope: dict[str, list[str]] = {}
        self._meters: dict[str, Meter] = {}
        self._covers: dict[Sequence[str], Cover] = {}

    def replace(self, quotas: Mapping[str, Quota]) -> list[Meter]:
        """Puts other quotas in force; returns the meters that are of no use any more.

        A meter lives on when only limit, action or thresholds of its quota changed.
        """
        retired = [meter for meter in self._meters.values() if not _same(meter.quota, quotas.get(meter.id))]
        for meter in retired:
            del self._meters[meter.id]
        for meter in self._meters.values():
            meter.quota = quotas[meter.id]
        self._quotas = quotas
        self._by_scope = {}
        for quota_id, quota in quotas.items():
            self._by_scope.setdefault(quota.scope, []).append(quota_id)
        self._covers = {}
        return retired

    def of(self, scopes: tuple[str, ...]) -> Cover:
        """The meters that cover a request with these scopes."""
        found = self._covers.get(scopes)
        if found is None:
            meters = [self._meter(quota_id) for scope in scopes for quota_id in self._by_scope.get(scope, ())]
            if len(self._covers) >= MAX_COVERS:
                self._covers.clear()
            found = self._covers[scopes] = Cover(
                blocking=tuple(meter for meter in meters if meter.quota.action == "block"),
                counting=tuple(meter for meter in meters if meter.quota.action != "block"),
            )
        return found

    def keys(self, wall: float) -> Iterator[WindowKey]:
        """The window that each quota counts in at that moment, and the one before."""
        for quota_id, quota in self._quotas.items():
            window = window_at(quota.period, quota.timezone, wall)
            yield WindowKey(quota_id, quota.unit, window.id)
            if quota.period != "total":
                before = window_at(quota.period, quota.timezone, window.start - 1)
                yield WindowKey(quota_id, quota.unit, before.id)

    def _meter(self, quota_id: str) -> Meter:
        meter = self._meters.get(quota_id)
        if meter is None:
            meter = self._meters[quota_id] = Meter(quota_id, self._quotas[quota_id], self._settings)
        return meter


def _same(old: Quota, new: Quota | None) -> bool:
    return new is not None and (old.scope, old.unit, old.period, old.timezone) == (
        new.scope,
        new.unit,
        new.period,
        new.timezone,
    )
