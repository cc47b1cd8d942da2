"""Open circuits in what Portkey is told: the target keeps its place and is marked."""

from typing import Any

import pytest

from gwctl.edge.breaker import OpenTargets, TargetName
from gwctl.edge.render import render_policy
from unit.edge.circuits import POLICY
from unit.edge.program import SETTINGS, Program


def config(route: str, open_targets: OpenTargets) -> tuple[Any, str | None]:
    program = Program(POLICY, {"openai": {"api_key": "k"}}, open_targets=open_targets)
    outcome = program.request(body={"model": route, "messages": []}, client="t-api")
    assert outcome.went_on
    return outcome.config, outcome.decision.get("skipped")


def opens(node: dict[str, Any]) -> Any:
    """A tree of marks: a leaf is its mark; a group, its mark and its children's."""
    mark = node.get("is_open", False)
    return (mark, [opens(child) for child in node["targets"]]) if "targets" in node else mark


def names(route: str, found: str) -> OpenTargets:
    return frozenset(TargetName(route, "openai", model) for model in found)


def test_an_open_target_keeps_its_place_and_is_marked():
    built, skipped = config("pair", names("pair", "a"))

    assert (built["id"], opens(built), skipped) == ("gw", (False, [True, False]), "config.targets[0]")


def test_a_group_of_open_targets_is_marked_itself():
    built, skipped = config("mixed", names("mixed", "ab"))

    assert opens(built) == (False, [(True, [False, False]), (True, [False, False]), False])
    assert skipped == "config.targets[0] config.targets[1]"


def test_marks_are_where_the_targets_are():
    built, skipped = config("mixed", names("mixed", "a"))

    assert opens(built) == (False, [(False, [True, False]), (False, [True, False]), False])
    assert skipped == "config.targets[0].targets[0] config.targets[1].targets[0]"


@pytest.mark.parametrize("route", ["pair", "mixed"])
def test_never_all_are_left_out(route: str):
    built, skipped = config(route, names(route, "abc"))

    assert (built, skipped) == config(route, frozenset())


def test_another_routes_circuit_changes_nothing():
    assert config("pair", names("mixed", "a")) == config("pair", frozenset())


def test_only_the_policy_differs():
    usual = render_policy(POLICY, SETTINGS, {})
    skipping = render_policy(POLICY, SETTINGS, {}, names("pair", "a"))

    assert (skipping.version, skipping.clusters, skipping.secrets) == (usual.version, usual.clusters, usual.secrets)
    assert skipping.policy != usual.policy
