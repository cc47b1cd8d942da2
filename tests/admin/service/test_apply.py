"""`POST /policy/apply`: documents of any number in one version, or nothing."""

from typing import Any

import pytest

from admin.place import Admin, Answer, Place, budget, route
from gwctl.audit.policy_changes import verify

LOOP: dict[str, Any] = {
    "routes": [route("a", scanner=["rule"], fallbacks=["b"]), route("b", ("openai", "own"))],
    "teams": [{"id": "search", "models": ["a"]}],
    "scanner": [{"id": "rule", "action": "deny", "pattern": "x", "teams": ["search"]}],
    "budgets": [budget("search-month", model="a")],
    "pricing": [{"provider": "openai", "model": "own", "input": 1, "output": 2}],
}
"""Documents that name each other in a circle, and a budget in dollars over a model that only the price makes known."""


def apply(admin: Admin, documents: dict[str, Any], **more: Any) -> Answer:
    return admin.post("/policy/apply", {"documents": documents, **more})


def changed(body: dict[str, Any]) -> dict[str, str]:
    return {each["document"]: each["change"] for each in body["documents"]}


def test_documents_that_name_each_other_come_in_one_version(admin: Admin):
    body = apply(admin, LOOP).ok()
    assert changed(body) == dict.fromkeys(
        ["routes/a", "routes/b", "teams/search", "budgets/search-month", "scanner/rule", "pricing/openai/own"],
        "created",
    )
    assert (body["policy_version"], body["changed"]) == (1, True)
    assert admin.place.snapshots().current() == 1
    assert admin.get("/scanner/rule").ok()["document"]["teams"] == ["search"]


def test_a_dry_run_says_what_the_apply_does_and_stores_nothing(admin: Admin):
    dry = apply(admin, LOOP, dry_run=True).ok()
    assert admin.place.documents().head().version == 0
    done = apply(admin, LOOP, based_on=dry["policy_version"]).ok()
    assert (dry["difference"], dry["documents"]) == (done["difference"], done["documents"])
    assert (dry["dry_run"], done["dry_run"]) == (True, False)


@pytest.mark.parametrize("dry_run", [True, False])
def test_all_problems_of_all_documents_are_told_at_once_and_nothing_is_stored(admin: Admin, dry_run: bool):
    documents = {
        "routes": [route("a", ("nobody", "m"), fallbacks=["missing"])],
        "teams": [{"id": "search", "models": ["missing"]}],
        "clients": [{"id": "unknown", "team": "search"}],
        "budgets": [budget("b", team="nobody")],
    }
    error = apply(admin, documents, dry_run=dry_run).refused(422, "invalid")
    assert [(each["document"], each["field"]) for each in error["details"]] == [
        ("budgets/b", "team"),
        ("clients/unknown", "id"),
        ("routes/a", "fallbacks.0"),
        ("routes/a", "targets.0.provider"),
        ("teams/search", "models.0"),
    ]
    assert admin.place.documents().head().version == 0


def test_a_document_that_is_none_is_named_with_its_field(admin: Admin):
    documents = {"teams": [{"id": "search", "nmae": "x"}], "budgets": [{"id": "b", "period": "month"}], "tems": []}
    details = apply(admin, documents).refused(422, "invalid")["details"]
    told = {(each["document"], each["field"], each["fix"]) for each in details}
    assert ("teams/search", "nmae", "did you mean name?") in told
    assert ("documents", "tems", "did you mean teams?") in told
    assert "budgets/b" in {document for document, _, _ in told}


@pytest.mark.parametrize(
    ("body", "document", "field"),
    [
        ({}, "", "documents"),
        ({"documents": []}, "", "documents"),
        ({"documents": {}, "based_on": "x"}, "", "based_on"),
        ({"documents": {"providers": []}}, "documents", "providers"),
        ({"documents": {"teams": {}}}, "documents", "teams"),
        ({"documents": {"teams": [{"id": "a"}, {"id": "a"}]}}, "teams/a", "id"),
        ({"documents": {}, "dry": True}, "", "dry"),
    ],
)
def test_a_body_that_is_none_is_refused_with_its_field(admin: Admin, body: Any, document: str, field: str):
    details = admin.post("/policy/apply", body).refused(422, "invalid")["details"]
    assert (document, field) in [(each["document"], each["field"]) for each in details]


