"""A lease as its agent sees it: what it may hand out, what it has handed out, and the next write about it.

In: bounds taken and released, costs, the ledger's answers. Out: `free`, what may still be handed out; swaps for the
ledger. No I/O, no clock. The arithmetic is the safety argument of docs/adr/0020-reserve-settle-lease.md:

    free = outstanding - reserved - held - (spent - settled) - returning

where `outstanding` and `settled` are what the ledger has confirmed, and everything else is only known here. Nothing
is handed out while `free` does not cover it, so what requests in flight may still cost is always leased.

The worked example of `gwctl.ledger.quotas`, step 4, as A sees it:

                                 outstanding  reserved  spent  settled  returning  free
    a request of $0.40 in flight        0.40      0.40   0       0         0       0
    it did cost $0.03                   0.40      0      0.03    0         0       0.37
    the one that waited goes on         0.40      0.20   0.03    0         0       0.17
    the write is on its way             0.40      0.20   0.03    0         0.17    0
    the ledger confirms it              0.20      0.20   0.03    0.03      0       0

And B after its crash, step 5: the $0.50 that the ledger says are outstanding are `held`, so nothing is free. The
replayed line takes its $0.05 out of them (step 6), and `release_held` frees the other $0.45, to be given back.
"""

import math

from gwctl.ledger.quotas.store import EMPTY, NO_LEASE, Lease, Outcome, Swap, WindowKey, WindowState, is_still


