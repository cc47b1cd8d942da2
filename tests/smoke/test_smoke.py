"""A deployed gateway does what it is for: it refuses strangers, follows its admin API, counts, and keeps a record."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from smoke.admin import Admin
from smoke.conftest import IN_FORCE_SECONDS, Ask
from smoke.places import Target
from support.processes import wait_until

COUNTED_SECONDS = 30


@pytest.fixture(scope="module")
def answer(ask: Ask, token: str) -> httpx.Response:
    """The canary: the first answer to a client that was just made."""

    def served() -> httpx.Response | None:
        got = ask(token)
        return got if got.status_code == 200 else None

    got = wait_until(served, "a client that was just made to be served", IN_FORCE_SECONDS)
    assert got
    return got


def test_without_a_token_nobody_gets_in(target: Target, http: httpx.Client):
    assert http.get(f"{target.gateway.openai_url}/models").status_code == 401


def test_portkeys_own_paths_are_not_reached(target: Target, http: httpx.Client):
    answer = http.post(f"{target.gateway.openai_url}/proxy/v1/models", headers=target.gateway.headers())
    assert answer.status_code in {403, 404}


def test_a_client_that_may_only_call_models_may_not_read_policy(target: Target, http: httpx.Client):
    assert http.get(f"{target.connection.admin_url}/teams", headers=target.gateway.headers()).status_code == 403


def test_the_admin_api_keeps_what_it_is_given(admin: Admin, team: str):
    assert admin.team(team)["document"]["name"] == "smoke test"


def test_a_new_client_is_served_at_once(answer: httpx.Response):
    assert answer.json()["usage"]["total_tokens"] > 0


def test_what_it_spent_is_counted_to_the_token(answer: httpx.Response, admin: Admin, team: str, client: dict[str, Any]):
    def counted() -> dict[str, Any]:
        usage = admin.usage_of(team, client["client_id"])
        return usage if usage.get("input_tokens") else {}

    usage = wait_until(counted, "the usage of the canary", COUNTED_SECONDS)
    assert usage["input_tokens"] + usage["output_tokens"] == answer.json()["usage"]["total_tokens"]


def test_the_audit_log_has_the_request(answer: httpx.Response, target: Target, client: dict[str, Any], team: str):
    since = datetime.now(UTC) - timedelta(minutes=15)
    records = wait_until(
        lambda: target.records(answer.headers["x-request-id"], since),
        f"the request in {target.audit_log}",
        target.audit_seconds,
    )
    assert [(each["client"], each["team"], each["outcome"]) for each in records] == [
        (client["client_id"], team, "served")
    ]


def test_a_revoked_client_is_refused_at_once(
    answer: httpx.Response, ask: Ask, admin: Admin, team: str, client: dict[str, Any], token: str
):
    """Its token would be good for longer. The last of this file: the others use the client."""
    admin.revoke_client(team, client["client_id"])
    refused = wait_until(
        lambda: ask(token).status_code in {401, 403}, "a revoked client to be refused", IN_FORCE_SECONDS
    )
    assert refused
