"""The quotas under every interleaving: agents that crash, a network that loses, delays and repeats, one ledger.

Hypothesis calls the rules in any order. After each one the invariants hold, and in the end every window has exactly
what was spent. In: a store, and which shares (per cent) of their bounds requests may come to cost.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import count
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from gwctl.ledger.quotas.model import check_sums
from gwctl.ledger.quotas.reconcile import GRACE_SECONDS, reconcile, tidy
from gwctl.ledger.quotas.reservation import Refusal, Reservation
from gwctl.ledger.quotas.settings import QuotaSettings
from gwctl.ledger.quotas.store import QuotaStore, WindowKey
from gwctl.ledger.quotas.waiting import Waiter
from gwctl.policy.snapshot import Quota
from ledger.driver import Fleet, Flight, Ghost, InFlight, SimAgent, amounts, quota

LIMIT = 100
CALLS = 12
AGENTS = 3
SIGNATURE_SECONDS = 900
"""DynamoDB refuses a request signed longer ago: so long may one be on its way."""

EXAMPLES = count()


class QuotaMachine(RuleBasedStateMachine):
    """See the module."""

    def __init__(self, store: QuotaStore, shares: Sequence[int] = (0, 30, 100)) -> None:
        super().__init__()
        self.store = store
        self.shares = shares

    @initialize(agents=st.integers(1, AGENTS), with_journal=st.booleans())
    def begin(self, agents: int, with_journal: bool) -> None:
        self.with_journal = with_journal
        example = next(EXAMPLES)
        self.money, self.calls, self.watched = (f"{name}-{example}" for name in ("money", "calls", "watched"))
        # No reservation grows old here: what is settled at its bound is not the exact spend. See test_ageing.
        self.fleet = Fleet(self.store, self.quotas(LIMIT), QuotaSettings(max_age=1e9))
        self.highest_limit = LIMIT
        for index in range(agents):
            self.fleet.agent(f"agent-{index}")
        self.down: set[str] = set()
        self.buried: set[str] = set()
        self.read: Counter[str] = Counter()  # lines of each agent's log that its present life has read
        self.flights: list[Flight] = []
        self.on_way: list[InFlight] = []
        self.answers: list[tuple[InFlight, object]] = []
        self.ghosts: list[Ghost] = []
        self.haunted: set[WindowKey] = set()  # where a ghost may have leased for a life that had ended
        self.spent: Counter[WindowKey] = Counter()
        self.spent_by: Counter[tuple[str, WindowKey]] = Counter()
        self.excess: Counter[WindowKey] = Counter()  # what requests did cost beyond their bound
        self.seen: set[WindowKey] = set()

    def quotas(self, limit: int) -> dict[str, Quota]:
        return {
            self.money: quota(limit, period="month"),
            self.calls: quota(CALLS, "requests", "minute", scope="client:bot"),
            self.watched: quota(50, "tokens", "minute", scope="gateway", action="alert"),
        }

    # What clients, the provider and agents do

    @rule(data=st.data(), bound=st.integers(0, 60), requests=st.integers(1, 4), answered=st.booleans())
    def requests_come(self, data: st.DataObject, bound: int, requests: int, answered: bool) -> None:
        agent = self.alive(data)
        for _ in range(requests):
            answer = agent.reserve(bound, 5)
            if isinstance(answer, Waiter):
                answer.callbacks.append(partial(self.decided, agent, bound))
            else:
                self.decided(agent, bound, answer)
        if answered:
            self.work(agent)

    @precondition(lambda self: self.flights)
    @rule(data=st.data(), requests=st.integers(1, 4))
    def requests_end(self, data: st.DataObject, requests: int) -> None:
        for _ in range(min(requests, len(self.flights))):
            self.end(data.draw(st.sampled_from(self.flights)), data.draw(st.sampled_from(self.shares)))

    @precondition(lambda self: self.flights)
    @rule(data=st.data())
    def a_request_is_cancelled(self, data: st.DataObject) -> None:
        flight = data.draw(st.sampled_from(self.flights))
        if flight.life == flight.agent.lives and flight.agent.name not in self.down:
            self.flights.remove(flight)
            flight.agent.book.cancel(flight.reservation.request_id)

    @rule(data=st.data(), lines=st.integers(1, 5))
    def log_is_read(self, data: st.DataObject, lines: int) -> None:
        agent = self.alive(data)
        start = self.read[agent.name]
        for line in agent.log[start : start + lines]:
            agent.book.settle(line)
            self.read[agent.name] += 1

    @rule(data=st.data())
    def a_line_is_read_again(self, data: st.DataObject) -> None:
        agent = self.alive(data)
        if self.read[agent.name]:
            agent.book.settle(agent.log[data.draw(st.integers(0, self.read[agent.name] - 1))])

    @rule(data=st.data())
    def checkpoint_is_committed(self, data: st.DataObject) -> None:
        self.alive(data).commit()

    @rule(data=st.data())
    def writes_are_sent(self, data: st.DataObject) -> None:
        agent = self.alive(data)
        self.on_way += [InFlight(agent.book, lease, swap) for lease, swap in agent.book.step()]

    # What the network does

    @precondition(lambda self: self.on_way)
    @rule(data=st.data(), fate=st.sampled_from(["arrives", "arrives", "is lost", "is late"]))
    def a_write(self, data: st.DataObject, fate: str) -> None:
        write = self.take(data, self.on_way)
        if fate == "arrives":
            self.answers.append((write, self.store.swap(write.swap)))
            return
        if fate == "is late":
            self.ghosts.append(Ghost(write.swap, self.fleet.time.wall))
        write.book.failed(write.lease)

    @precondition(lambda self: self.answers)
    @rule(data=st.data(), arrives=st.sampled_from([True, True, False]))
    def an_answer(self, data: st.DataObject, arrives: bool) -> None:
        write, outcome = self.take(data, self.answers)
        if arrives:
            write.book.answered(write.lease, outcome)
        else:
            write.book.failed(write.lease)

    @precondition(lambda self: self.ghosts)
    @rule(data=st.data())
    def a_late_write_arrives(self, data: st.DataObject) -> None:
        ghost = self.take(data, self.ghosts)
        if self.fleet.time.wall - ghost.sent <= SIGNATURE_SECONDS:
            self.store.swap(ghost.swap)
            self.haunted.add(ghost.swap.key)

    # What time and people do

    @rule(seconds=st.sampled_from([0.05, 0.3, 1.0, 1.6]))
    def a_moment_passes(self, seconds: float) -> None:
        self.time_passes(seconds)

    @precondition(lambda self: len(self.down) < len(self.fleet.agents) - 1)
    @rule(data=st.data())
    def an_agent_crashes(self, data: st.DataObject) -> None:
        self.kill(self.alive(data))

    @precondition(lambda self: self.down - self.buried)
    @rule(data=st.data())
    def an_agent_restarts(self, data: st.DataObject) -> None:
        self.revive(data.draw(st.sampled_from(sorted(self.down - self.buried))))

    @rule(data=st.data(), event=st.sampled_from(["day", "time", "limit", "tidy", "funeral", "nothing left"]))
    def now_and_then(self, data: st.DataObject, event: str) -> None:
        if event == "day":
            self.time_passes(data.draw(st.sampled_from([86400.0, 40 * 86400.0])))
        elif event == "time":
            self.time_passes(data.draw(st.sampled_from([20.0, 61.0, 700.0])))
        elif event == "limit":
            self.change_limit(data.draw(st.sampled_from([40, LIMIT, 150])))
        elif event == "tidy":
            for key in sorted(self.seen):
                tidy(self.store, key, self.fleet.time.wall)
        elif event == "funeral" and len(self.down) < len(self.fleet.agents) - 1:
            self.bury(self.alive(data))
        else:
            agent = self.alive(data)
            old = any(flight.agent is agent and flight.life < agent.lives for flight in self.flights)
            if not old and self.read[agent.name] == len(agent.log):
                agent.writes.release_held()

    # What must hold

    @invariant()
    def the_limit_holds_and_what_was_promised_is_leased(self) -> None:
        states = self.fleet.states(self.seen)
        promised: Counter[WindowKey] = Counter()
        for flight in self.flights:
            for key in flight.keys:
                promised[key] += flight.bound if key.unit == "nano_usd" else 1
        for key, state in states.items():
            check_sums(state)
            if key.quota == self.watched:
                continue
            limit = self.highest_limit if key.quota == self.money else CALLS
            assert state.committed <= limit + self.excess[key], f"{key}: {state.committed} committed of {limit}"
            within_bounds = self.spent[key] - self.excess[key]
            assert within_bounds + promised[key] <= state.committed, f"{key}: more is promised than leased: {state}"

    def teardown(self) -> None:
        if not hasattr(self, "fleet"):
            return
        for write in self.in_transit():
            write.book.failed(write.lease)
        for name in sorted(self.down - self.buried):
            self.revive(name)
        living = [agent for agent in self.fleet.agents if agent.name not in self.buried]
        self.fleet.agents = living
        self.fleet.pass_by(2, step=0.25)
        for flight in list(self.flights):
            self.end(flight, 100)
        for agent in living:
            for line in agent.log[self.read[agent.name] :]:
                agent.book.settle(line)
            agent.writes.release_held()
        self.fleet.pass_by(5, step=0.25)
        current = {key for agent in living for key in agent.book.recovery_keys()} - self.haunted
        for key, state in self.fleet.states(sorted(self.seen)).items():
            check_sums(state)
            assert state.settled == self.spent[key], f"{key}: {state.settled} settled, {self.spent[key]} spent"
            in_hand = sum(lease.free for agent in living for lease in agent.writes.leases if lease.key == key)
            assert key not in current or state.committed - state.settled <= in_hand, f"{key}: a lease leaked: {state}"
        for agent in living:
            agent.commit()
            assert agent.checkpoint == len(agent.log) - 1

    def alive(self, data: st.DataObject) -> SimAgent:
        return data.draw(st.sampled_from([agent for agent in self.fleet.agents if agent.name not in self.down]))

    def take(self, data: st.DataObject, things: list) -> Any:
        return things.pop(data.draw(st.integers(0, len(things) - 1)))

    def in_transit(self) -> list[InFlight]:
        return [*self.on_way, *(write for write, _ in self.answers)]

    def decided(self, agent: SimAgent, bound: int, decision: Reservation | Refusal) -> None:
        if isinstance(decision, Reservation):
            flight = Flight(agent, agent.lives, decision, bound)
            self.flights.append(flight)
            self.seen.update(flight.keys)

    def work(self, agent: SimAgent) -> None:
        """Everything goes well for a moment."""
        if not any(write.book is agent.book for write in self.in_transit()):
            agent.work()

    def end(self, flight: Flight, share: int) -> None:
        self.flights.remove(flight)
        cost = amounts(flight.bound * share // 100, share // 10)
        flight.agent.end(flight.reservation, cost["nano_usd"], cost["tokens"])
        for key in flight.keys:
            self.spent[key] += cost[key.unit]
            self.excess[key] += max(0, cost["nano_usd"] - flight.bound) if key.unit == "nano_usd" else 0
            self.spent_by[flight.agent.name, key] += cost[key.unit]

    def time_passes(self, seconds: float) -> None:
        self.fleet.time.pass_by(seconds)
        for agent in self.fleet.agents:
            if agent.name not in self.down:
                agent.book.tick()

    def change_limit(self, limit: int) -> None:
        self.highest_limit = max(self.highest_limit, limit)
        self.fleet.quotas = self.quotas(limit)
        for agent in self.fleet.agents:
            if agent.name not in self.down:
                agent.book.set_quotas(self.fleet.quotas)

    def kill(self, agent: SimAgent) -> None:
        self.down.add(agent.name)
        for write in [write for write in self.on_way if write.book is agent.book]:
            self.on_way.remove(write)
            self.ghosts.append(Ghost(write.swap, self.fleet.time.wall))
        self.answers = [(write, outcome) for write, outcome in self.answers if write.book is not agent.book]

    def revive(self, name: str) -> None:
        agent = next(agent for agent in self.fleet.agents if agent.name == name)
        self.down.discard(name)
        if self.with_journal:
            agent.restart_with_journal()
        else:
            agent.restart()
        self.read[name] = len(agent.log)

    def bury(self, agent: SimAgent) -> None:
        """The agent is gone for ever, and its gateway with it; the audit log has all that its requests did cost."""
        for flight in [flight for flight in self.flights if flight.agent is agent]:
            self.end(flight, 100)
        self.seen.update(lease.key for lease in agent.writes.leases)
        self.kill(agent)
        self.buried.add(agent.name)
        self.fleet.time.pass_by(GRACE_SECONDS + 601)
        for key in sorted(self.seen):
            reconcile(self.store, key, agent.name, self.spent_by[agent.name, key], self.fleet.time.wall)
