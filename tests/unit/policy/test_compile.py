"""compile: documents in, snapshot out, or every problem by name."""

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gwctl.policy.compile import compile_policy
from gwctl.policy.documents import Documents
from gwctl.policy.errors import PolicyError
from gwctl.policy.snapshot import GroupNode, Snapshot, TargetNode, targets_of
from unit.policy.examples import DAY, compiled, documents, policies, shuffled


def problems_of(given: Documents) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        compile_policy(given, version=1, on=DAY)
    return [str(problem) for problem in caught.value.problems]


@given(policies())
def test_compiling_twice_gives_the_same_bytes(given: Documents):
    first, second = (compile_policy(given, version=3, on=DAY) for _ in range(2))
    assert first.to_json() == second.to_json()


@given(st.data())
def test_the_order_of_documents_does_not_matter(data: st.DataObject):
    given = data.draw(policies())
    other = data.draw(st.composite(lambda draw: shuffled(draw, given))())
    assert compile_policy(given, version=1, on=DAY).to_json() == compile_policy(other, version=1, on=DAY).to_json()


@given(policies())
def test_a_snapshot_is_ordered_as_its_json_is(given: Documents):
    snapshot = compile_policy(given, version=1, on=DAY)
    assert Snapshot.from_json(snapshot.to_json()).model_dump_json() == snapshot.model_dump_json()


@given(policies())
def test_a_snapshot_survives_the_way_through_json(given: Documents):
    snapshot = compile_policy(given, version=1, on=DAY)
    assert Snapshot.from_json(snapshot.to_json()) == snapshot


@given(policies())
def test_every_name_in_a_snapshot_resolves_inside_it(given: Documents):
    snapshot = compile_policy(given, version=1, on=DAY)
    assert {client.team for client in snapshot.clients.values()} <= snapshot.teams.keys()
    assert {team.profile for team in snapshot.teams.values()} <= snapshot.profiles.keys()
    for profile in snapshot.profiles.values():
        for apis in profile.models.values():
            assert set(apis.values()) <= snapshot.variants.keys()
    for variant in snapshot.variants.values():
        assert set(variant.scanner) <= snapshot.scanner.keys()
        for node in targets_of(variant.tree):
            assert node.provider in snapshot.providers
            assert node.price is None or node.price in snapshot.prices


@given(policies(), st.data())
def test_a_dangling_reference_is_refused_by_name(given: Documents, data: st.DataObject):
    client = data.draw(st.sampled_from(given.clients))
    broken = given.model_copy(update={"teams": tuple(team for team in given.teams if team.id != client.team)})
    assert any(f"clients/{client.id}: team: there is no team '{client.team}'" in line for line in problems_of(broken))


@pytest.mark.parametrize(
    ("section", "entry", "expected"),
    [
        (
            "routes",
            {"id": "r", "targets": [{"provider": "nowhere", "model": "m"}]},
            "routes/r: targets.0.provider: there is no provider 'nowhere'; add that provider or correct the name",
        ),
        (
            "routes",
            {"id": "r", "targets": [{"provider": "openai", "model": "m"}], "fallbacks": ["gone"]},
            "routes/r: fallbacks.0: there is no route 'gone'; add that route or correct the name",
        ),
        (
            "routes",
            {"id": "r", "targets": [{"provider": "openai", "model": "m"}], "scanner": ["gone"]},
            "routes/r: scanner.0: there is no scanner rule 'gone'; add that scanner rule or correct the name",
        ),
        (
            "teams",
            {"id": "t", "models": ["gone"]},
            "teams/t: models.0: there is no route 'gone'; add that route or correct the name",
        ),
        (
            "budgets",
            {"id": "b", "client": "gone", "limit_tokens": 1, "period": "day"},
            "budgets/b: client: there is no client 'gone'; add that client or correct the name",
        ),
        (
            "budgets",
            {"id": "b", "team": "search", "model": "gone", "limit_tokens": 1, "period": "day"},
            "budgets/b: model: there is no route 'gone'; add that route or correct the name",
        ),
        (
            "scanner",
            {"id": "s", "action": "deny", "pattern": "x", "teams": ["gone"]},
            "scanner/s: teams.0: there is no team 'gone'; add that team or correct the name",
        ),
        (
            "scanner",
            {"id": "s", "action": "deny", "pattern": "(x"},
            "scanner/s: pattern: is not a regular expression",
        ),
        (
            "scanner",
            {"id": "s", "action": "redact", "pattern": "(?=x)y"},
            "scanner/s: pattern: is not a regular expression of RE2 (look-ahead (?=…) is not supported)",
        ),
        (
            "pricing",
            {"provider": "gone", "model": "m", "input": 1, "output": 1},
            "pricing/gone/m: provider: there is no provider 'gone'; add that provider or correct the name",
        ),
    ],
)
def test_a_reference_to_nothing_names_document_field_and_fix(section: str, entry: dict[str, object], expected: str):
    base = documents()
    broken = documents(**{section: [*(d.model_dump() for d in getattr(base, section)), entry]})
    assert any(line.startswith(expected) for line in problems_of(broken))


