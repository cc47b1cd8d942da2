"""Writing documents: versions, repetition, dry runs, refusals, and what is stored by each of them."""

import pytest

from admin.place import PROVIDERS, Admin, Place, budget, route, today
from gwctl.audit.policy_changes import verify
from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Provider
from gwctl.policy.references import MAX_CHAIN


@pytest.fixture
def small(admin: Admin) -> Admin:
    admin.small_policy()
    return admin


def stored(admin: Admin) -> object:
    """Everything that a write could have touched."""
    return admin.place.documents().load(), admin.runtime.history.records(), admin.place.snapshots().current()


def test_a_new_document_is_created(small: Admin):
    answer = small.put("/budgets/new", budget("new", limit_usd=5))
    assert answer.status == 201
    assert answer.body["changed"]
    assert small.get("/budgets/new").ok()["document"] == answer.body["document"]


def test_the_same_content_again_is_no_change(small: Admin):
    before = stored(small)
    answer = small.put("/budgets/search-month", budget("search-month"))
    assert (answer.status, answer.body["changed"], answer.body["difference"]) == (200, False, [])
    assert stored(small) == before


def test_the_same_content_in_other_words_is_no_change(small: Admin):
    again = {**budget("search-month", limit_usd="100.00"), "action": "block", "timezone": "UTC"}
    assert small.put("/budgets/search-month", again).ok()["changed"] is False


def test_a_repeated_change_succeeds_though_its_if_match_is_old_by_then(small: Admin):
    etag = small.get("/budgets/search-month").etag
    for changed in (True, False):
        answer = small.put("/budgets/search-month", budget("search-month", limit_usd=7), etag)
        assert answer.ok()["changed"] is changed


def test_another_content_without_if_match_is_refused_and_says_who_was_last(small: Admin):
    error = small.put("/budgets/search-month", budget("search-month", limit_usd=7)).refused(
        428, "precondition_required"
    )
    assert error["details"][0]["changed_by"] == "admin-client"


def test_a_change_based_on_an_old_version_is_refused_and_says_who_was_faster(small: Admin):
    etag = small.get("/budgets/search-month").etag
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), etag, caller="other").ok()
    error = small.put("/budgets/search-month", budget("search-month", limit_usd=8), etag).refused(409, "conflict")
    assert "was changed by other on 20" in error["message"]
    detail = error["details"][0]
    assert (detail["changed_by"], detail["version"]) == ("other", small.get("/budgets/search-month").body["version"])


def test_a_star_replaces_whatever_is_there(small: Admin):
    assert small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*").ok()["changed"]


def test_if_match_on_a_document_that_is_gone_is_refused(small: Admin):
    etag = small.get("/budgets/search-month").etag
    small.delete("/budgets/search-month").ok()
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), etag).refused(409, "conflict")


def test_a_document_made_again_does_not_match_the_version_of_the_one_before(small: Admin):
    etag = small.get("/budgets/search-month").etag
    small.delete("/budgets/search-month").ok()
    small.put("/budgets/search-month", budget("search-month", limit_usd=7)).ok()
    small.put("/budgets/search-month", budget("search-month", limit_usd=8), etag).refused(409, "conflict")


def test_if_none_match_creates_only(small: Admin):
    star = {"If-None-Match": "*"}
    small.call("PUT", "/budgets/search-month", budget("search-month", limit_usd=7), headers=star).refused(
        409, "conflict"
    )
    assert small.call("PUT", "/budgets/new", budget("new"), headers=star).status == 201


@pytest.mark.parametrize("header", ["W/x", '"12", "13"', "twelve", '"-1"'])
def test_an_if_match_that_is_no_version_is_refused(small: Admin, header: str):
    error = small.put("/budgets/search-month", budget("search-month", limit_usd=7), header).refused(422, "invalid")
    assert error["details"][0]["field"] == "if-match"


def test_a_document_that_does_not_compile_changes_nothing(small: Admin):
    before = stored(small)
    error = small.put("/budgets/new", budget("new", team="nobody")).refused(422, "invalid")
    assert error["details"] == [
        {
            "document": "budgets/new",
            "field": "team",
            "message": "there is no team 'nobody'",
            "fix": "add that team or correct the name",
        }
    ]
    assert stored(small) == before


def test_a_chain_of_fallbacks_is_refused_before_its_snapshot_is_too_deep_to_be_read(admin: Admin):
    admin.put("/routing/r0", route("r0")).ok()
    for number in range(1, MAX_CHAIN):
        admin.put(f"/routing/r{number}", route(f"r{number}", fallbacks=[f"r{number - 1}"])).ok()
    error = admin.put("/routing/last", route("last", fallbacks=[f"r{MAX_CHAIN - 1}"])).refused(422, "invalid")
    assert "is the start of a chain of 21 routes, 20 is the limit" in error["details"][0]["message"]
    assert admin.place.snapshots().snapshot(MAX_CHAIN)


