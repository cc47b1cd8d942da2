"""Operators: the list of changes, rollback, following files."""

import pytest

from admin.place import OPERATOR, Admin, budget, route
from gwctl.admin.service.changes import Outcome
from gwctl.admin.service.errors import AdminError
from gwctl.policy.documents import Documents
from unit.policy.examples import documents


@pytest.fixture
def small(admin: Admin) -> Admin:
    admin.small_policy()
    return admin


def follow(admin: Admin, content: Documents) -> Outcome:
    """A file that has named nothing before."""
    return admin.runtime.applier.follow(content, (), OPERATOR)


def test_the_history_lists_the_newest_change_first_and_in_pages(small: Admin):
    history = small.runtime.history
    assert [record.version for record in history.records(limit=3)] == [4, 3, 2]
    assert [record.version for record in history.records(before=2)] == [1]


def test_a_rollback_is_a_new_version_with_the_old_documents(small: Admin):
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()
    small.put("/routing/new", route("new")).ok()
    small.delete("/budgets/search-month").ok()
    outcome = small.runtime.history.rollback(4, OPERATOR)
    assert (outcome.changed, outcome.state.version) == (True, 8)
    state = small.place.documents().load()
    old = small.place.snapshots().snapshot(4)
    new = small.place.snapshots().snapshot(8)
    assert old
    assert new
    assert new.content_hash == old.content_hash
    assert state.get("routes", "new") is None
    assert small.place.snapshots().current() == 8


def test_a_rollback_is_one_audit_record_with_every_document(small: Admin):
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()
    small.put("/routing/new", route("new")).ok()
    small.runtime.history.rollback(4, OPERATOR)
    record = small.runtime.history.records(limit=1)[0]
    assert (record.action, record.note) == ("rollback", "to version 4")
    assert [(c.section, c.id) for c in record.changes] == [("routes", "new"), ("budgets", "search-month")]


def test_a_rollback_to_what_is_so_already_changes_nothing(small: Admin):
    assert not small.runtime.history.rollback(4, OPERATOR).changed


def test_a_dry_rollback_says_what_it_would_change(small: Admin):
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()
    outcome = small.runtime.history.rollback(4, OPERATOR, dry_run=True)
    assert outcome.difference == ["budget search-month: limit_usd from 7 to 100"]
    assert small.get("/budgets/search-month").ok()["document"]["limit_usd"] == 7


def test_a_rollback_neither_revives_nor_ends_clients(small: Admin):
    revoked = small.post("/teams/search/clients", {"name": "old"}).ok()["client_id"]
    with_client = small.place.documents().head().version
    small.delete(f"/teams/search/clients/{revoked}").ok()
    kept = small.post("/teams/search/clients", {"name": "new"}).ok()["client_id"]
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()
    small.runtime.history.rollback(with_client, OPERATOR)
    clients = [item["document"]["id"] for item in small.get("/teams/search/clients").ok()["items"]]
    assert clients == [kept]
    assert small.get("/budgets/search-month").ok()["document"]["limit_usd"] == 100


def test_a_rollback_that_would_leave_a_client_without_its_team_is_refused(small: Admin):
    small.put("/teams/late", {"id": "late"}).ok()
    client = small.post("/teams/late/clients", {}).ok()["client_id"]
    with pytest.raises(AdminError) as refused:
        small.runtime.history.rollback(4, OPERATOR)
    assert (refused.value.status, refused.value.details[0].document) == (422, f"clients/{client}")


@pytest.mark.parametrize("version", [0, 99])
def test_a_rollback_to_a_version_that_was_never_in_force_is_refused(small: Admin, version: int):
    with pytest.raises(AdminError) as refused:
        small.runtime.history.rollback(version, OPERATOR)
    assert refused.value.status == 404


def test_a_rollback_of_hundreds_of_documents_is_one_version(small: Admin):
    follow(small, Documents.model_validate({"teams": [{"id": f"a{n}"} for n in range(60)]}))
    follow(small, Documents.model_validate({"teams": [{"id": f"b{n}"} for n in range(60)]}))
    assert small.runtime.history.rollback(4, OPERATOR).state.version == 7
    assert set(small.place.documents().load().sections["teams"]) == {"search"}
    assert small.place.snapshots().current() == 7


def test_documents_of_files_come_into_force_in_one_step(admin: Admin):
    assert follow(admin, documents()).state.version == 1
    state = admin.place.documents().load()
    assert {s: sorted(entries) for s, entries in state.sections.items()} == {
        "routes": ["claude", "fast"],
        "teams": ["platform", "search"],
        "clients": ["platform-ci", "search-api"],
        "keys": [],
        "budgets": ["search-month"],
        "scanner": ["no-keys"],
        "pricing": ["openai/gpt-4o-mini"],
    }


def test_following_the_same_documents_again_changes_nothing(admin: Admin):
    follow(admin, documents())
    assert not follow(admin, documents()).changed


def test_following_documents_that_do_not_compile_changes_nothing(admin: Admin):
    broken = documents(teams=[{"id": "search", "models": ["missing"]}, {"id": "platform"}])
    with pytest.raises(AdminError) as refused:
        follow(admin, broken)
    assert refused.value.details[0].document == "teams/search"
    assert admin.place.documents().head().version == 0


def test_hundreds_of_clients_come_in_one_version(admin: Admin):
    clients = [{"id": f"c{n}", "team": "search"} for n in range(200)]
    budgets = [{"id": "one", "client": "c0", "limit_requests": 5, "period": "day"}]
    assert follow(admin, documents(clients=clients, budgets=budgets)).state.version == 1
    sections = admin.place.documents().load().sections
    assert (len(sections["clients"]), list(sections["budgets"])) == (len(clients), ["one"])