class AgentLease:
    """The lease on the window `key`. `writer` must be unique to this object, over all processes and restarts."""

    __slots__ = (
        "_early",
        "agent",
        "answered_at",
        "claimed",
        "confirmed",
        "failing_since",
        "failures",
        "fenced",
        "flush_at",
        "free",
        "held",
        "held_since",
        "key",
        "low",
        "mark",
        "name",
        "pending",
        "refused",
        "releasing",
        "reserved",
        "retry_at",
        "returning",
        "sending",
        "spent",
        "state",
        "taken",
        "unwritten",
        "users",
        "writer",
    )

    def __init__(self, key: WindowKey, agent: str, writer: str) -> None:
        self.key = key
        self.name = str(key)
        self.agent = agent
        self.writer = writer
        self.confirmed: Lease = NO_LEASE
        """As the ledger last confirmed it."""
        self.state: WindowState = EMPTY
        """The window, over all agents, as the ledger last showed it."""
        self.free = 0
        self.reserved = 0
        """The bounds of requests in flight."""
        self.users = 0
        """How many requests in flight will be settled here, also those with a bound of nothing."""
        self.held = 0
        """Leased before a restart, for requests of then that may be in flight yet."""
        self.held_since = 0.0
        self.releasing = False
        """What is held comes free with the next write."""
        self.spent = 0
        """By this agent in this window, ever: what the ledger has as `settled` and what it does not have yet."""
        self.returning = 0
        """Part of a lease that the write under way gives back: no longer ours, whatever becomes of the answer."""
        self.mark = -1
        self.unwritten: int | None = None
        """The first position of the usage log whose cost the ledger does not have yet."""
        self.pending: Swap | None = None
        """The write that has no answer yet. It is repeated as it is until it has one."""
        self.fenced = False
        """Somebody else writes under this agent's name, or it was declared gone: nothing may be handed out."""
        self._early: list[tuple[int | None, int]] | None = []
        """Cost, and position if it was replayed, of what was spent until this object's first write came through."""

        self.taken = 0
        """Bounds handed out since the burn rate was last worked out."""
        self.low = 0
        """More is leased when `free` falls below this."""
        self.claimed: set[int] = set()
        """Thresholds of this window that this agent has tried to claim."""
        # About its writes; times on the monotonic clock.
        self.sending = False
        self.refused = False
        self.answered_at = -math.inf
        self.flush_at = -math.inf
        self.retry_at = -math.inf
        self.failures = 0
        self.failing_since: float | None = None

    @property
    def usable_until(self) -> float:
        """When (seconds since the epoch) the lease expires. Infinite without one: then nothing is free."""
        if self.fenced:
            return -math.inf
        return self.confirmed.expires_at if self.confirmed.seq else math.inf

    @property
    def dirty(self) -> bool:
        """Whether something was spent that the ledger does not have yet."""
        return self.spent != self.confirmed.settled

    @property
    def settled_floor(self) -> int:
        """What all agents have spent in this window, at least. It can only grow."""
        return self.state.settled + self.spent - self.confirmed.settled

    @property
    def done(self) -> bool:
        """Whether there is nothing left to write or to wait for."""
        if self.users:
            return False
        return self.fenced or not (self.held or self.dirty or self.confirmed.outstanding or self.pending)

    def take(self, bound: int) -> None:
        """Hands out `bound`, which may be nothing. The caller has seen that `free` covers it."""
        self.free -= bound
        self.reserved += bound
        self.taken += bound
        self.users += 1

    def release(self, bound: int) -> None:
        """Takes `bound` back from a request that has ended."""
        self.free += bound
        self.reserved -= bound
        self.users -= 1

    def take_again(self, bound: int) -> "AgentLease":
        """Reserves for a request of a former life that is still in flight: out of what is held, as far as it goes."""
        held = min(self.held, bound)
        self.held -= held
        self.free += held - bound
        self.reserved += bound
        self.users += 1
        return self

    def spend(self, cost: int, position: int | None) -> None:
        """Counts what a request of this process did cost."""
        self._count(cost, position, early_position=None)

    def spend_replayed(self, cost: int, position: int) -> None:
        """Counts what a request did cost that this process did not reserve; its bound may be in `held`.

        A position that the ledger's lease covers is not counted again.
        """
        if position <= self.mark:
            return
        self._count(cost, position, early_position=position)
        used = min(self.held, cost)
        self.held -= used
        self.free += used

    def _count(self, cost: int, position: int | None, early_position: int | None) -> None:
        if position is not None:
            if position <= self.mark:
                return  # of a former life, and in the ledger already
            self.mark = position
        if not cost:
            return
        self.spent += cost
        self.free -= cost
        if self._early is not None:
            self._early.append((early_position, cost))
        if self.unwritten is None:
            self.unwritten = position

    def release_held(self) -> None:
        """What is held is for no request any more: it is free, once a write of this process has come through.

        Until then a write of the former life may still arrive late, and give back what would be handed out here.
        """
        self.releasing = self._early is not None and self.held > 0
        if not self.releasing:
            self.free += self.held
            self.held = 0

    def forget_unwritten(self) -> None:
        """Gives up what was spent and can never be written: the lease is closed."""
        self.spent = self.confirmed.settled
        self.unwritten = None
        self._recount()

    def prepare(self, amount: int, limit: int, expires_at: int) -> Swap:
        """The next write: settles what was spent, and leases `amount` more or, if negative, gives so much back.

        What was spent beyond the lease is written first and without a condition: it cannot be undone by refusing.
        """
        left = self.confirmed.outstanding - (self.spent - self.confirmed.settled)
        needed = self.reserved + self.held
        if left < needed:
            amount = 0
        after = Lease(
            outstanding=max(left + amount, needed),
            settled=self.spent,
            mark=self.mark,
            seq=self.confirmed.seq + 1,
            writer=self.writer,
            expires_at=expires_at,
        )
        self.returning = max(0, left - after.outstanding)
        self.free -= self.returning
        self.pending = Swap(self.key, self.agent, self.confirmed, after, limit if amount > 0 else None)
        return self.pending

    def answer(self, outcome: Outcome) -> None:
        """Takes in the ledger's answer to `pending`."""
        assert self.pending is not None, "an answer without a write"
        self.refused = not outcome.applied
        if outcome.applied:
            self._confirm(self.pending.after)
            self.state = outcome.state
        else:
            self.learn(outcome.state)
        self.pending = None
        self.returning = 0
        self._recount()

    def learn(self, state: WindowState) -> None:
        """Takes in the window as the ledger shows it: after a refused write, or read at a restart."""
        found = state.lease_of(self.agent)
        if found.closed:
            self.fenced = True
        elif found.writer == self.writer:
            # Also a write that was given up long ago and came through after all: the lease says what it did.
            self._confirm(found)
        elif self._early is not None and found.seq:
            self._adopt(found, self._early)
        elif not is_still(found, self.confirmed):
            self.fenced = True  # also a lease that is not there any more: it was closed, and then archived
        self.state = state
        self._recount()

    def _confirm(self, lease: Lease) -> None:
        self.confirmed = lease
        self._early = None
        if self.releasing:
            self.releasing, self.held = False, 0
        if not self.dirty:
            self.unwritten = None
        elif self.unwritten is not None:
            self.unwritten = max(self.unwritten, lease.mark + 1)

    def _adopt(self, found: Lease, early: list[tuple[int | None, int]]) -> None:
        """Continues the lease of this agent's former life; `found.mark` tells which replayed events it has."""
        later = sum(cost for position, cost in early if position is None or position > found.mark)
        self.confirmed = found
        self.spent = found.settled + later
        self.held = max(0, found.outstanding - later - self.reserved)
        self.mark = max(self.mark, found.mark)
        if not later:
            self.unwritten = None

    def _recount(self) -> None:
        unsettled = self.spent - self.confirmed.settled
        self.free = self.confirmed.outstanding - self.reserved - self.held - unsettled - self.returning
