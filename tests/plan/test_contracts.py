"""Terraform and Python say the same words: scopes, settings of the edge, columns of the audit log, route documents."""

import json
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.agent.settings import SETTINGS_VARIABLE, AgentSettings
from gwctl.core import scopes
from gwctl.edge.settings import EdgeSettings
from gwctl.ledger.metering.events import UsageEvent
from gwctl.local.data_dir import DataDir
from gwctl.local.supervisor import stack
from gwctl.local.supervisor.programs import Programs
from gwctl.pricing.tokens import otel_name
from plan.kit.examples import module_examples, root_examples
from plan.kit.sessions import ModulePlans, RootPlans
from plan.kit.terraform import MODULES, ROOT
from plan.kit.tfplan import Plan
from plan.rules.policies import statements, statements_of


@pytest.fixture(scope="module")
def plans(module_plans: ModulePlans) -> dict[str, Plan]:
    """The examples' plans, by name."""
    return {each.name: module_plans.of(each) for each in module_examples()}


@pytest.fixture(scope="module")
def containers(plans: dict[str, Plan]) -> dict[str, Any]:
    """The containers of the task, by name."""
    definitions = plans["compute"].of("aws_ecs_task_definition")[0].get("container_definitions")
    return {each["name"]: each for each in definitions}


@pytest.fixture(scope="module")
def agent_settings(containers: dict[str, Any]) -> dict[str, Any]:
    """What the agent is told."""
    (variable,) = containers["agent"]["environment"]
    return json.loads(variable["value"])


def test_cognito_has_the_scopes_that_edge_and_admin_api_check(plans: dict[str, Plan]) -> None:
    server = plans["auth"].of("aws_cognito_resource_server")[0]
    assert server.get("identifier") == scopes.RESOURCE_SERVER
    assert {f"{server.get('identifier')}/{each['scope_name']}" for each in server.get("scope")} == set(scopes.ALL)


def test_the_agent_understands_its_settings(containers: dict[str, Any], agent_settings: dict[str, Any]) -> None:
    """It refuses fields that it does not know; of `edge` that is checked here."""
    (variable,) = containers["agent"]["environment"]
    assert variable["name"] == SETTINGS_VARIABLE
    settings = AgentSettings.model_validate_json(variable["value"])
    assert set(agent_settings["edge"]) <= {each.name for each in fields(EdgeSettings)}
    assert settings.tables
    assert settings.tables.ledger == "gwctl-dev-ledger"
    assert settings.snapshot
    assert settings.provider_secrets.keys() == {"anthropic", "openai"}


def test_nothing_that_the_agent_does_is_left_out_in_a_deployment(agent_settings: dict[str, Any]) -> None:
    """Every setting is given but those with a default that fits, and those that only a laptop has."""
    fitting = {
        "events_path",
        "max_backlog_bytes",
        "max_log_bytes",
        "min_free_bytes",
        "quota_wait_seconds",
        "snapshot_path",
    }
    laptop = {"notifications_webhook", "secrets_path", "snapshot_poll_seconds"}
    without_aws = {"audit_dir", "database_url", "record", "record_days"}
    assert set(agent_settings) == set(AgentSettings.model_fields) - fitting - laptop - without_aws


def test_the_edge_waits_longer_than_the_load_balancer(plans: dict[str, Plan], agent_settings: dict[str, Any]) -> None:
    idle = plans["networking"].of("aws_lb")[0].get("idle_timeout")
    defaults = {each.name: each.default for each in fields(EdgeSettings)}
    settings = {**defaults, **agent_settings["edge"]}
    assert settings["connection_idle_seconds"] > idle
    assert settings["stream_idle_seconds"] > idle


def test_edge_gateway_and_scanner_have_a_port_each(agent_settings: dict[str, Any]) -> None:
    """Without one for the scanner every request under a content rule would be refused."""
    edge = agent_settings["edge"]
    assert len({edge["listen_port"], edge["scanner_port"], *edge["gateway_ports"]} - {None}) == 3


