"""Who may call: tokens that are no good get 401, good tokens of the wrong client get 403."""

import time
from collections.abc import Callable, Sequence

import httpx
import pytest

from gateway.conformance.kit.calls import Caller, encoded
from gateway.conformance.kit.forge import Forger
from gateway.conformance.kit.http1 import Header, exchange, request
from gateway.conformance.kit.shapes import assert_refused
from gwctl.core.names import API_PATHS
from gwctl.core.scopes import ADMIN, INVOKE
from support.gateway import Gateway

JSON = ("content-type", "application/json")
CHAT = API_PATHS["chat"]


def ask(gateway: Gateway, headers: Sequence[Header], target: str = CHAT) -> httpx.Response | None:
    """One chat completion with exactly these headers."""
    return exchange(gateway.url, request(target, [*headers, JSON], encoded("chat")))


def status_of(answer: httpx.Response | None) -> int | None:
    return None if answer is None else answer.status_code


def bearer(token: str) -> Header:
    return ("authorization", f"Bearer {token}")


# --- what everybody can try ---


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer a.b.c",
        "Bearer ..",
        "Bearer " + "a" * 20_000,
        "Basic bG9jYWw6c2VjcmV0",
        "Digest x",
        'Bearer {"alg":"none"}',
    ],
    ids=lambda value: repr(value)[:24],
)
def test_without_a_token_nobody_is_served(gateway: Gateway, value: str | None):
    answer = ask(gateway, [("authorization", value)] if value is not None else [])

    assert_refused(answer, 401, code="invalid_token")


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda token: token[:-10], id="signature cut short"),
        pytest.param(lambda token: token[: len(token) // 2], id="half"),
        pytest.param(lambda token: token.rpartition(".")[0], id="no signature"),
        pytest.param(lambda token: token.rpartition(".")[0] + ".", id="empty signature"),
        pytest.param(lambda token: token[1:], id="first byte missing"),
        pytest.param(lambda token: token.swapcase(), id="other casing"),
        pytest.param(lambda token: f"{token}.x", id="four parts"),
        pytest.param(lambda token: token.replace(".", ",", 1), id="comma for dot"),
    ],
)
def test_a_damaged_token_is_refused(gateway: Gateway, spoil: Callable[[str], str]):
    assert_refused(ask(gateway, [bearer(spoil(gateway.token()))]), 401, code="invalid_token")


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda token: [("proxy-authorization", f"Bearer {token}")], id="proxy-authorization"),
        pytest.param(lambda token: [("cookie", f"access_token={token}")], id="cookie"),
        pytest.param(lambda token: [("authorization", token)], id="no scheme"),
        pytest.param(lambda token: [("authorization", f"Basic {token}")], id="Basic"),
        pytest.param(lambda token: [("authorization", f"Bearer: {token}")], id="colon"),
        pytest.param(lambda token: [("authorization_", f"Bearer {token}")], id="underscore"),
        pytest.param(lambda token: [("x-authorization", f"Bearer {token}")], id="x-authorization"),
    ],
)
def test_a_good_token_in_the_wrong_place_is_refused(gateway: Gateway, make: Callable[[str], list[Header]]):
    assert_refused(ask(gateway, make(gateway.token())), 401, code="invalid_token")


@pytest.mark.parametrize("name", ["access_token", "token", "authorization", "api_key"])
def test_a_good_token_in_the_query_is_refused(gateway: Gateway, name: str):
    """It would stand in every log on the way."""
    assert_refused(ask(gateway, [], f"{CHAT}?{name}={gateway.token()}"), 401, code="invalid_token")


@pytest.mark.parametrize("position", [0, 1])
def test_of_two_authorization_headers_none_is_chosen(gateway: Gateway, position: int):
    headers = [bearer("a.b.c")]
    headers.insert(position, bearer(gateway.token()))

    assert_refused(ask(gateway, headers), 401, code="invalid_token")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_the_scheme_may_have_another_casing(gateway: Gateway, scheme: str):
    """RFC 9110, section 11.1."""
    assert status_of(ask(gateway, [("authorization", f"{scheme} {gateway.token()}")])) == 200


@pytest.mark.parametrize("place", ["x-api-key", "api-key", "x-goog-api-key"])
def test_a_token_is_good_where_other_providers_clients_put_it(gateway: Gateway, place: str):
    assert status_of(ask(gateway, [(place, gateway.token())])) == 200
    assert_refused(ask(gateway, [(place, "a.b.c")]), 401, code="invalid_token")


def test_a_401_says_which_scheme_is_wanted(caller: Caller):
    answer = caller.ask("chat", headers={"authorization": ""})

    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("length", [16, 40])