def test_two_documents_with_one_id_are_refused():
    clients = [{"id": "same", "team": "search"}, {"id": "same", "team": "platform"}]
    assert problems_of(documents(clients=clients)) == ["clients/same: id: stands twice; keep one of the two"]


def test_a_circle_of_fallbacks_is_refused_and_shown():
    target = {"provider": "openai", "model": "gpt-4o-mini"}
    routes = [
        {"id": "fast", "targets": [target], "fallbacks": ["b"]},
        {"id": "b", "targets": [target], "fallbacks": ["fast"]},
    ]
    (problem,) = problems_of(documents(routes=routes))
    assert "fast → b → fast" in problem


def test_all_problems_are_reported_at_once():
    broken = documents(teams=[{"id": "t", "models": ["gone-1", "gone-2"]}], clients=[], budgets=[])
    assert len(problems_of(broken)) == 2


def test_targets_that_cannot_serve_an_api_are_left_out_of_its_variant():
    snapshot = compiled()
    profile = snapshot.profiles[snapshot.teams["platform"].profile].models["claude"]
    messages, chat = snapshot.variants[profile["messages"]], snapshot.variants[profile["chat"]]
    assert [node.provider for node in targets_of(messages.tree)] == ["anthropic"]
    assert [node.provider for node in targets_of(chat.tree)] == ["anthropic", "openai"]


def test_an_api_that_no_target_can_serve_is_absent_from_the_profile():
    snapshot = compiled()
    assert "messages" not in snapshot.profiles[snapshot.teams["search"].profile].models["fast"]


def test_weighted_targets_come_before_the_fallback_routes():
    target = {"provider": "openai", "model": "gpt-4o-mini"}
    weighted = [{"provider": "openai", "model": "gpt-4o", "weight": 3}, {**target, "weight": 1}]
    routes = [
        {"id": "fast", "targets": [target]},
        {"id": "spread", "strategy": "weighted", "targets": weighted, "fallbacks": ["fast"]},
    ]
    snapshot = compiled(routes=routes)
    variant = snapshot.variants[snapshot.profiles[snapshot.teams["platform"].profile].models["spread"]["chat"]]
    assert isinstance(variant.tree, GroupNode)
    first, second = variant.tree.targets
    assert isinstance(first, GroupNode)
    assert first.strategy == "weighted"
    assert [node.weight for node in targets_of(first)] == [3, 1]
    assert isinstance(second, TargetNode)


def test_a_route_that_falls_back_on_nothing_has_one_target_for_each_api():
    targets = [{"provider": "openai", "model": "gpt-4o"}, {"provider": "anthropic", "model": "claude-sonnet-4-5"}]
    snapshot = compiled(routes=[{"id": "fast", "targets": targets, "fallback_on": []}])
    apis = snapshot.profiles[snapshot.teams["search"].profile].models["fast"]
    assert [node.provider for node in targets_of(snapshot.variants[apis["chat"]].tree)] == ["openai"]
    assert [node.provider for node in targets_of(snapshot.variants[apis["messages"]].tree)] == ["anthropic"]


