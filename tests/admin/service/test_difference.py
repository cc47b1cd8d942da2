"""What a change means, in words."""

import pytest

from gwctl.admin.service.difference import difference
from unit.policy.examples import DAY, documents, sections


def words(**replaced: object) -> list[str]:
    """The difference between the example policy and one with these sections replaced."""
    return difference(documents(), documents(**replaced), DAY)


def section(name: str) -> list[dict]:
    return list(sections()[name])


def test_equal_policies_differ_in_nothing():
    assert words() == []


def test_a_team_that_may_use_more_and_less_gains_and_loses():
    teams = [{"id": "search", "models": ["claude"]}, {"id": "platform"}]
    assert words(teams=teams) == ["team search gains claude", "team search loses fast"]


def test_a_new_route_is_gained_by_teams_that_may_use_everything():
    routes = [*section("routes"), {"id": "cheap", "targets": [{"provider": "openai", "model": "gpt-4o-mini"}]}]
    assert words(routes=routes) == [
        "team platform gains cheap",
        "route cheap is new: openai/gpt-4o-mini, ordered",
    ]


def test_many_teams_are_counted_instead_of_named():
    many = [{"id": f"team{n:02}", "models": ["fast"]} for n in range(12)]
    more = [{**team, "models": ["fast", "claude"]} for team in many]
    before, after = documents(teams=[*section("teams"), *many]), documents(teams=[*section("teams"), *more])
    assert difference(before, after, DAY) == ["teams team00, team01, team02, team03, team04 and 7 more gain claude"]


def test_a_limit_is_told_from_and_to():
    budgets = [{"id": "search-month", "team": "search", "limit_usd": "250.50", "period": "day", "action": "alert"}]
    assert words(budgets=budgets) == [
        "budget search-month: limit_usd from 100 to 250.5",
        "budget search-month: period from month to day",
        "budget search-month: action from block to alert",
    ]


def test_targets_are_told_from_and_to():
    routes = section("routes")
    routes[1] = {**routes[1], "targets": [{"provider": "bedrock-eu", "model": "anthropic.claude-sonnet-4-5"}]}
    assert words(routes=routes) == [
        "route claude: targets from anthropic/claude-sonnet-4-5 to bedrock-eu/anthropic.claude-sonnet-4-5"
    ]


def test_what_is_not_usual_about_a_target_is_told():
    routes = section("routes")
    (target,) = routes[0]["targets"][:1]
    routes[0] = {**routes[0], "targets": [{**target, "max_output_tokens": 4000, "priced_as": "gpt-4o"}]}
    assert words(routes=routes)[0].endswith("(priced as gpt-4o, at most 4,000 tokens)")


def test_a_new_price_is_told_with_what_the_target_cost_before():
    pricing = [{"provider": "openai", "model": "gpt-4o-mini", "input": "0.30", "output": "0.6"}]
    assert words(pricing=pricing) == [
        "price openai/gpt-4o-mini: override from input $0.15, output $0.6 per million tokens "
        "to input $0.3, output $0.6 per million tokens",
        "openai/gpt-4o-mini gets another price per million tokens: input from $0.15 to $0.3",
    ]


def test_without_its_override_a_target_costs_what_the_price_book_says():
    told = words(pricing=[])
    assert told[0] == "price openai/gpt-4o-mini is gone; it was: input $0.15, output $0.6 per million tokens"
    assert told[1].startswith("openai/gpt-4o-mini gets another price per million tokens: cache_read from the default")


@pytest.mark.parametrize(
    ("replaced", "sentence"),
    [
        (
            {"clients": [{"id": "search-api", "team": "search"}]},
            "client platform-ci is gone; it was: of team platform",
        ),
        (
            {"clients": [{"id": "search-api", "team": "search", "enabled": False}, section("clients")[1]]},
            "client search-api: enabled from yes to no",
        ),
        (
            {"budgets": [*section("budgets"), {"id": "all", "limit_requests": 1000, "period": "minute"}]},
            "budget all is new: 1,000 requests a minute for everybody, block",
        ),
        (
            {"scanner": [{"id": "no-keys", "action": "deny", "pattern": "AKIA", "teams": ["search"]}]},
            "scanner rule no-keys: pattern from AKIA[0-9A-Z]{16} to AKIA",
        ),
        (
            {"scanner": []},
            "scanner rule no-keys is gone; it was: deny /AKIA[0-9A-Z]{16}/ on input for all teams",
        ),
        (
            {"teams": [{"id": "search", "models": ["fast"], "tags": {"cost": "1"}}, {"id": "platform"}]},
            "team search: tags from none to cost=1",
        ),
        (
            {"teams": [{"id": "search", "models": ["fast"]}, {"id": "platform"}, {"id": "new", "enabled": False}]},
            "team new is new: all models, switched off",
        ),
    ],
)
def test_every_kind_of_document_has_its_sentence(replaced: dict, sentence: str):
    assert sentence in words(**replaced)


def test_a_policy_that_did_not_compile_is_still_compared():
    broken = documents(clients=[{"id": "lost", "team": "nobody"}])
    assert "client lost is gone; it was: of team nobody" in difference(broken, documents(clients=[]), DAY)
