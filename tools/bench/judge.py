"""Judges a run: what was admitted, and which refusals were false.

In: the outcomes of all requests, limits. Out: `Report`. A refusal is false if at every moment of the three seconds
before it, in every scope, `limit - spent - reserved` covered its bound. A request counts as reserved from the moment
when it was sent until its answer was there, if it was admitted; until three seconds later its rest may be on its way.
"""

import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

from gwctl.policy.snapshot import Quota
from tools.bench.load import Outcome

LOOK_BACK_SECONDS = 3.0


class Timeline:
    """What was left of one limit, at every moment of a run."""

    def __init__(self, quota: Quota, outcomes: Sequence[Outcome]) -> None:
        self.quota = quota
        self.admitted = [each for each in outcomes if each.admitted and quota.scope in each.scopes]
        changes: list[tuple[float, int]] = []
        for each in self.admitted:
            bound, used = each.bounds[quota.unit], each.used[quota.unit]
            changes += [(each.sent, -bound), (each.done, bound - used)]
        changes.sort()
        self._times = [at for at, _ in changes]
        self._left = list(accumulate((change for _, change in changes), initial=quota.limit))

    @property
    def spent(self) -> int:
        return sum(each.used[self.quota.unit] for each in self.admitted)

    @property
    def beyond_bounds(self) -> int:
        """What requests did cost beyond their bounds: what the overshoot may be at most."""
        unit = self.quota.unit
        return sum(max(0, each.used[unit] - each.bounds[unit]) for each in self.admitted)

    def least(self, since: float, until: float) -> int:
        """The least that was left between two moments."""
        return min(self._left[bisect_right(self._times, since) : bisect_right(self._times, until) + 1])


@dataclass
class Report:
    """`overshoot` and `bound` by quota, in its unit; `settled` is what the ledger says in the end."""

    outcomes: Sequence[Outcome]
    timelines: Mapping[str, Timeline]
    settled: Mapping[str, int]
    stalled: float = 0.0
    """For how long, at most, the machine did not let the clients run."""
    false_refusals: list[Outcome] = field(default_factory=list)

    @classmethod
    def of(
        cls, outcomes: Sequence[Outcome], quotas: Mapping[str, Quota], settled: Mapping[str, int], stalled: float
    ) -> "Report":
        timelines = {name: Timeline(quota, outcomes) for name, quota in quotas.items() if quota.action == "block"}
        report = cls(outcomes, timelines, settled, stalled)
        refused = [each for each in outcomes if each.status == 429]
        report.false_refusals = [each for each in refused if report._is_false(each)]
        return report

    def _is_false(self, refused: Outcome) -> bool:
        covering = [line for line in self.timelines.values() if line.quota.scope in refused.scopes]
        since = refused.done - LOOK_BACK_SECONDS
        return all(line.least(since, refused.done) >= refused.bounds[line.quota.unit] for line in covering)

    def overshoot(self, unit: str) -> int:
        """Summed over the quotas of a unit: what was spent beyond the limit, by the ledger or by the clients' count."""
        return sum(
            max(0, max(line.spent, self.settled.get(name, 0)) - line.quota.limit)
            for name, line in self.timelines.items()
            if line.quota.unit == unit
        )

    @property
    def failed(self) -> list[Outcome]:
        """Neither admitted nor refused for want of quota."""
        return [each for each in self.outcomes if each.status not in (200, 429)]

    def lines(self) -> list[str]:
        """For people."""
        admitted = sum(each.admitted for each in self.outcomes)
        waits = sorted(each.done - each.sent for each in self.outcomes)
        text = [
            f"{len(self.outcomes)} requests, {admitted} admitted, {len(self.failed)} failed, "
            f"{len(self.false_refusals)} refused falsely; p50 {waits[len(waits) // 2]:.3f} s, "
            f"p99 {waits[len(waits) * 99 // 100]:.3f} s; the machine stalled for {self.stalled:.2f} s at most"
        ]
        for name, line in self.timelines.items():
            quota = line.quota
            text.append(
                f"  {name:<14} {quota.scope:<20} {quota.unit:<9} limit {quota.limit:>15,}  admitted {line.spent:>15,}  "
                f"in the ledger {self.settled.get(name, 0):>15,}  overshoot {max(0, line.spent - quota.limit):,}"
            )
        return text

    def json(self) -> str:
        """The last line that the hammer prints."""
        bound = sum(line.beyond_bounds for line in self.timelines.values() if line.quota.unit == "nano_usd")
        return json.dumps(
            {
                "overshoot_nano_usd": self.overshoot("nano_usd"),
                "bound_nano_usd": bound,
                "overshoot_tokens": self.overshoot("tokens"),
                "overshoot_requests": self.overshoot("requests"),
                "false_refusals": len(self.false_refusals),
                "failed": len(self.failed),
                "requests": len(self.outcomes),
            }
        )
