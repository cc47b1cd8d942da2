"""HTTP as this API speaks it: one shape of errors, strict bodies and parameters, pages, names in paths, scopes."""

import json
import logging
from decimal import Decimal

import pytest

from admin.place import Admin, budget, route, segment
from gwctl.admin.api.bodies import MAX_BODY_BYTES, dumps, loads
from gwctl.admin.api.operations import table
from gwctl.admin.service import runtime
from gwctl.core import scopes
from gwctl.policy.documents import Budget


@pytest.fixture
def small(admin: Admin) -> Admin:
    admin.small_policy()
    return admin


def test_an_unknown_field_is_refused_with_the_name_that_was_meant(small: Admin):
    body = {"id": "new", "team": "search", "limt_usd": 5, "period": "month"}
    error = small.put("/budgets/new", body).refused(422, "invalid")
    assert {"document": "budgets/new", "field": "limt_usd", "message": "unknown field"}.items() <= error["details"][
        0
    ].items()
    assert "limit_usd" in error["details"][0]["fix"]


def test_every_problem_of_a_document_is_named_at_once(small: Admin):
    body = {"id": "new", "limit_usd": -1, "period": "year", "timezone": "Mars"}
    details = small.put("/budgets/new", body).refused(422, "invalid")["details"]
    assert sorted(detail["field"] for detail in details) == ["limit_usd", "period", "timezone"]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", "Expecting value"),
        (b"{", "Expecting property name"),
        (b'{"id": "a", "id": "b"}', "the key 'id' stands twice"),
        (b'{"limit_usd": NaN}', "NaN is not JSON"),
        (b'{"limit_usd": -Infinity}', "-Infinity is not JSON"),
        (b'{"id": "\xff"}', "not UTF-8"),
        (b"[" * 100_000, "not UTF-8"),
    ],
)
def test_a_body_that_is_not_json_is_refused(small: Admin, raw: bytes, reason: str):
    headers = {"Content-Type": "application/json"}
    error = small.call("PUT", "/budgets/new", raw=raw, headers=headers).refused(400, "bad_request")
    if raw != b"[" * 100_000:
        assert reason in error["message"]


@pytest.mark.parametrize("body", [[budget("new")], "text", 5, None])
def test_a_body_that_is_no_document_is_refused(small: Admin, body: object):
    small.call("PUT", "/budgets/new", raw=json.dumps(body).encode()).refused(422, "invalid")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"])
def test_a_body_of_another_type_is_refused(small: Admin, kind: str):
    raw = json.dumps(budget("new")).encode()
    headers = {"Content-Type": kind}
    small.call("PUT", "/budgets/new", raw=raw, headers=headers).refused(415, "unsupported_media_type")


def test_a_body_that_is_too_large_is_refused(small: Admin):
    body = {"id": "new", "description": "x" * MAX_BODY_BYTES}
    small.put("/routing/new", body).refused(413, "too_large")


def test_a_misspelt_dry_run_is_not_a_change(small: Admin):
    error = small.put("/budgets/new", budget("new"), dryrun="true").refused(422, "invalid")
    assert error["details"][0]["fix"] == "known are dry_run"
    small.get("/budgets/new").refused(404, "not_found")


@pytest.mark.parametrize("value", ["yes", "1", "True", ""])
def test_a_dry_run_that_is_neither_true_nor_false_is_refused(small: Admin, value: str):
    error = small.put("/budgets/new", budget("new"), dry_run=value).refused(422, "invalid")
    assert error["details"][0]["field"] == "dry_run"


def test_a_document_is_the_one_that_the_path_names(small: Admin):
    error = small.put("/budgets/new", budget("other")).refused(422, "invalid")
    assert error["details"][0]["message"] == "is 'other' where the path says 'new'"


@pytest.mark.parametrize("alias", ["gpt-4o", "openai/gpt-4o", "a:b@c+d", "meta.llama3.1"])
def test_a_name_with_a_slash_is_one_part_of_the_path(small: Admin, alias: str):
    assert small.put(f"/routing/{segment(alias)}", route(alias)).status == 201
    assert small.get(f"/routing/{segment(alias)}").ok()["document"]["id"] == alias
    small.delete(f"/routing/{segment(alias)}").ok()