def test_who_is_late_is_told_who_was_first(admin: Admin):
    admin.small_policy()
    seen = apply(admin, {"teams": [{"id": "search", "name": "mine"}]}, dry_run=True).ok()["policy_version"]
    admin.put("/teams/search", {"id": "search", "name": "bob's"}, "*", caller="bob").ok()
    error = apply(admin, {"teams": [{"id": "search", "name": "mine"}]}, based_on=seen).refused(409, "conflict")
    assert error["message"].startswith("the policy was changed by bob on 20")
    assert error["message"].endswith("the policy's version is 5 now, not 4")
    assert [(each["document"], each["changed_by"]) for each in error["details"]] == [("teams/search", "bob")]
    assert admin.get("/teams/search").ok()["document"]["name"] == "bob's"


def test_what_was_applied_already_may_be_applied_again(admin: Admin):
    """The answer was lost, and whoever asks again is based on the version before."""
    apply(admin, LOOP, based_on=0).ok()
    again = apply(admin, LOOP, based_on=0).ok()
    assert (again["changed"], again["policy_version"], again["documents"]) == (False, 1, [])


def test_nothing_is_deleted_unless_that_is_asked_for(admin: Admin):
    admin.small_policy()
    assert changed(apply(admin, {"budgets": []}).ok()) == {}
    assert changed(apply(admin, {"budgets": [budget("other")]}).ok()) == {"budgets/other": "created"}


def test_pruning_deletes_in_the_named_sections_alone(admin: Admin):
    admin.small_policy()
    admin.put("/budgets/other", budget("other")).ok()
    assert changed(apply(admin, {"budgets": [budget("other")]}, prune=True).ok()) == {"budgets/search-month": "deleted"}
    assert changed(apply(admin, {"budgets": []}, prune=True).ok()) == {"budgets/other": "deleted"}
    assert admin.get("/routing").ok()["items"]


def test_pruning_what_others_need_is_refused(admin: Admin):
    admin.small_policy()
    error = apply(admin, {"routes": [route("smart")]}, prune=True).refused(422, "invalid")
    assert ("teams/search", "models.0") in [(each["document"], each["field"]) for each in error["details"]]


def test_clients_are_neither_made_nor_pruned_nor_moved(admin: Admin):
    admin.small_policy()
    admin.put("/teams/other", {"id": "other"}).ok()
    client = admin.post("/teams/search/clients", {"name": "ci"}).ok()["client_id"]
    assert changed(apply(admin, {"clients": []}, prune=True).ok()) == {}
    error = apply(admin, {"clients": [{"id": client, "team": "other"}]}).refused(422, "invalid")
    assert error["details"][0]["message"] == "is 'other', but it is a client of team 'search'"
    renamed = apply(admin, {"clients": [{"id": client, "team": "search", "name": "indexer"}]}).ok()
    assert changed(renamed) == {f"clients/{client}": "changed"}


def test_an_app_client_that_no_document_names_is_taken_in(admin: Admin):
    admin.small_policy()
    made = admin.place.directory().create("by hand").client_id
    apply(admin, {"clients": [{"id": made, "team": "search"}]}).ok()
    assert admin.get(f"/teams/search/clients/{made}").ok()["document"]["enabled"]


def test_each_document_is_in_the_audit_record(admin: Admin):
    admin.small_policy()
    apply(admin, {"teams": [{"id": f"t{n}"} for n in range(300)], "budgets": []}, prune=True).ok()
    records = admin.place.documents().records()
    assert [len(record.changes) for record in records] == [302, 1, 1, 1, 1]
    assert (records[0].action, records[0].actor) == ("apply", "admin-client")
    assert verify(reversed(records)) is None
    listed = admin.get("/policy/changes", limit=1).ok()["items"][0]["documents"]
    assert [each["change"] for each in listed] == [*["created"] * 300, "deleted", "deleted"]


def test_a_reader_may_not_apply(admin: Admin):
    admin.post("/policy/apply", {"documents": {}}, scope="gateway/read").refused(403, "forbidden")


def test_small_changes_after_a_large_one_are_seen_by_every_process(place: Place):
    with place.admin() as admin:
        apply(admin, {"teams": [{"id": f"t{n}"} for n in range(120)]}).ok()
        admin.put("/teams/t1", {"id": "t1", "name": "changed"}, "*").ok()
        admin.delete("/teams/t2").ok()
        admin.put("/teams/new", {"id": "new"}).ok()
        here = admin.runtime.service.load()
    for state in (place.documents().load(), place.runtime().service.load()):
        assert state == here
        assert (len(state.sections["teams"]), state.get("teams", "t2")) == (120, None)
