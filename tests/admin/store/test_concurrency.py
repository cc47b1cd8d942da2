"""Many writers at once, on moto and on DynamoDB's own engine: nothing is lost, versions have no gaps."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from admin.place import OPERATOR, PROVIDERS, Place, today
from gwctl.admin.service.changes import Expected
from gwctl.admin.service.errors import AdminError
from gwctl.audit.policy_changes import verify
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Client, Team

WRITERS = 50
PROCESSES = 5


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine fifty threads take their time; how long one may is not what these tests are about."""
    monkeypatch.setattr("gwctl.admin.service.changes.RETRY_SECONDS", 90.0)


def test_fifty_parallel_writers_lose_no_update(engine_place: Place):
    place = engine_place
    runtimes = [place.runtime() for _ in range(PROCESSES)]  # as many warm functions
    start = threading.Barrier(WRITERS)

    def write(number: int) -> int:
        service = runtimes[number % PROCESSES].service
        start.wait()
        return service.put("teams", Team(id=f"t{number}"), Expected(), OPERATOR).state.version

    with ThreadPoolExecutor(WRITERS) as pool:
        versions = sorted(pool.map(write, range(WRITERS)))
    assert versions == list(range(1, WRITERS + 1))

    state = place.documents().load()
    assert sorted(state.sections["teams"]) == sorted(f"t{n}" for n in range(WRITERS))
    records = place.documents().records()
    assert [record.version for record in records] == list(range(WRITERS, 0, -1))
    assert verify(reversed(records)) is None
    snapshots = place.snapshots()
    assert snapshots.current() == WRITERS
    assert snapshots.snapshot(WRITERS) == compile_policy(state.documents(PROVIDERS), version=WRITERS, on=today())
    assert all(snapshots.snapshot(version) for version in range(1, WRITERS + 1))


def test_of_many_changes_of_one_version_one_wins(engine_place: Place):
    place = engine_place
    runtimes = [place.runtime() for _ in range(PROCESSES)]
    runtimes[0].service.put("teams", Team(id="t"), Expected(), OPERATOR)
    start = threading.Barrier(10)

    def write(number: int) -> str:
        start.wait()
        try:
            runtimes[number % PROCESSES].service.put("teams", Team(id="t", name=str(number)), Expected(1), OPERATOR)
        except AdminError as error:
            return error.code
        return str(number)

    with ThreadPoolExecutor(10) as pool:
        outcomes = list(pool.map(write, range(10)))
    winners = [outcome for outcome in outcomes if outcome.isdigit()]
    assert set(outcomes) == {"conflict", *winners}
    stored = place.documents().load().get("teams", "t")
    assert stored
    assert winners == [getattr(stored.document, "name", None)]
    assert place.documents().head().version == 2


@pytest.mark.parametrize("writer", ["delete the team", "use the team"])
def test_a_team_is_not_deleted_while_another_writer_begins_to_use_it(engine_place: Place, writer: str):
    """Whoever comes second is refused, whichever it is."""
    place = engine_place
    one, two = place.runtime().service, place.runtime().service
    one.put("teams", Team(id="t"), Expected(), OPERATOR)
    two.load()
    if writer == "delete the team":
        one.delete("teams", "t", Expected(any=True), OPERATOR)
        with pytest.raises(AdminError, match="does not compile"):
            two.put("clients", Client(id="c", team="t"), Expected(), OPERATOR)
    else:
        one.put("clients", Client(id="c", team="t"), Expected(), OPERATOR)
        with pytest.raises(AdminError, match="still used by clients/c"):
            two.delete("teams", "t", Expected(any=True), OPERATOR)