def test_a_price_is_found_by_provider_and_model(small: Admin):
    model = "arn:aws:bedrock:eu:1:x/anthropic.claude-v1:0"
    body = {"provider": "bedrock-eu", "model": model, "input": 1.5, "output": 2}
    path = f"/pricing/bedrock-eu/{segment(model)}"
    assert small.put(path, body).status == 201
    assert small.get(path).ok()["document"]["model"] == model
    assert small.get(path).ok()["document"]["input"] == 1.5


def test_a_name_that_no_document_can_have_is_refused(small: Admin):
    error = small.get("/teams/Search%20Team").refused(422, "invalid")
    assert error["details"][0]["field"] == "team"


def test_a_path_decoded_by_whoever_sent_it_names_the_same_document(small: Admin):
    small.put("/routing/a%2Fb", route("a/b")).ok()
    entry = table()["GET", "/routing/{alias}"]
    event = {
        "resource": "/routing/{alias}",
        "path": "/routing/a/b",
        "httpMethod": "GET",
        "headers": None,
        "pathParameters": {"alias": "a/b"},
        "requestContext": {"requestId": "r", "authorizer": {"claims": {"client_id": "c", "scope": scopes.READ}}},
    }
    assert entry.handler(event, None)["statusCode"] == 200


def test_a_page_ends_where_the_next_begins(admin: Admin):
    admin.small_policy()
    names = [*(f"b{n:02}" for n in range(7)), "search-month"]
    for name in names[:-1]:
        admin.put(f"/budgets/{name}", budget(name)).ok()
    seen, token, pages = [], None, 0
    while pages == 0 or token:
        page = admin.get("/budgets", limit=3, **({"next": token} if token else {})).ok()
        seen += [item["document"]["id"] for item in page["items"]]
        token, pages = page["next"], pages + 1
    assert (seen, pages) == (names, 3)


@pytest.mark.parametrize("token", ["x", "%%%", "ä", "////"])
def test_a_token_of_nobodys_is_refused(small: Admin, token: str):
    small.get("/budgets", next=token).refused(422, "invalid")


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "many"])
def test_a_page_has_a_sensible_size(small: Admin, limit: str):
    small.get("/budgets", limit=limit).refused(422, "invalid")


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_each_operation_needs_one_of_its_scopes(admin: Admin, method: str):
    for (verb, resource), entry in table().items():
        if verb == method:
            path = resource.replace("{provider}", "openai").replace("{", "").replace("}", "")
            for granted in ("", "gateway/else", "other/admin", "admin"):
                admin.call(verb, path, {}, scope=granted).refused(403, "forbidden")
            if scopes.INVOKE not in entry.scopes:
                admin.call(verb, path, {}, scope=scopes.INVOKE).refused(403, "forbidden")


def test_a_reader_reads_and_does_not_write(small: Admin):
    small.get("/budgets", scope=scopes.READ).ok()
    small.put("/budgets/new", budget("new"), scope=scopes.READ).refused(403, "forbidden")
    small.put("/budgets/new", budget("new"), scope=scopes.ADMIN).ok()
    small.get("/budgets/new", scope=scopes.ADMIN).ok()


def test_an_event_without_verified_claims_is_refused(small: Admin):
    entry = table()["GET", "/budgets"]
    answer = entry.handler({"resource": "/budgets", "path": "/budgets", "httpMethod": "GET", "headers": {}}, None)
    assert answer["statusCode"] == 401


def test_an_unknown_method_is_an_answer_in_the_same_shape(small: Admin):
    small.call("PATCH", "/budgets/search-month", {}).refused(404, "not_found")


def test_a_bug_is_a_500_without_its_insides(small: Admin, caplog: pytest.LogCaptureFixture):
    class Broken:
        def load(self):
            raise ZeroDivisionError("the secret inside")

    runtime.use(runtime.Runtime(**{**vars(small.runtime), "service": Broken()}))
    with caplog.at_level(logging.CRITICAL):
        answer = small.get("/budgets")
    answer.refused(500, "internal")
    assert "secret inside" not in json.dumps(answer.body)


def test_answers_are_not_cached(small: Admin):
    assert small.get("/budgets").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("text", ["0.1", "100", "123456789.123456789", "0.000000001", "1e3"])
def test_numbers_keep_their_value_in_and_out(text: str):
    body = {"id": "b", "team": "t", "period": "day", "limit_usd": "?"}
    raw = json.dumps(body).replace('"?"', text)
    document = Budget.model_validate(loads(raw))
    assert document.limit_usd == Decimal(text)
    assert Decimal(str(json.loads(dumps(document), parse_float=Decimal)["limit_usd"])) == Decimal(text)
