"""The cap of a chat that names none is sent, reserved and logged as the request's own would be."""

import json

from unit.edge.asking import SECRETS, ask, snapshot
from unit.edge.program import Program

ROUTES = [
    {"id": "alone", "targets": [{"provider": "anthropic", "model": "claude-sonnet-4-5"}]},
    {"id": "own", "targets": [{"provider": "anthropic", "model": "claude-sonnet-4-5", "max_output_tokens": 123}]},
    {"id": "new", "targets": [{"provider": "anthropic", "model": "claude-of-tomorrow"}]},
    {"id": "mixed", "targets": [{"provider": "anthropic", "model": "claude-sonnet-4-5"}], "fallbacks": ["openai"]},
    {"id": "openai", "targets": [{"provider": "openai", "model": "gpt-4o-mini"}]},
]


def caps(model: str, api: str = "chat", **fields: int) -> tuple[int | None, int | None, int | None]:
    """What the provider is sent by the configuration, what is reserved, and what the usage log knows."""
    budget = {"id": "b", "team": "platform", "limit_tokens": 1_000_000, "period": "day"}
    program = Program(
        snapshot(
            routes=ROUTES, teams=[{"id": "platform"}], clients=[{"id": "c", "team": "platform"}], budgets=[budget]
        ),
        SECRETS,
    )
    outcome = ask(program, api, model, "c", **fields)
    assert outcome.went_on, outcome.json
    target = outcome.config.get("targets", [outcome.config])[0]
    reserved = json.loads(outcome.headers["x-gw-reserve"])["cap"]
    return target["override_params"].get("max_tokens"), reserved, outcome.decision["request"].get("max_tokens")


def test_the_model_s_largest_answer_is_the_cap():
    assert caps("alone") == (64_000, 64_000, 64_000)


def test_the_target_s_own_largest_answer_comes_first():
    assert caps("own") == (123, 123, 123)


def test_a_model_that_nobody_knows_gets_a_cap_that_every_one_takes():
    assert caps("new") == (8192, 8192, 8192)


def test_with_a_target_that_needs_none_only_the_other_gets_it_and_the_bound_is_the_agent_s():
    assert caps("mixed") == (64_000, None, None)


def test_a_request_s_own_cap_stays():
    assert caps("alone", max_tokens=5) == (None, 5, 5)
    assert caps("alone", max_completion_tokens=5)[:2] == (None, 5)


def test_anthropic_s_own_api_asks_for_one_itself():
    assert caps("alone", "messages") == (None, None, None)


def test_no_other_target_gets_one():
    assert caps("openai") == (None, None, None)
