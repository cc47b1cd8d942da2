"""The collector's configuration fits together, listens on loopback only, and exports what dashboard and alarms read."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from plan.kit.examples import module_examples
from plan.kit.sessions import ModulePlans
from plan.kit.terraform import MODULES
from plan.kit.tfplan import Plan

CONFIG: dict[str, Any] = yaml.safe_load((MODULES / "compute" / "files" / "collector.yaml").read_text())
KINDS = ("receivers", "processors", "exporters")
IN_ADOT = {
    "awsemf", "awsxray", "batch", "health_check", "memory_limiter", "otlp", "resource", "resourcedetection",
}  # fmt: skip
"""Components of the AWS distribution that this configuration may use."""


def pipelines() -> Iterator[dict[str, list[str]]]:
    yield from CONFIG["service"]["pipelines"].values()


@pytest.fixture(scope="module")
def observability(module_plans: ModulePlans) -> Plan:
    return module_plans.of(next(each for each in module_examples() if each.name == "observability"))


@pytest.mark.parametrize("kind", KINDS)
def test_pipelines_use_what_is_configured(kind: str) -> None:
    used = {name for pipeline in pipelines() for name in pipeline[kind]}
    assert used == set(CONFIG[kind])


def test_components_are_in_the_aws_distribution() -> None:
    names = {name.split("/")[0] for kind in (*KINDS, "extensions") for name in CONFIG[kind]}
    assert names <= IN_ADOT


def test_memory_is_limited_first() -> None:
    assert {pipeline["processors"][0] for pipeline in pipelines()} == {"memory_limiter"}


def test_listens_on_loopback_only() -> None:
    endpoints = re.findall(r"endpoint': '([^']+)'", str(CONFIG))
    assert endpoints
    assert all(each.startswith("127.0.0.1:") for each in endpoints)


def test_limits_fit_the_container(module_plans: ModulePlans) -> None:
    compute = module_plans.of(next(each for each in module_examples() if each.name == "compute"))
    containers = compute.of("aws_ecs_task_definition")[0].get("container_definitions")
    collector = next(each for each in containers if each["name"] == "collector")
    limiter = CONFIG["processors"]["memory_limiter"]
    assert limiter["limit_mib"] + limiter["spike_limit_mib"] <= collector["memory"]
    wanted = set(re.findall(r"\$\{env:(\w+)\}", str(CONFIG)))
    assert wanted <= {each["name"] for each in collector["environment"]}


def exported(metric: str) -> list[list[str]]:
    """The sets of dimensions under which a metric reaches CloudWatch."""
    return [
        dimensions
        for declaration in CONFIG["exporters"]["awsemf"]["metric_declarations"]
        if any(re.search(selector, metric) for selector in declaration["metric_name_selectors"])
        for dimensions in declaration["dimensions"]
    ]


def test_alarms_read_metrics_that_are_exported(observability: Plan) -> None:
    alarms = [each for each in observability.of("aws_cloudwatch_metric_alarm") if each.get("namespace") == "gwctl-dev"]
    assert len(alarms) == 3
    for alarm in alarms:
        assert sorted(alarm.get("dimensions") or {}) in exported(alarm.get("metric_name")), alarm.address


@pytest.mark.parametrize(
    "title",
    ["Requests a minute", "Error rate", "Time to the first byte", "Requests by provider", "Spend an hour"],
)
def test_dashboard_shows(title: str, observability: Plan) -> None:
    widgets = observability.of("aws_cloudwatch_dashboard")[0].get("dashboard_body")["widgets"]
    (found,) = [each["properties"] for each in widgets if each["properties"]["title"].startswith(title)]
    assert found["metrics"]


def test_dashboard_and_alarm_judge_errors_by_the_same_metrics(observability: Plan) -> None:
    widgets = observability.of("aws_cloudwatch_dashboard")[0].get("dashboard_body")["widgets"]
    shown = next(each["properties"] for each in widgets if each["properties"]["title"].startswith("Error rate"))
    alarm = next(each for each in observability.of("aws_cloudwatch_metric_alarm") if each.get("metric_query"))
    read = {each["id"]: each["metric"][0]["metric_name"] for each in alarm.get("metric_query") if each.get("metric")}
    assert {options["id"]: metric for _, metric, _, _, options in shown["metrics"][1:]} == read


def test_dashboard_reads_metrics_that_are_exported(observability: Plan) -> None:
    module = (MODULES / "observability" / "dashboard.tf").read_text()
    searched = re.findall(r'\{\\"\$\{local\.namespace\}\\",\\"([\w.]+)\\"\} MetricName=\\"([\w.]+)\\"', module)
    plain = re.findall(r'\[local\.namespace, "([\w.]+)"', module)
    assert searched
    assert plain
    assert [pair for pair in searched if [pair[0]] not in exported(pair[1])] == []
    assert [metric for metric in plain if [] not in exported(metric)] == []
