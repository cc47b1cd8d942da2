"""Why the edge strips what clients send: Portkey would obey all of it."""

import json

import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import BODIES, OPENAI_CHAT, PATHS, anthropic, openai
from support.replay_provider import Answer, ReplayProvider

TOKEN = {"authorization": "Bearer token-of-the-client"}
OK = Answer.json(OPENAI_CHAT)


@pytest.fixture(autouse=True)
def _everything_works(provider: ReplayProvider, stranger: ReplayProvider) -> None:
    provider.on("*", OK)
    stranger.on("*", OK)


def test_a_config_of_the_client_is_obeyed(portkey: Portkey, stranger: ReplayProvider):
    answer = portkey.ask("chat", None, headers={"x-portkey-config": json.dumps(openai(stranger.url))})

    assert (answer.status_code, len(stranger.requests)) == (200, 1)


def test_a_config_beside_ours_refuses_the_request(portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider):
    """Two headers of one name are joined with a comma, which is not JSON."""
    twice = [("x-portkey-config", json.dumps(openai(each.url))) for each in (provider, stranger)]

    answer = portkey.client.post(PATHS["chat"], json=BODIES["chat"], headers=twice)

    assert (answer.status_code, provider.requests, stranger.requests) == (400, [], [])


def test_custom_host_of_the_client_gets_our_key(portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider):
    portkey.ask("chat", openai(provider.url), headers={"x-portkey-custom-host": f"{stranger.url}/v1"})

    assert stranger.last.headers["authorization"] == "Bearer sk-openai"
    assert provider.requests == []


def test_custom_host_and_provider_alone_reach_any_server(portkey: Portkey, stranger: ReplayProvider):
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": stranger.url, **TOKEN}

    answer = portkey.ask("chat", None, headers=headers)

    assert (answer.status_code, stranger.last.path) == (200, "/chat/completions")


def test_a_provider_of_the_client_does_not_change_ours(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("chat", openai(provider.url), headers={"x-portkey-provider": "anthropic"})

    assert answer.headers["x-portkey-provider"] == "openai"


def test_the_clients_token_goes_to_the_provider_when_the_config_names_none(portkey: Portkey, provider: ReplayProvider):
    config = {"custom_host": f"{provider.url}/v1", "request_timeout": 5_000}

    portkey.ask("chat", config, headers={"x-portkey-provider": "openai", **TOKEN})

    assert provider.last.headers["authorization"] == TOKEN["authorization"]


def test_the_clients_token_stays_here_when_the_config_names_a_provider(portkey: Portkey, provider: ReplayProvider):
    config = openai(provider.url, request_timeout=5_000)
    del config["api_key"]

    portkey.ask("chat", config, headers=TOKEN)

    assert provider.last.headers["authorization"] == "Bearer undefined"


def test_forward_headers_of_the_client_replace_our_key_by_its_token(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("chat", openai(provider.url), headers={"x-portkey-forward-headers": "authorization", **TOKEN})

    assert provider.last.headers["authorization"] == TOKEN["authorization"]


def test_guardrails_of_the_client_send_its_request_anywhere(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider
):
    hook = json.dumps([{"default.webhook": {"webhookURL": f"{stranger.url}/hook"}}])

    portkey.ask("chat", openai(provider.url), headers={"x-portkey-default-input-guardrails": hook})

    assert stranger.last.path == "/hook"
    assert stranger.last.json["request"]["json"] == BODIES["chat"]


def test_a_timeout_of_the_client_is_obeyed(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("chat", openai(provider.url), headers={"x-portkey-request-timeout": "1"})

    assert answer.status_code == 408


def test_the_client_can_ask_for_hook_results_in_streams(portkey: Portkey, provider: ReplayProvider):
    provider.on("*", Answer.sse(["[DONE]"]))
    config = openai(provider.url, input_guardrails=[{"default.regexMatch": {"rule": "x", "not": True}}])
    headers = {"x-portkey-strict-open-ai-compliance": "false"}

    answer = portkey.ask("chat", config, {**BODIES["chat"], "stream": True}, headers)

    assert "hook_results" in answer.text


@pytest.mark.parametrize("path", ["/v1/proxy/latest/meta-data", "/v1/whatever", "/v1/batches"])
def test_paths_beyond_the_apis_are_passed_on_with_our_key(portkey: Portkey, provider: ReplayProvider, path: str):
    portkey.ask(path, openai(provider.url), {"model": "m"})

    assert provider.last.path == path.replace("/proxy", "")
    assert provider.last.headers["authorization"] == "Bearer sk-openai"


def test_proxy_passes_every_other_header_of_the_client_on(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("/v1/proxy/x", openai(provider.url), {"model": "m"}, {"x-anything": "a", "cookie": "b=c"})

    assert (provider.last.headers["x-anything"], provider.last.headers["cookie"]) == ("a", "b=c")


def test_a_redirect_of_the_provider_is_followed_with_the_body(
    portkey: Portkey, provider: ReplayProvider, stranger: ReplayProvider
):
    provider.on("*", Answer([b""], 307, {"location": f"{stranger.url}/elsewhere"}, chunked=False))

    portkey.ask("chat", openai(provider.url))

    assert stranger.last.json == BODIES["chat"]
    assert "authorization" not in stranger.last.headers


def test_the_last_of_two_equal_keys_in_the_body_counts(portkey: Portkey, provider: ReplayProvider):
    """Whoever judges the body before Portkey has to read it the same way."""
    body = b'{"model": "a", "max_tokens": 1, "max_tokens": 9000, "messages": []}'
    headers = {"x-portkey-config": json.dumps(openai(provider.url)), "content-type": "application/json"}

    portkey.client.post(PATHS["chat"], content=body, headers=headers)

    assert provider.last.json["max_tokens"] == 9000


def test_query_parameters_of_the_client_do_not_reach_openai_or_anthropic(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("/v1/messages?beta=true", anthropic(provider.url), BODIES["messages"])

    assert (provider.last.path, provider.last.query) == ("/v1/messages", "")


@pytest.mark.parametrize("forwarded", [True, False], ids=["forwarded", "not forwarded"])
def test_anthropic_headers_of_the_client_need_forward_headers(
    portkey: Portkey, provider: ReplayProvider, forwarded: bool
):
    config = anthropic(provider.url)
    if not forwarded:
        del config["forward_headers"]

    portkey.ask("messages", config, headers={"anthropic-beta": "one,two", "anthropic-version": "2024-01-01"})

    sent = (provider.last.headers["anthropic-beta"], provider.last.headers["anthropic-version"])
    assert sent == (("one,two", "2024-01-01") if forwarded else ("messages-2023-12-15", "2023-06-01"))
