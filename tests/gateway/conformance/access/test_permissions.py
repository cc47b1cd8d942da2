"""Who may call what: good tokens of the wrong client, without the scope, or for a model outside the profile."""

from collections.abc import Sequence

import httpx
import pytest

from gateway.conformance.kit.calls import Caller, encoded
from gateway.conformance.kit.forge import Forger
from gateway.conformance.kit.http1 import Header, exchange, request
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_refused
from gwctl.core.names import API_PATHS
from gwctl.core.scopes import ADMIN, INVOKE, READ
from support.gateway import Gateway

JSON = ("content-type", "application/json")
CHAT = API_PATHS["chat"]


def ask(gateway: Gateway, headers: Sequence[Header], target: str = CHAT) -> httpx.Response | None:
    """One chat completion with exactly these headers."""
    return exchange(gateway.url, request(target, [*headers, JSON], encoded("chat")))


def bearer(token: str) -> Header:
    return ("authorization", f"Bearer {token}")


def test_the_admin_clients_token_calls_no_model(gateway: Gateway):
    admin = gateway.token(gateway.connection.admin_client_id, gateway.connection.admin_client_secret)

    assert_refused(ask(gateway, [bearer(admin)]), 403, code="insufficient_scope")


@pytest.mark.parametrize(
    "scope",
    [
        None,
        "",
        READ,
        f"{ADMIN} {READ}",
        f"{INVOKE}r",
        f"x{INVOKE}",
        INVOKE.upper(),
        f"{READ},{INVOKE}",
        INVOKE.replace("/", "."),
        [INVOKE],
        {"scope": INVOKE},
        "gateway",
        "*",
    ],
    ids=repr,
)
def test_without_the_scope_nobody_is_served(gateway: Gateway, forger: Forger, scope: object):
    answer = ask(gateway, [bearer(forger.token(scope=scope))])

    assert_refused(answer, 403, code="insufficient_scope")


def test_the_scope_may_be_one_of_several(gateway: Gateway, forger: Forger):
    answer = ask(gateway, [bearer(forger.token(scope=f"{READ} {INVOKE} {ADMIN}"))])

    assert answer is not None
    assert answer.status_code == 200


HOSTILE_CLIENTS = [
    "nobody",
    "LOCAL",
    "local ",
    " local",
    "local\0",
    "local\n",
    '"] = 1 os.execute("true") --',
    "__index",
    "../local",
    "é",
    "x" * 5_000,
    ["local"],
    {"id": "local"},
    7,
    True,
    0.0,
]


@pytest.mark.parametrize("client", HOSTILE_CLIENTS, ids=lambda client: repr(client)[:24])
def test_an_unknown_client_is_refused(gateway: Gateway, forger: Forger, client: object):
    token = forger.token(client_id=client)

    assert_refused(ask(gateway, [bearer(token)]), 403, code="unknown_client")


def test_a_token_without_a_client_is_refused(gateway: Gateway, forger: Forger):
    """Its `sub` is that of a known client."""
    token = forger.token(client_id=None)

    assert_refused(ask(gateway, [bearer(token)]), 403, code="unknown_client")


# --- what takes a policy of our own ---


@pytest.mark.parametrize(
    ("client", "code"), [("disabled-client", "client_disabled"), ("closed-client", "team_disabled")]
)
def test_who_is_disabled_is_refused(lab: Lab, client: str, code: str):
    with Caller(lab.gateway, lab.forger.token(client_id=client)) as caller:
        answer = caller.ask("chat", "one")

    assert_refused(answer, 403, code=code)


@pytest.mark.parametrize("client", ["disabled-client", "closed-client"])
def test_who_is_disabled_sees_no_models(lab: Lab, client: str):
    token = lab.forger.token(client_id=client)

    answer = httpx.get(f"{lab.gateway.openai_url}/models", headers=dict([bearer(token)]), trust_env=False)

    assert_refused(answer, 403)


def test_a_model_outside_the_profile_is_not_found(lab: Lab):
    with Caller(lab.gateway, lab.forger.token(client_id="narrow-client")) as caller:
        answer = caller.ask("chat", "one")

    assert_refused(answer, 404, code="model_not_found")


def test_a_model_outside_the_profile_looks_like_one_that_does_not_exist(lab: Lab):
    with Caller(lab.gateway, lab.forger.token(client_id="narrow-client")) as caller:
        outside, missing = caller.ask("chat", "one"), caller.ask("chat", "xyz")

    assert outside.text.replace("one", "xyz") == missing.text


def test_a_model_inside_the_profile_is_served(lab: Lab):
    with Caller(lab.gateway, lab.forger.token(client_id="narrow-client")) as caller:
        answer = caller.ask("chat", "two")

    assert answer.status_code == 200


def test_the_list_of_models_is_that_of_the_profile(lab: Lab):
    token = lab.forger.token(client_id="narrow-client")

    answer = httpx.get(f"{lab.gateway.openai_url}/models", headers=dict([bearer(token)]), trust_env=False)

    assert [model["id"] for model in answer.json()["data"]] == ["two"]


@pytest.mark.parametrize("version", [None, "2023-06-01"])
def test_the_models_are_listed_in_the_shape_that_the_caller_speaks(gateway: Gateway, version: str | None):
    headers = gateway.headers() | ({"anthropic-version": version} if version else {})

    listed = httpx.get(f"{gateway.openai_url}/models", headers=headers, trust_env=False).json()

    kinds = {model.get("type" if version else "object") for model in listed["data"]}
    assert kinds == {"model"}
    assert ("has_more" in listed) == bool(version)


def test_a_model_can_be_looked_up(caller: Caller):
    alias = caller.client.get("/v1/models", headers=caller.gateway.headers()).json()["data"][0]["id"]

    found = caller.client.get(f"/v1/models/{alias}", headers=caller.gateway.headers())

    assert (found.status_code, found.json()["id"]) == (200, alias)
