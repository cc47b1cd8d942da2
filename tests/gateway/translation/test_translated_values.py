"""Values that are translated, and refusals that name what they are about, with the real Portkey."""

from typing import Any

import pytest

from gateway.translation.conftest import Kinds
from gateway.translation.test_parameters import NOTHING


@pytest.mark.parametrize(
    ("fields", "param"), [({"something": 1}, "something"), ({"seed": 5, "n": 2, "audio": {}}, "audio")]
)
def test_a_refusal_names_the_parameter(kinds: Kinds, fields: dict[str, Any], param: str):
    error = kinds.caller.ask("chat", "claude", **fields).json()["error"]

    assert (error["param"], error["code"]) == (param, "unsupported_parameter")
    assert "drop_unsupported" in error["message"]


@pytest.mark.parametrize(
    ("alias", "where"),
    [
        ("claude", ["stop_sequences"]),
        ("gemini", ["generationConfig", "stopSequences"]),
        ("nova", ["inferenceConfig", "stopSequences"]),
    ],
)
def test_a_stop_that_is_a_text_becomes_a_list(kinds: Kinds, alias: str, where: list[str]):
    kinds.provider.on("*", NOTHING)

    kinds.caller.ask("chat", alias, stop="END")

    sent = kinds.provider.last.json
    for name in where:
        sent = sent[name]
    assert sent == ["END"]


@pytest.mark.parametrize(
    ("alias", "asked", "cap"),
    [
        ("claude", {}, 64_000),
        ("vertex-claude", {}, 64_000),
        ("capped", {}, 1234),
        ("mixed-dropping", {}, None),
        ("claude", {"max_tokens": 7}, 7),
        ("claude", {"max_completion_tokens": 7}, 7),
        ("gemini", {}, None),
    ],
)
def test_a_chat_without_a_cap_gets_the_model_s_where_one_is_needed(
    kinds: Kinds, alias: str, asked: dict[str, Any], cap: int | None
):
    kinds.provider.on("*", NOTHING)

    kinds.caller.ask("chat", alias, **asked)

    assert kinds.provider.last.json.get("max_tokens") == cap


def test_what_is_lost_inside_of_a_conversation_is_named(kinds: Kinds):
    kinds.provider.on("*", NOTHING)
    part = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral", "ttl": "1h"}}

    answer = kinds.caller.ask("chat", "claude", messages=[{"role": "user", "content": [part]}])

    assert answer.headers["x-gw-dropped"] == "cache_control.ttl"
