"""`/policy`: the version in force, the list of changes, differences and the way back, over the API."""

from typing import Any

import pytest

from admin.place import Admin, budget
from gwctl.core import scopes
from gwctl.stores.interfaces import UnavailableError


@pytest.fixture
def small(admin: Admin) -> Admin:
    """Four versions: two routes, a team, a budget."""
    admin.small_policy()
    return admin


def test_the_newest_version_says_who_made_it_and_that_it_is_in_force(small: Admin):
    found = small.get("/policy").ok()
    assert (found["version"], found["in_force"], found["newest"]) == (4, 4, 4)
    assert (found["actor"], found["action"]) == ("admin-client", "put")
    assert found["documents"] == {
        "routes": 2,
        "teams": 1,
        "clients": 0,
        "keys": 0,
        "budgets": 1,
        "scanner": 0,
        "pricing": 0,
    }
    snapshot = small.place.snapshots().snapshot(4)
    assert snapshot
    assert found["label"] == snapshot.label


def test_an_old_version_has_the_documents_of_then(small: Admin):
    assert small.get("/policy", version=1).ok()["documents"]["routes"] == 1


@pytest.mark.parametrize("version", [5, 10**12 - 1])
def test_a_version_that_never_was_is_not_found(small: Admin, version: int):
    small.get("/policy", version=version).refused(404, "not_found")


def test_before_the_first_change_there_is_no_version(admin: Admin):
    admin.get("/policy").refused(404, "not_found")
    assert admin.get("/policy/changes").ok() == {"items": [], "next": None}


def test_changes_come_newest_first_and_in_pages(small: Admin):
    first = small.get("/policy/changes", limit=3).ok()
    rest = small.get("/policy/changes", limit=3, next=first["next"]).ok()
    assert [each["version"] for each in (*first["items"], *rest["items"])] == [4, 3, 2, 1]
    assert rest["next"] is None


def test_a_change_names_its_documents_and_what_became_of_them(small: Admin):
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()
    small.delete("/budgets/search-month").ok()
    deleted, changed, created = small.get("/policy/changes", limit=3).ok()["items"]
    name = "budgets/search-month"
    assert [each["documents"] for each in (created, changed, deleted)] == [
        [{"document": name, "change": change}] for change in ("created", "changed", "deleted")
    ]


def test_a_token_that_is_none_is_refused(small: Admin):
    small.get("/policy/changes", next="eHl6").refused(422, "invalid")


def test_the_difference_of_two_versions_is_in_words(small: Admin):
    found = small.get("/policy/difference", **{"from": 3, "to": 4}).ok()
    assert found == {
        "from": 3,
        "to": 4,
        "difference": ["budget search-month is new: $100 a month for team search, block"],
    }


def test_the_difference_is_by_default_what_the_newest_change_did(small: Admin):
    assert small.get("/policy/difference").ok() == small.get("/policy/difference", **{"from": 3, "to": 4}).ok()


def test_the_difference_to_the_empty_policy_is_everything(small: Admin):
    assert len(small.get("/policy/difference", **{"from": 0}).ok()["difference"]) == 4


def test_a_difference_to_a_version_that_is_not_kept_is_not_found(small: Admin):
    small.get("/policy/difference", **{"from": 77}).refused(404, "not_found")


def test_a_rollback_is_a_new_version_by_who_asked_for_it(small: Admin):
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()
    done = small.post("/policy/rollback", {"version": 4}).ok()
    assert done == {
        "policy_version": 6,
        "changed": True,
        "dry_run": False,
        "difference": ["budget search-month: limit_usd from 7 to 100"],
    }
    newest = small.get("/policy/changes", limit=1).ok()["items"][0]
    assert (newest["actor"], newest["action"], newest["note"]) == ("admin-client", "rollback", "to version 4")


def test_a_dry_rollback_changes_nothing(small: Admin):
    assert small.post("/policy/rollback", {"version": 3}, dry_run="true").ok()["changed"]
    assert small.get("/policy").ok()["version"] == 4


@pytest.mark.parametrize("body", [{}, {"version": 0}, {"version": "x"}, {"version": 1, "more": 1}])
def test_a_rollback_to_nowhere_is_refused(small: Admin, body: Any):
    small.post("/policy/rollback", body).refused(422, "invalid")


def test_republishing_what_is_in_force_changes_nothing(small: Admin):
    assert small.post("/policy/republish").ok()["changed"] is False


def test_who_may_only_read_cannot_go_back(small: Admin):
    small.post("/policy/rollback", {"version": 3}, scope=scopes.READ).refused(403, "forbidden")
    small.get("/policy", scope=scopes.READ).ok()
    small.get("/policy/changes", scope=scopes.INVOKE).refused(403, "forbidden")


class _Away:
    """Snapshots that cannot be reached."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def __getattr__(self, name: str) -> Any:
        def unreachable(*_: Any) -> Any:
            raise UnavailableError(name)

        return unreachable


def test_without_the_snapshot_store_it_says_so(small: Admin):
    with small.place.admin(snapshots=_Away) as admin:
        admin.get("/policy").refused(503, "unavailable")
        admin.post("/policy/rollback", {"version": 3}).refused(503, "unavailable")
