"""What `x-portkey-config` drives: where a request goes, with which key, as which model, how often and how long."""

import json
import threading

import pytest

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import BODIES, OPENAI_CHAT, Config, openai
from support.replay_provider import Answer, ReplayProvider

CHAT = "/v1/chat/completions"
OK = Answer.json(OPENAI_CHAT)
BOOM = Answer.json({"error": {"message": "boom"}}, status=500)


@pytest.fixture(autouse=True)
def _chat_works(provider: ReplayProvider) -> None:
    provider.on(CHAT, OK)


def test_custom_host_and_key_decide_where_a_request_goes(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("chat", openai(provider.url))

    assert answer.json() == OPENAI_CHAT
    assert (provider.last.path, provider.last.headers["authorization"]) == (CHAT, "Bearer sk-openai")


def test_override_params_replace_the_model_of_the_client(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("chat", openai(provider.url, override_params={"model": "gpt-4o"}))

    assert provider.last.json == {**BODIES["chat"], "model": "gpt-4o"}


def test_override_params_ask_for_usage_in_streams(portkey: Portkey, provider: ReplayProvider):
    wanted = {"stream_options": {"include_usage": True}}

    portkey.ask("chat", openai(provider.url, override_params=wanted))

    assert provider.last.json["stream_options"] == {"include_usage": True}


def test_override_params_replace_whole_values(portkey: Portkey, provider: ReplayProvider):
    body = {**BODIES["chat"], "stream_options": {"include_obfuscation": False}}

    portkey.ask("chat", openai(provider.url, override_params={"stream_options": {"include_usage": True}}), body)

    assert provider.last.json["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("api", "field"),
    [("chat", "prompt_cache_retention"), ("responses", "context_management"), ("embeddings", "anything_new")],
)
def test_fields_that_portkey_does_not_know_are_dropped(
    portkey: Portkey, provider: ReplayProvider, api: str, field: str
):
    provider.on("*", OK)

    portkey.ask(api, openai(provider.url), {**BODIES[api], field: "value"})

    assert field not in provider.last.json


def test_a_missing_content_type_loses_the_body(portkey: Portkey, provider: ReplayProvider):
    headers = {"x-portkey-config": json.dumps(openai(provider.url))}

    portkey.client.post(CHAT, content=b'{"model": "gpt-4o"}', headers=headers)

    assert provider.last.body == b""


def test_no_header_of_the_client_reaches_the_provider_unasked(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("chat", openai(provider.url), headers={"cookie": "a=b", "x-client": "c", "x-request-id": "d"})

    assert not {"cookie", "x-client", "x-request-id"} & {name.lower() for name in provider.last.headers}


def test_forward_headers_let_named_ones_through(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("chat", openai(provider.url, forward_headers=["openai-beta"]), headers={"OpenAI-Beta": "v2"})

    assert provider.last.headers["openai-beta"] == "v2"


def test_retry_repeats_the_listed_codes(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, BOOM, OK)

    answer = portkey.ask("chat", openai(provider.url, retry={"attempts": 1, "on_status_codes": [500]}))

    assert (answer.status_code, len(provider.requests)) == (200, 2)


def test_retry_leaves_other_codes_alone(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, BOOM, OK)

    answer = portkey.ask("chat", openai(provider.url, retry={"attempts": 1, "on_status_codes": [429]}))

    assert (answer.status_code, len(provider.requests)) == (500, 1)


def test_use_retry_after_header_turns_a_429_into_a_500(portkey: Portkey, provider: ReplayProvider):
    """Upstream patches its async-retry for this option; the npm package comes without the patch."""
    provider.on(CHAT, Answer.json({"error": {"message": "slow"}}, status=429, headers={"retry-after": "1"}))
    retry = {"attempts": 1, "on_status_codes": [429], "use_retry_after_header": True}

    answer = portkey.ask("chat", openai(provider.url, retry=retry))

    assert (answer.status_code, "_timeouts" in answer.text) == (500, True)


def test_request_timeout_is_milliseconds_and_answers_408(portkey: Portkey, provider: ReplayProvider):
    provider.on(CHAT, Answer.held(threading.Event()))

    answer = portkey.ask("chat", openai(provider.url, request_timeout=50))

    assert answer.status_code == 408
    assert answer.json()["error"]["type"] == "timeout_error"
    assert provider.last.hung_up.wait(5)


def test_request_timeout_does_not_cut_a_stream_that_has_begun(portkey: Portkey, provider: ReplayProvider):
    go_on = threading.Event()
    provider.on(CHAT, Answer.sse([{"n": 1}, go_on, {"n": 2}]))

    with portkey.stream("chat", openai(provider.url, request_timeout=50)) as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        cut = provider.last.hung_up.wait(0.15)
        go_on.set()
        rest = b"".join(pieces)

    assert (first, cut, rest) == (b'data: {"n": 1}\n\n', False, b'data: {"n": 2}\n\n')


@pytest.mark.parametrize(
    ("inherited", "seen"),
    [
        ({"override_params": {"temperature": 0.5}}, lambda sent: sent.json["temperature"] == 0.5),
        ({"forward_headers": ["x-tag"]}, lambda sent: sent.headers["x-tag"] == "t"),
        ({"input_guardrails": [{"default.regexReplace": {"rule": "hi"}}]}, lambda sent: "REDACTED" in str(sent.json)),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_a_group_says_holds_for_its_targets(portkey: Portkey, provider: ReplayProvider, inherited: Config, seen):
    leaf = openai(provider.url, override_params={"model": "gpt-4o"})
    inner = {"strategy": {"mode": "loadbalance"}, "targets": [leaf]}

    portkey.ask("chat", {"strategy": {"mode": "fallback"}, "targets": [inner], **inherited}, headers={"x-tag": "t"})

    assert seen(provider.last)
    assert provider.last.json["model"] == "gpt-4o"


@pytest.mark.parametrize(
    ("config", "complaint"),
    [
        ({"provider": "openai"}, "Invalid config"),
        ({"provider": "nobody", "api_key": "k"}, "Invalid 'provider'"),
        ({"targets": [openai("http://127.0.0.1:1")]}, "Invalid config"),
        ({"provider": "openai", "api_key": "k", "custom_host": "http://10.0.0.1/v1"}, "Invalid custom host"),
        ({"provider": "openai", "api_key": "k", "custom_host": "http://[::1]/v1"}, "Invalid custom host"),
        ({"provider": "openai", "api_key": "k", "custom_host": "http://gpu.internal/v1"}, "Invalid custom host"),
    ],
)
def test_a_config_it_cannot_use_is_400(portkey: Portkey, config: Config, complaint: str):
    answer = portkey.ask("chat", config)

    assert (answer.status_code, complaint in answer.text) == (400, True)


def test_fields_of_the_config_that_it_does_not_know_are_ignored(portkey: Portkey, provider: ReplayProvider):
    assert portkey.ask("chat", openai(provider.url, colour="blue")).status_code == 200


def test_no_config_is_400(portkey: Portkey):
    assert portkey.ask("chat", None).status_code == 400
