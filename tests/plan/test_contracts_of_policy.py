"""Terraform and Python say the same words: routes, content rules, and the functions of the admin API."""

import importlib

import pytest

from gwctl.admin.api.operations import APIS
from gwctl.admin.service.runtime import providers_from
from gwctl.policy.documents import FALLBACK_STATUSES, BedrockGuardrail, Route
from gwctl.stores.aws.settings import Settings
from plan.kit.examples import module_examples, root_examples
from plan.kit.sessions import ModulePlans, RootPlans
from plan.kit.tfplan import Plan


@pytest.fixture(scope="module")
def plans(module_plans: ModulePlans) -> dict[str, Plan]:
    """The examples' plans, by name."""
    return {each.name: module_plans.of(each) for each in module_examples()}


def test_fallback_routes_are_route_documents(root_plans: RootPlans) -> None:
    production = next(each for each in root_examples() if each.name == "root_production")
    documents = root_plans.of(production).outputs["fallback_route_documents"]
    route = Route.model_validate(documents["claude-opus-5-5"])
    assert [target.provider for target in route.targets] == ["anthropic", "bedrock"]
    assert route.fallback_on == FALLBACK_STATUSES


def test_functions_are_those_of_the_admin_api(root_plans: RootPlans) -> None:
    deployment = root_plans.of(root_examples()[0])
    names = {
        each.get("function_name").removeprefix("gwctl-dev-admin-") for each in deployment.of("aws_lambda_function")
    }
    assert names == set(APIS)


def test_functions_understand_their_settings(plans: dict[str, Plan]) -> None:
    for function in plans["admin_api"].of("aws_lambda_function"):
        variables = function.block("environment")["variables"]
        tables = Settings.from_environment(variables).tables
        assert (tables.documents, tables.ledger) == ("gwctl-dev-documents", "gwctl-dev-ledger")
        assert [each.id for each in providers_from(variables)] == ["anthropic"]


def test_of_the_ledger_one_function_gets_single_items_and_no_other_anything(root_plans: RootPlans) -> None:
    documents = root_plans.of(root_examples()[0]).inside("module.admin_api").documents()
    found = {
        document.address.partition('["')[2].removesuffix('"]'): sorted(statement["actions"])
        for document in documents
        for statement in document.get("statement")
        if statement["sid"] == "TableLedger"
    }
    assert found == {"budgets": ["dynamodb:BatchGetItem", "dynamodb:GetItem"]}


def test_handlers_exist(plans: dict[str, Plan]) -> None:
    for function in plans["admin_api"].of("aws_lambda_function"):
        module, _, name = function.get("handler").rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def test_guardrail_versions_fit_a_scanner_rule() -> None:
    BedrockGuardrail.model_validate({"id": "abcdef123456", "version": "1"})