def test_spans_go_to_the_collector_of_the_task(agent_settings: dict[str, Any]) -> None:
    """To the same place as the agent's metrics, and of the share that the root module takes."""
    edge = agent_settings["edge"]
    receiver = yaml.safe_load((MODULES / "compute" / "files" / "collector.yaml").read_text())["receivers"]["otlp"]
    assert (
        edge["trace_endpoint"]
        == f"http://{receiver['protocols']['http']['endpoint']}"
        == agent_settings["otlp_endpoint"]
    )
    assert (edge["trace_share"], edge["deployment"]) == (0.05, "gwctl-dev")
    assert "trace_share       = var.observability.trace_share" in (ROOT / "compute.tf").read_text()


def test_one_proxy_stands_before_the_edge(agent_settings: dict[str, Any]) -> None:
    assert agent_settings["edge"]["trusted_hops"] == 1


def test_paths_of_unix_sockets_are_short_enough(agent_settings: dict[str, Any]) -> None:
    edge = agent_settings["edge"]
    assert all(len(path) < 108 for path in (edge["reserve_socket"], edge["admin_socket"]))


def test_every_directory_of_the_settings_is_mounted(containers: dict[str, Any], agent_settings: dict[str, Any]) -> None:
    edge = agent_settings["edge"]
    used = {
        edge["xds_dir"],
        edge["secrets_dir"],
        edge["usage_log"].rpartition("/")[0],
        edge["admin_socket"].rpartition("/")[0],
    }
    for name in ("agent", "edge"):
        assert used <= {each["containerPath"] for each in containers[name]["mountPoints"]}


def test_provider_keys_reach_nobody_but_agent_and_edge(containers: dict[str, Any]) -> None:
    mounting = {
        name for name, each in containers.items() if any(m["sourceVolume"] == "secrets" for m in each["mountPoints"])
    }
    assert mounting == {"agent", "edge"}
    assert containers["agent"]["user"] == containers["edge"]["user"]
    assert len({each["user"] for each in containers.values()}) == 3


@pytest.fixture(scope="module")
def laptop(tmp_path_factory: pytest.TempPathFactory) -> stack.Stack:
    """The parts of `gwctl up`."""
    data = DataDir(tmp_path_factory.mktemp("laptop"))
    data.create()
    nowhere = Path("/nowhere")
    return stack.Stack(data, Programs(nowhere / "envoy", nowhere / "node", nowhere / "start-server.js"), nowhere, {})


def options(command: Iterable[str]) -> dict[str, str]:
    """Option → value, whichever way they are written; what is no option is left out."""
    words = list(command)
    found: dict[str, str] = {}
    for word, following in zip(words, [*words[1:], "--"], strict=True):
        if word.startswith("--"):
            name, equals, value = word.partition("=")
            found[name] = value if equals else "" if following.startswith(("--", "/")) else following
    return found


def test_portkey_is_started_as_on_a_laptop(containers: dict[str, Any], laptop: stack.Stack) -> None:
    deployed = options(containers["gateway"]["command"])
    local = options(laptop.gateway(8787, []).command)
    assert deployed == local


def test_envoy_is_started_as_on_a_laptop(containers: dict[str, Any], laptop: stack.Stack) -> None:
    deployed = options(containers["edge"]["command"])
    local = options(laptop.edge(laptop.edge_settings(8080, 1, 8787, 8788, 1)).command)
    assert {**deployed, "--concurrency": "?"} == {**local, "--concurrency": "?"}


def test_what_the_agent_writes_is_where_the_others_look(
    containers: dict[str, Any], agent_settings: dict[str, Any]
) -> None:
    edge, gateway = containers["edge"]["command"], containers["gateway"]["command"]
    assert edge[edge.index("--config-path") + 1] == agent_settings["bootstrap_path"]
    assert gateway[gateway.index("--require") + 1] == agent_settings["gateway_preload_path"]
    (mount,) = containers["gateway"]["mountPoints"]
    noted = {each["name"]: each["value"] for each in containers["gateway"]["environment"]}[stack.NOTES_VARIABLE]
    assert noted == agent_settings["gateway_notes_path"]
    for path in (noted, agent_settings["gateway_preload_path"]):
        assert path.startswith(f"{mount['containerPath']}/")


def test_edge_starts_last_and_collector_first(containers: dict[str, Any]) -> None:
    waits = {
        name: {each["containerName"]: each["condition"] for each in c["dependsOn"]} for name, c in containers.items()
    }
    assert waits == {
        "agent": {"collector": "START"},
        "collector": {},
        "edge": {"agent": "HEALTHY", "gateway": "HEALTHY"},
        "gateway": {"agent": "HEALTHY"},
    }


