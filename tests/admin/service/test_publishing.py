"""Stored and in force: what happens when a writer ends between the two, or S3 does not answer."""

from collections.abc import Callable
from typing import Any

import pytest

from admin.place import OPERATOR, PROVIDERS, Place, aws_client, budget, route
from gwctl.admin.service.errors import AdminError
from gwctl.policy.documents import Provider
from gwctl.policy.snapshot import Snapshot
from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
from gwctl.stores.interfaces import UnavailableError


class Interrupted(S3SnapshotStore):
    """A snapshot store whose writer is cut off, as by a crash or an outage of S3, after some of its writes."""

    def __init__(self, place: Place, writes: int) -> None:
        super().__init__(aws_client("s3", place.s3_url), place.settings.snapshot.bucket)
        self._left = writes

    def _put(self, key: str, data: bytes, **conditions: Any) -> None:
        if self._left == 0:
            raise UnavailableError("cut off")
        self._left -= 1
        super()._put(key, data, **conditions)


def interrupted(place: Place, writes: int) -> Callable[[Any], Any]:
    return lambda _: Interrupted(place, writes)


def in_force(place: Place) -> Snapshot:
    client = aws_client("s3", place.s3_url)
    body = client.get_object(Bucket=place.settings.snapshot.bucket, Key="current.json")["Body"].read()
    return Snapshot.from_json(body)


@pytest.fixture
def small(place: Place) -> Place:
    with place.admin() as admin:
        admin.small_policy()
    return place


@pytest.mark.parametrize("writes", [0, 1, 2])
@pytest.mark.parametrize("healer", ["the same request", "another change", "republish"])
def test_a_change_cut_off_before_it_was_in_force_is_brought_into_force(small: Place, writes: int, healer: str):
    change = ("/budgets/search-month", budget("search-month", limit_usd=7), "*")
    with small.admin(snapshots=interrupted(small, writes)) as admin:
        admin.put(*change).refused(503, "not_published")
    assert in_force(small).quotas["search-month"].limit == 100 * 10**9
    with small.admin() as admin:
        match healer:
            case "the same request":
                assert admin.put(*change).ok()["changed"] is False
            case "another change":
                admin.put("/routing/new", route("new")).ok()
            case _:
                assert admin.runtime.history.republish(OPERATOR).changed
        assert in_force(small).quotas["search-month"].limit == 7 * 10**9
        assert in_force(small).version == small.documents().head().version


def test_a_cut_off_change_leaves_its_audit_record(small: Place):
    with small.admin(snapshots=interrupted(small, 0)) as admin:
        admin.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").refused(503, "not_published")
    assert small.documents().records(limit=1)[0].changes[0].id == "search-month"


def test_a_snapshot_that_was_kept_is_the_one_that_is_put_into_force(small: Place):
    with small.admin(snapshots=interrupted(small, 2)) as admin:
        admin.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").refused(503, "not_published")
    kept = small.snapshots().snapshot(small.documents().head().version)
    # Whoever heals may have other providers, or another day's prices.
    with small.admin(providers=[*PROVIDERS, Provider(id="new", kind="google")]) as admin:
        admin.put("/budgets/search-month", budget("search-month", limit_usd=7)).ok()
    assert in_force(small) == kept


def test_an_older_snapshot_never_replaces_a_newer_one(small: Place):
    store, state = small.snapshots(), small.documents().load()
    newest = in_force(small)
    old = store.snapshot(2)
    assert old
    store.publish(old, state.to_archive())
    assert in_force(small) == newest


def test_a_strange_object_in_the_place_of_the_snapshot_is_replaced(small: Place):
    aws_client("s3", small.s3_url).put_object(
        Bucket=small.settings.snapshot.bucket, Key="current.json", Body=b"somebody's"
    )
    with small.admin() as admin:
        admin.put("/routing/new", route("new")).ok()
    assert in_force(small).version == small.documents().head().version


def test_nothing_is_published_for_a_dry_run(small: Place):
    before = in_force(small)
    with small.admin(snapshots=interrupted(small, 0)) as admin:
        admin.put("/routing/new", route("new"), dry_run="true").ok()
    assert in_force(small) == before


def test_republishing_what_is_in_force_changes_nothing(small: Place):
    with small.admin() as admin:
        assert not admin.runtime.history.republish(OPERATOR).changed
        assert in_force(small).version == 4


def test_a_new_provider_of_the_deployment_comes_into_force_by_republishing(small: Place):
    with small.admin(providers=[*PROVIDERS, Provider(id="new", kind="google")]) as admin:
        assert admin.runtime.history.republish(OPERATOR).changed
        record = small.documents().records(limit=1)[0]
    assert "new" in in_force(small).providers
    assert (record.action, record.actor, record.changes) == ("republish", "operator", ())


def test_republishing_what_does_not_compile_leaves_the_last_good_policy(small: Place):
    before = in_force(small)
    with small.admin(providers=PROVIDERS[1:]) as admin, pytest.raises(AdminError) as refused:
        admin.runtime.history.republish(OPERATOR)
    assert (refused.value.status, refused.value.details[0].document) == (422, "routes/fast")
    assert in_force(small) == before


def test_documents_are_read_without_s3(small: Place):
    class Down(S3SnapshotStore):
        def archive(self, version: int) -> bytes | None:
            raise UnavailableError("S3 is down")

    def down(_: Any) -> Down:
        return Down(aws_client("s3", small.s3_url), small.settings.snapshot.bucket)

    with small.admin(snapshots=down) as admin:
        assert admin.get("/budgets/search-month").ok()


def test_a_damaged_archive_is_not_used(small: Place):
    version = small.documents().head().version
    aws_client("s3", small.s3_url).put_object(
        Bucket=small.settings.snapshot.bucket, Key=f"documents/{version}.json.gz", Body=b"damaged"
    )
    assert small.runtime().service.load() == small.documents().load()


def test_without_dynamodb_every_operation_says_so(small: Place):
    nowhere = Place("http://127.0.0.1:9", small.s3_url, small.settings)
    with nowhere.admin() as admin:
        admin.get("/budgets").refused(503, "unavailable")
        admin.put("/routing/new", route("new")).refused(503, "unavailable")
        admin.get("/usage", team="search").refused(503, "unavailable")
