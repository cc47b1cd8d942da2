"""What a provider says about itself or about us in the headers of its answer stays with the gateway."""

from typing import Any

import pytest

from gateway.conformance.kit.calls import STREAMED
from gateway.conformance.kit.lab import Lab
from gateway.conformance.kit.shapes import assert_nothing_leaks
from gateway.portkey_contract.recipes import (
    MESSAGE,
    MESSAGE_EVENTS,
    OPENAI_CHAT,
    OPENAI_CHUNKS,
    RESPONSE,
    RESPONSE_EVENTS,
)
from gwctl.core.names import Api
from support.replay_provider import Answer

SPOKEN = {
    "server": "nginx/1.2.3",
    "x-powered-by": "secret-sauce",
    "set-cookie": "session=1; Path=/",
    "via": "1.1 inner-proxy.example",
    "openai-organization": "our-organisation",
    "openai-project": "proj_1",
    "anthropic-organization-id": "org-1",
    "x-envoy-upstream-service-time": "7",
    "x-portkey-provider": "anthropic",
    "x-portkey-last-used-option-index": "config.targets[7]",
    "x-portkey-retry-attempt-count": "99",
    "x-gw-portkey": "1",
    "x-gw-team": "another",
}
"""Headers of a provider that no client may see, or that would tell the edge a lie."""

SERVED: dict[Api, tuple[str, Any, list[Any]]] = {
    "chat": ("one", OPENAI_CHAT, OPENAI_CHUNKS),
    "messages": ("claude", MESSAGE, MESSAGE_EVENTS),
    "responses": ("one", RESPONSE, RESPONSE_EVENTS),
}


@pytest.mark.parametrize("streamed", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("api", STREAMED)
def test_headers_of_the_provider_are_not_passed_on(lab: Lab, api: Api, *, streamed: bool):
    model, plain, events = SERVED[api]
    lab[model].on("*", Answer.sse(events, SPOKEN) if streamed else Answer.json(plain, headers=SPOKEN))

    answer = lab.caller.ask(api, model, stream=streamed)

    assert answer.status_code == 200
    assert_nothing_leaks(answer)
    assert [name for name in SPOKEN if name in answer.headers] == []


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_headers_of_a_failing_provider_are_not_passed_on(lab: Lab, status: int):
    lab["one"].on("*", Answer.json({"error": {"message": "it did not work", "type": "x"}}, status, SPOKEN))

    answer = lab.caller.ask("chat", "one")

    assert_nothing_leaks(answer)
    assert [name for name in SPOKEN if name in answer.headers] == []


def test_a_provider_does_not_say_who_served(lab: Lab):
    """The price goes by who served: what the provider calls itself must not count."""
    lab["two"].on(
        "*", Answer.json(OPENAI_CHAT, headers={**SPOKEN, "x-portkey-last-used-option-index": "config.targets[0]"})
    )
    lab["one"].on("*", Answer.json({"error": {"message": "broken"}}, 500))

    event = lab.caller.event(lab.caller.ask("chat", "fall"))

    attempts = {"portkey": 0, "express": 1}[lab.lane]  # Portkey counts those of the target that served alone
    assert (event["provider"], event["gen_ai.provider.name"], event["attempts"]) == ("two", "openai", attempts)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(("api", "model"), [("chat", "one"), ("messages", "claude")])
def test_a_providers_redirect_does_not_carry_the_key_away(lab: Lab, api: Api, model: str, status: int):
    location = {"location": f"{lab.stranger.url}/v1/elsewhere"}
    lab[model].on("*", Answer([b""], status, location, chunked=False))

    answer = lab.caller.ask(api, model)

    assert [each.path for each in lab.stranger.requests if lab.canaries[model] in str(each.headers)] == []
    assert "location" not in answer.headers


@pytest.mark.parametrize("name", ["x-ratelimit-remaining-requests", "anthropic-ratelimit-tokens-remaining"])
def test_the_limits_of_our_key_are_not_the_clients_business(lab: Lab, name: str):
    """They tell what everybody together uses, and a client would pace itself by them."""
    lab["one"].on("*", Answer.json(OPENAI_CHAT, headers={name: "7"}))

    assert name not in lab.caller.ask("chat", "one").headers


@pytest.mark.parametrize(
    "kind", ["application/json", "application/json; charset=utf-8", "Application/JSON", "text/plain", ""]
)
def test_a_plain_answer_is_metered_whatever_its_content_type(lab: Lab, kind: str):
    lab["one"].on("*", Answer.json(OPENAI_CHAT, headers={"content-type": kind}))

    answer = lab.caller.ask("chat", "one")

    event = lab.caller.event(answer)
    assert event["gen_ai.usage.output_tokens"] == 5 or event["estimated"] is not False or answer.status_code >= 400


@pytest.mark.parametrize("status", [201, 202, 206])
def test_another_kind_of_success_is_metered(lab: Lab, status: int):
    lab["one"].on("*", Answer.json(OPENAI_CHAT, status))

    answer = lab.caller.ask("chat", "one")

    assert lab.caller.event(answer)["gen_ai.usage.output_tokens"] == 5 or answer.status_code >= 400
