"""What is spent of budgets and what is left. In: budgets, the ledger, a moment. Out: a `BudgetState` of each.

spent     settled in the ledger's window of that moment
reserved  leased by agents and not settled: held for answers under way, or not handed out yet
left      limit - spent - reserved; negative where more was spent than the limit allows
"""

from collections.abc import Iterable
from datetime import UTC, datetime

from gwctl.admin.api.shapes.models import BudgetState
from gwctl.ledger.quotas.store import EMPTY, WindowKey, WindowReader, WindowState
from gwctl.ledger.quotas.windows import Window, window_at
from gwctl.policy.compiling.quotas import quota_of
from gwctl.policy.documents import Budget
from gwctl.policy.snapshot import Quota


def states_of(budgets: Iterable[Budget], ledger: WindowReader, at: float) -> dict[str, BudgetState]:
    """Budget id to its state at `at` (seconds since the epoch). One read of the ledger. Raises StoreUnavailable."""
    quotas = {budget.id: quota_of(budget) for budget in budgets}
    windows = {name: window_at(quota.period, quota.timezone, at) for name, quota in quotas.items()}
    keys = {name: WindowKey(name, quota.unit, windows[name].id) for name, quota in quotas.items()}
    found = ledger.read(keys.values()) if keys else {}
    return {name: _state(name, quota, windows[name], found.get(keys[name], EMPTY)) for name, quota in quotas.items()}


def _state(name: str, quota: Quota, window: Window, state: WindowState) -> BudgetState:
    return BudgetState(
        id=name,
        scope=quota.scope,
        unit=quota.unit,
        limit=quota.limit,
        period=quota.period,
        window=window.id,
        spent=state.settled,
        reserved=state.committed - state.settled,
        left=quota.limit - state.committed,
        resets_at=None if quota.period == "total" else datetime.fromtimestamp(window.end, UTC),
        agents=sum(not lease.closed for lease in state.leases.values()),
    )
