"""50,000 clients and 2,000 teams: what a write, a cold start, a page and an apply of them all cost.

Prints what it measured. Seconds of CPU are those of this process, which is the function's part of it: how long one
waits depends on what else runs here, too.
"""

import time
from datetime import UTC, datetime

import pytest

from admin.place import OPERATOR, PROVIDERS, Admin, Place, today
from gwctl.admin.service.publisher import Publisher
from gwctl.audit.policy_changes import AuditRecord
from gwctl.policy.documents import Client, Documents, Route, Target, Team
from gwctl.policy.state import SECTIONS, Change, Head, State
from gwctl.stores.interfaces import Commit

TEAMS, CLIENTS, ROUTES = 2_000, 50_000, 20
WRITE_SECONDS = 3.0
APPLY_SECONDS = 2.0


def large() -> Documents:
    target = Target(provider="openai", model="gpt-4o-mini")
    names = [f"c{n:05}0123456789abcdefghij" for n in range(CLIENTS)]
    return Documents(
        routes=tuple(Route(id=f"r{n}", targets=(target,)) for n in range(ROUTES)),
        teams=tuple(Team(id=f"t{n}", models=(f"r{n % ROUTES}",)) for n in range(TEAMS)),
        clients=tuple(Client(id=name, team=f"t{n % TEAMS}", name=f"n{n}") for n, name in enumerate(names)),
    )


def fill(place: Place) -> None:
    """A policy at version 1 whose documents are in the archive: what a function finds when it starts."""
    content = large()
    changes = [Change(name, d.id, d) for name in SECTIONS for d in getattr(content, name)]
    now = datetime.now(UTC)
    record = AuditRecord(
        version=1,
        time=now,
        actor=OPERATOR.client_id,
        action="import",
        request_id="r",
        changes=(),
        policy_sha256="",
        previous_sha256="",
    )
    state = State().with_changes(changes, Head(1, record.digest), OPERATOR.client_id, now)
    publisher = Publisher(place.snapshots(), PROVIDERS, today)
    place.documents().commit(Commit(State(), state, [], record))
    publisher.publish(state, publisher.compile(state))


def seconds(admin: Admin, number: int) -> float:
    """What one write costs."""
    before = time.process_time()
    document = {"id": f"b{number}", "team": "t7", "limit_usd": 5, "period": "day"}
    assert admin.put(f"/budgets/b{number}", document).status == 201
    return time.process_time() - before


def test_a_write_among_fifty_thousand_clients_stays_quick(place: Place, capsys: pytest.CaptureFixture[str]):
    fill(place)
    with place.admin() as admin:
        cold = seconds(admin, 0)
        warm = min(seconds(admin, number) for number in range(1, 4))
        with place.admin() as other:  # another warm function, which has to learn of one change
            other.get("/budgets").ok()
            admin_write = seconds(admin, 9)
            before = time.process_time()
            page = other.get("/teams/t7/clients").ok()
            read = time.process_time() - before
    with capsys.disabled():
        print(
            f"\n{CLIENTS:,} clients, {TEAMS:,} teams, seconds of CPU: "
            f"write {warm:.2f} s, first write of a new process {cold:.2f} s, "
            f"write after a read elsewhere {admin_write:.2f} s, page of a team's clients {read:.3f} s"
        )
    assert len(page["items"]) == CLIENTS // TEAMS
    assert warm < WRITE_SECONDS


@pytest.mark.alone
def test_two_thousand_teams_are_applied_in_two_seconds_and_one_version(
    engine_place: Place, capsys: pytest.CaptureFixture[str]
):
    waited: list[float] = []
    with engine_place.admin() as admin:
        admin.small_policy()
        cpu = time.process_time()
        for name in ("created", "changed", "changed again"):
            teams = [{"id": f"t{n}", "name": name, "models": ["fast"], "tags": {"n": str(n)}} for n in range(TEAMS)]
            seen = admin.runtime.documents.head().version
            before = time.monotonic()
            body = admin.post("/policy/apply", {"documents": {"teams": teams}, "based_on": seen}).ok()
            waited.append(time.monotonic() - before)
            assert (len(body["documents"]), body["policy_version"]) == (TEAMS, seen + 1)
            assert engine_place.snapshots().current() == seen + 1
        cpu = (time.process_time() - cpu) / len(waited)
    with capsys.disabled():
        told = ", ".join(f"{seconds:.2f}" for seconds in waited)
        print(f"\n{TEAMS:,} teams in one apply: {told} s until it was in force, {cpu:.2f} s of CPU in the function")
    records = engine_place.documents().records()
    assert [len(record.changes) for record in records] == [TEAMS, TEAMS, TEAMS, 1, 1, 1, 1]
    assert min(waited) < APPLY_SECONDS