def test_a_refusal_does_not_repeat_the_token(gateway: Gateway, length: int):
    token = gateway.token()[:-10]

    answer = ask(gateway, [bearer(token)])

    assert answer is not None
    assert token[:length] not in f"{answer.headers}{answer.text}"


# --- what takes the issuer's key ---


def test_a_forged_good_token_is_good(gateway: Gateway, forger: Forger):
    """Or the refusals below would prove nothing."""
    answer = ask(gateway, [bearer(forger.token())])

    assert answer is not None
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(lambda now: {"iat": now - 7_200, "exp": now - 3_600}, id="expired"),
        pytest.param(lambda now: {"iat": now - 7_200, "exp": now - 60}, id="expired a minute ago"),
        pytest.param(lambda now: {"exp": None}, id="never expires"),
        pytest.param(lambda now: {"exp": str(now + 3_600)}, id="expiry is text"),
        pytest.param(lambda now: {"exp": -1}, id="expiry is negative"),
        pytest.param(lambda now: {"exp": 10**30}, id="expiry is beyond 64 bits"),
        pytest.param(lambda now: {"nbf": now + 3_600}, id="not yet valid"),
        pytest.param(lambda now: {"iss": "https://issuer.example"}, id="wrong issuer"),
        pytest.param(lambda now: {"iss": None}, id="no issuer"),
        pytest.param(lambda now: {"iss": ["http://127.0.0.1"]}, id="list of issuers"),
        pytest.param(lambda now: {"token_use": "id"}, id="id token"),
        pytest.param(lambda now: {"token_use": None}, id="no use"),
        pytest.param(lambda now: {"token_use": ["access"]}, id="list of uses"),
    ],
)
def test_a_signed_token_with_wrong_claims_is_refused(
    gateway: Gateway, forger: Forger, changes: Callable[[int], dict[str, object]]
):
    token = forger.token(**changes(int(time.time())))

    assert_refused(ask(gateway, [bearer(token)]), 401, code="invalid_token")


@pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256", "PS512"])
def test_only_rs256_is_accepted(gateway: Gateway, forger: Forger, algorithm: str):
    token = forger.signed({"alg": algorithm, "kid": forger.key.kid}, forger.claims())

    assert_refused(ask(gateway, [bearer(token)]), 401, code="invalid_token")


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", ""])
@pytest.mark.parametrize("signature", ["", "c2lnbmVk"])
def test_a_token_that_needs_no_signature_is_refused(gateway: Gateway, forger: Forger, algorithm: str, signature: str):
    assert_refused(ask(gateway, [bearer(forger.unsigned(algorithm, signature))]), 401, code="invalid_token")


@pytest.mark.parametrize("secret", ["pem", "der", "modulus", "jwks"])
def test_the_public_key_is_no_shared_secret(gateway: Gateway, forger: Forger, secret: str):
    known = {
        "pem": forger.key.as_pem(private=False),
        "der": forger.key.as_der(private=False),
        "modulus": str(forger.key.as_dict(private=False)["n"]).encode(),
        "jwks": httpx.get(gateway.connection.jwks_url, trust_env=False).content,
    }

    token = forger.with_public_key_as_secret(known[secret])

    assert_refused(ask(gateway, [bearer(token)]), 401, code="invalid_token")


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(lambda forger: {}, id="same kid"),
        pytest.param(lambda forger: {"jwk": forger.stranger.as_dict(private=False)}, id="brings its key"),
        pytest.param(lambda forger: {"jku": "http://127.0.0.1/keys"}, id="says where its key is"),
        pytest.param(lambda forger: {"kid": "another"}, id="unknown kid"),
    ],
)
def test_a_token_of_another_key_is_refused(
    gateway: Gateway, forger: Forger, header: Callable[[Forger], dict[str, object]]
):
    whole = {"alg": "RS256", "kid": forger.key.kid, **header(forger)}

    token = forger.signed(whole, forger.claims(), forger.stranger)

    assert_refused(ask(gateway, [bearer(token)]), 401, code="invalid_token")


def test_claims_changed_after_signing_are_refused(gateway: Gateway, forger: Forger):
    token = forger.with_other_claims(gateway.token(), scope=f"{INVOKE} {ADMIN}")

    assert_refused(ask(gateway, [bearer(token)]), 401, code="invalid_token")


def test_a_token_that_was_good_once_is_not_good_for_ever(gateway: Gateway, forger: Forger):
    """Verified tokens are cached: the cache must not remember a signature without its claims."""
    assert ask(gateway, [bearer(forger.token())]) is not None
    expired = forger.token(exp=int(time.time()) - 3_600)

    assert_refused(ask(gateway, [bearer(expired)]), 401, code="invalid_token")