def test_a_route_may_not_fall_back_to_itself(small: Admin):
    small.put("/routing/smart", route("smart", fallbacks=["fast"]), "*").ok()
    error = small.put("/routing/fast", route("fast", fallbacks=["smart"]), "*").refused(422, "invalid")
    assert "falls back to itself" in error["details"][0]["message"]


def test_a_route_to_a_provider_that_is_not_deployed_is_refused(small: Admin):
    error = small.put("/routing/new", route("new", ("vertex", "gemini"))).refused(422, "invalid")
    assert error["details"][0]["field"] == "targets.0.provider"


@pytest.mark.parametrize("write", ["put", "delete"])
def test_a_dry_run_says_what_would_change_and_stores_nothing(small: Admin, write: str):
    before = stored(small)
    if write == "put":
        body = {"id": "search", "models": ["fast", "smart"]}
        answer = small.put("/teams/search", body, "*", dry_run="true").ok()
        assert answer["difference"] == ["team search gains smart"]
        assert answer["document"]["models"] == ["fast", "smart"]
    else:
        answer = small.delete("/budgets/search-month", dry_run="true").ok()
        assert answer["difference"][0].startswith("budget search-month is gone")
    assert (answer["dry_run"], answer["changed"]) == (True, True)
    assert stored(small) == before


def test_a_dry_run_is_refused_as_the_change_would_be(small: Admin):
    small.put("/budgets/new", budget("new", team="nobody"), dry_run="true").refused(422, "invalid")
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), dry_run="true").refused(
        428, "precondition_required"
    )


def test_a_deleted_document_is_gone(small: Admin):
    answer = small.delete("/budgets/search-month", small.get("/budgets/search-month").etag).ok()
    assert (answer["document"], answer["version"]) == (None, None)
    small.get("/budgets/search-month").refused(404, "not_found")
    small.delete("/budgets/search-month").refused(404, "not_found")


def test_deleting_needs_to_know_the_version(small: Admin):
    small.delete("/budgets/search-month", None).refused(428, "precondition_required")
    small.delete("/budgets/search-month", '"999"').refused(409, "conflict")


def test_a_document_that_others_name_is_not_deleted(small: Admin):
    error = small.delete("/teams/search").refused(422, "referenced")
    assert error["message"] == "team 'search' is still used by budgets/search-month; change those first"


def test_a_policy_that_the_deployment_broke_does_not_blame_the_deleted_document(place: Place):
    with place.admin() as admin:
        admin.small_policy()
    with place.admin(providers=PROVIDERS[1:]) as admin:
        error = admin.delete("/budgets/search-month").refused(422, "invalid")
        assert error["details"][0]["document"] == "routes/fast"


def test_every_change_leaves_one_audit_record_of_who_and_what(small: Admin):
    small.put("/budgets/search-month", budget("search-month", limit_usd=7), "*", caller="alice").ok()
    small.delete("/budgets/search-month", caller="bob").ok()
    last, before, *older = small.runtime.history.records()
    assert (before.actor, before.action, last.actor, last.action) == ("alice", "put", "bob", "delete")
    change = last.changes[0]
    assert (change.section, change.id) == ("budgets", "search-month")
    assert change.before_sha256 == before.changes[0].after_sha256
    assert change.after_sha256 is None
    assert len(older) == 4
    assert verify([*reversed(older), before, last]) is None


def test_a_record_names_the_snapshot_that_came_of_the_change(small: Admin):
    record = small.runtime.history.records(limit=1)[0]
    snapshot = small.place.snapshots().snapshot(record.version)
    assert snapshot
    assert snapshot.content_hash == f"sha256:{record.policy_sha256}"


def test_what_is_in_force_is_compiled_from_what_is_stored(small: Admin):
    state = small.place.documents().load()
    expected = compile_policy(state.documents(PROVIDERS), version=state.version, on=today())
    snapshots = small.place.snapshots()
    assert snapshots.current() == state.version
    assert snapshots.snapshot(state.version) == expected


def test_a_provider_is_not_a_document_of_this_api(admin: Admin):
    with pytest.raises(AssertionError, match="no resource"):
        admin.put("/providers/openai", Provider(id="openai", kind="openai").model_dump())


def test_another_process_sees_every_change(small: Admin):
    elsewhere = small.place.runtime()
    assert elsewhere.service.load() == small.runtime.service.load()
    small.put("/budgets/new", budget("new")).ok()
    small.delete("/budgets/search-month").ok()
    assert elsewhere.service.load() == small.place.documents().load()