@pytest.mark.parametrize(
    ("path", "model"),
    [((0, 0), "a"), ((0, 1), "b"), ((1,), "c"), ((0,), None), ((), None), ((2,), None), ((1, 0), None)],
)
def test_a_path_leads_to_a_target_of_a_variant_or_to_none(path: tuple[int, ...], model: str | None):
    pair = [{"provider": "openai", "model": "a"}, {"provider": "openai", "model": "b"}]
    routes = [
        {"id": "r", "strategy": "weighted", "targets": pair, "fallbacks": ["s"]},
        {"id": "s", "targets": [{"provider": "anthropic", "model": "c"}]},
    ]
    snapshot = compiled(routes=routes, teams=[{"id": "t"}], clients=[], budgets=[], pricing=[])
    variant = snapshot.variants[snapshot.profiles[snapshot.teams["t"].profile].models["r"]["chat"]]
    found = variant.target_at(path)
    assert (found.model if found else None) == model


def test_teams_with_the_same_models_and_rules_share_a_profile():
    teams = [{"id": "a", "models": ["claude", "fast"]}, {"id": "b", "models": ["fast", "claude"]}, {"id": "c"}]
    snapshot = compiled(teams=teams, clients=[], budgets=[])
    assert len(snapshot.profiles) == 1


def test_a_rule_for_one_team_gives_it_variants_of_its_own():
    rules = [{"id": "no-keys", "action": "deny", "pattern": "AKIA", "teams": ["search"]}]
    snapshot = compiled(scanner=rules)
    scanned = {name for name, variant in snapshot.variants.items() if variant.scanner == ("no-keys",)}
    assert scanned == set(snapshot.profiles[snapshot.teams["search"].profile].models["fast"].values())


def test_an_override_replaces_the_price_of_the_book():
    snapshot = compiled(pricing=[{"provider": "openai", "model": "gpt-4o-mini", "input": "1.5", "output": "2"}])
    price = snapshot.prices["openai/gpt-4o-mini"]
    assert (price.input, price.output, price.source) == (1_500_000_000, 2_000_000_000, "pricing/openai/gpt-4o-mini")


def test_a_model_outside_the_price_book_has_no_price():
    routes = [{"id": "fast", "targets": [{"provider": "openai", "model": "our-own-model"}]}]
    snapshot = compiled(routes=routes, budgets=[], pricing=[])
    (variant,) = snapshot.variants.values()
    assert [node.price for node in targets_of(variant.tree)] == [None]


def test_a_dollar_budget_over_a_model_without_a_price_is_refused():
    routes = [{"id": "fast", "targets": [{"provider": "openai", "model": "our-own-model"}]}]
    (problem,) = problems_of(documents(routes=routes, pricing=[]))
    assert problem == (
        "budgets/search-month: limit_usd: cannot be held: route fast can be served by openai/our-own-model, "
        "which has no price; add a price under pricing"
    )


def test_a_dollar_limit_becomes_nano_dollars():
    budgets = [{"id": "b", "team": "search", "limit_usd": "0.000000001", "period": "day"}]
    assert compiled(budgets=budgets).quotas["b"].limit == 1


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ({}, "gateway"),
        ({"team": "search"}, "team:search"),
        ({"client": "search-api"}, "client:search-api"),
        ({"team": "search", "model": "fast"}, "team:search/model:fast"),
    ],
)
def test_a_budget_has_one_scope(scope: dict[str, str], expected: str):
    budgets = [{"id": "b", **scope, "limit_requests": 5, "period": "minute"}]
    assert compiled(budgets=budgets).quotas["b"].scope == expected


def test_fifty_thousand_clients_compile_in_two_seconds():
    teams = [{"id": f"team-{number}"} for number in range(2_000)]
    clients = [{"id": f"client-{number:026d}", "team": f"team-{number % 2_000}"} for number in range(50_000)]
    many = documents(teams=teams, clients=clients, budgets=[])
    started = time.process_time()
    compile_policy(many, version=1, on=date(2026, 11, 21))
    assert time.process_time() - started < 2