def test_what_signs_calls_to_bedrock_can_do_nothing_else(root_plans: RootPlans, agent_settings: dict[str, Any]) -> None:
    """Portkey gets its sessions. The task's own role, which can write the ledger, may only make them."""
    deployment = root_plans.of(next(each for each in root_examples() if each.name == "root_production"))
    bedrock = "arn:aws:iam::111122223333:role/gwctl-prod-bedrock"
    role = next(each for each in deployment.of("aws_iam_role") if each.get("name") == "gwctl-prod-bedrock")
    assert [each.principals for each in statements_of(role)] == [("arn:aws:iam::111122223333:role/gwctl-prod-task",)]
    granted = {
        each.where: each for each in statements(deployment) if any("bedrock:" in action for action in each.actions)
    }
    places = {where.rpartition(".")[2] for where in granted if "endpoint" not in where}
    assert places <= {"bedrock[0]", "apply[0]", "models[0]", "read", "change"}
    (session,) = [each for each in statements(deployment) if each.sid == "BedrockSession"]
    assert (session.actions, session.resources) == (("sts:AssumeRole",), (bedrock,))
    assert agent_settings["bedrock_role_arn"] == bedrock.replace("prod", "dev")


def test_portkey_is_not_told_where_the_tasks_credentials_are(containers: dict[str, Any]) -> None:
    entry = containers["gateway"]["entryPoint"]
    assert entry == ["/usr/bin/env", "-u", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "node"]


def test_only_the_collector_may_fail_alone(containers: dict[str, Any]) -> None:
    assert [name for name, each in containers.items() if not each["essential"]] == ["collector"]
    assert containers["collector"]["restartPolicy"]["enabled"]


def test_fargate_allows_the_stop_timeouts(containers: dict[str, Any]) -> None:
    assert max(each["stopTimeout"] for each in containers.values()) <= 120


def audit_columns(plan: Plan) -> dict[str, str]:
    """Column → key in the JSON of a record."""
    table = next(each for each in plan.of("aws_glue_catalog_table") if each.get("name") == "records")
    stream = plan.of("aws_kinesis_firehose_delivery_stream")[0].block("extended_s3_configuration")
    conversion = stream["data_format_conversion_configuration"][0]["input_format_configuration"][0]["deserializer"][0]
    mapping = conversion["open_x_json_ser_de"][0]["column_to_json_key_mappings"]
    return {
        each["name"]: mapping.get(each["name"], each["name"]) for each in table.block("storage_descriptor")["columns"]
    }


def test_every_field_of_a_usage_event_has_a_column(plans: dict[str, Plan]) -> None:
    columns = audit_columns(plans["audit_log"])
    assert {name: columns.get(name) for name in UsageEvent.model_fields} == {
        name: otel_name(name) for name in UsageEvent.model_fields
    }


def test_tables_of_all_teams_and_of_one_have_the_same_columns(plans: dict[str, Plan]) -> None:
    columns = {
        table.get("name"): {each["name"] for each in table.block("storage_descriptor")["columns"]}
        for table in plans["audit_log"].of("aws_glue_catalog_table")
    }
    assert columns["records"] == columns["records_by_team"] | {"team"}


def test_saved_queries_use_columns_that_exist(plans: dict[str, Plan]) -> None:
    known = {*audit_columns(plans["audit_log"]), "year", "month", "day", "copy", "records"}
    sql = {
        "and", "as", "asc", "by", "count", "count_if", "current_date", "desc", "distinct", "from", "group", "is",
        "null", "order", "over", "partition", "row_number", "select", "substr", "sum", "where",
    }  # fmt: skip
    made = {"requests", "usd", "requests_without_price", "requests_estimated", "refused", "e9"}
    for query in plans["audit_log"].of("aws_athena_named_query"):
        text = "\n".join(line.split("--")[0] for line in query.get("query").splitlines())
        words = {word for part in text.split("'")[::2] for word in _words(part)}
        assert words <= known | sql | made, query.address


def _words(text: str) -> list[str]:
    cleaned = "".join(character if character.isalnum() or character == "_" else " " for character in text.lower())
    return [word.lstrip("0123456789") for word in cleaned.split() if not word.isdigit()]
