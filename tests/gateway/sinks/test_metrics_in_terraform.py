"""What Terraform says of the agent's metrics is what the agent reports."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.sinks.collector import Collector, everything
from gateway.sinks.place import agent_settings
from gwctl.agent.settings import AgentSettings
from gwctl.edge.errors import REFUSALS

MODULES = Path(__file__).resolve().parents[3] / "modules"
CONFIG: dict[str, Any] = yaml.safe_load((MODULES / "compute" / "files" / "collector.yaml").read_text())


@pytest.fixture
def settings(collector: Collector, tmp_path: Path) -> AgentSettings:
    return agent_settings(tmp_path, otlp_endpoint=collector.url)


def declarations() -> list[tuple[str, list[list[str]]]]:
    return [
        (selector, declaration["dimensions"])
        for declaration in CONFIG["exporters"]["awsemf"]["metric_declarations"]
        for selector in declaration["metric_name_selectors"]
    ]


def test_the_collector_selects_all_that_the_agent_reports_and_nothing_else(
    collector: Collector, settings: AgentSettings
):
    names = set(everything(collector, settings).metrics)
    selectors = [selector for selector, _ in declarations()]
    assert {name for name in names if not any(re.search(each, name) for each in selectors)} == set()
    assert {each for each in selectors if not any(re.search(each, name) for name in names)} == set()


def test_the_collectors_dimensions_are_attributes_of_the_agents_metrics(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    for selector, sets in declarations():
        for name in (each for each in received.metrics if re.search(selector, each)):
            for dimensions in sets:
                assert set(dimensions) <= received.keys(name), (name, dimensions)


def test_alarms_and_dashboard_read_what_the_agent_reports(collector: Collector, settings: AgentSettings):
    received = everything(collector, settings)
    alarms = (MODULES / "observability" / "alarms.tf").read_text()
    dashboard = (MODULES / "observability" / "dashboard.tf").read_text()
    read = set(re.findall(r'"(gateway\.[\w.]+|gen_ai\.client[\w.]+)\\?"', alarms + dashboard))
    assert len(read) >= 6
    assert read <= set(received.metrics)
    searched = re.findall(r'\{\\"\$\{local\.namespace\}\\",\\"([\w.]+)\\"\} MetricName=\\"([\w.]+)\\"', dashboard)
    assert len(searched) >= 3
    assert all(dimension in received.keys(name) for dimension, name in searched)


def test_the_refusal_that_an_alarm_counts_exists():
    alarms = (MODULES / "observability" / "alarms.tf").read_text()
    codes = set(re.findall(r'"code" = "(\w+)"', alarms))
    assert codes
    assert codes <= set(REFUSALS)
