"""`gwctl deploy local`: the whole life of an environment in the emulated AWS. The tests build on each other.

It proves our graph, our types and our commands. What AWS itself would answer it does not prove.
"""

import base64
import json
from typing import Any

import boto3
import httpx
import pytest

from emulated.checkout import PARALLELISM, Checkout
from emulated.conftest import Interrupted
from gwctl.admin.api.operations import APIS
from gwctl.environments.deploy import emulator, local_gateway
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.deployed import admin_settings, agent_settings
from gwctl.policy.snapshot import Snapshot
from gwctl.stores.aws.settings import Settings
from support.gateway import Gateway
from support.requirements import require
from support.session import measured

CRANE = "crane (scripts/install-tools crane)"
pytestmark = pytest.mark.timeout(900)


def client(checkout: Checkout, service: str) -> Any:
    running = emulator.current(checkout.project)
    assert running
    session = boto3.Session("emulated", "emulated", region_name="eu-central-1")
    return session.client(service, endpoint_url=running.url)  # type: ignore[call-overload]


def test_the_repositories_are_there_before_a_service_that_pulls_from_them(repositories: Any, checkout: Checkout):
    """The runbook's order: bootstrap, the repositories, the images, and only then all the rest."""
    made = client(checkout, "ecr").describe_repositories()["repositories"]
    names = ("agent", "collector", "edge", "gateway")
    assert {each["repositoryName"] for each in made} == {f"gwctl-local/{name}" for name in names}
    kinds = {each["address"].split("aws_")[1].split(".")[0] for each in repositories["plan"]["changes"]}
    assert kinds == {"ecr_lifecycle_policy", "ecr_repository", "kms_key"}
    assert client(checkout, "ecs").list_clusters()["clusterArns"] == []
    assert "cloudwatchRoleArn" in client(checkout, "apigateway").get_account()


def test_the_images_go_where_the_repositories_are(repositories: Any, mirrored: dict[str, str], checkout: Checkout):
    require(bool(mirrored), CRANE)
    made = client(checkout, "ecr").describe_repositories()["repositories"]
    places = {reference.partition("/")[2].partition("@")[0] for reference in mirrored.values()}
    assert places == {each["repositoryName"] for each in made}
    account = json.loads(checkout.gwctl("environments", "list", "--json").stdout)
    (local,) = [each["account_id"] for each in account if each["name"] == "local"]
    token = client(checkout, "ecr").get_authorization_token()["authorizationData"][0]["authorizationToken"]
    assert base64.b64decode(token).decode().startswith(f"AWS:{local}")


def test_ctrl_c_ends_an_apply_in_order_and_leaves_no_lock(interrupted: Interrupted):
    assert interrupted.code == 130
    assert "Stopping: Terraform ends what it has begun" in interrupted.said
    assert "No lock is left." in interrupted.said
    assert "`gwctl deploy local` goes on from there" in interrupted.said


def test_everything_is_built(deployed: Any):
    counts = deployed["plan"]["counts"]
    measured.LINES.append(f"{deployed['seconds']:4.0f} s  of it the apply of {counts['add']} resources")
    assert deployed["applied"] is True
    assert counts["add"] > 150
    assert counts["change"] == counts["destroy"] == 0
    # What was being made when it was stopped.
    replaced = [each for each in deployed["plan"]["changes"] if each["action"] == "replace"]
    assert {each["reason"] for each in replaced} <= {"it was left half-made by an apply that failed"}


def test_the_smoke_suite_passes_on_what_was_deployed(deployed: Any):
    """Clients, tables, buckets and stream of the deployment serve the gateway of this machine."""
    assert deployed["smoke"]["state"] == "passed"


def test_the_gateway_of_what_was_deployed_conforms(deployed: Any, checkout: Checkout):
    done = checkout.conformance()
    assert done.returncode == 0, done.stdout
    assert " 1 passed" in f" {done.stdout.splitlines()[-1]}"
    measured.LINES += [line for line in done.stdout.splitlines() if line.startswith("conformance:")]


def test_the_first_policy_is_there_and_lets_nobody_in(deployed: Any, checkout: Checkout):
    """Without one no task would ever be healthy."""
    assert deployed["first_policy"] == 1
    bucket = deployed["outputs"]["snapshot_bucket_name"]
    snapshot = client(checkout, "s3").get_object(Bucket=bucket, Key="snapshots/1.json")
    assert Snapshot.from_json(snapshot["Body"].read()).clients == {}


def test_a_second_plan_is_empty_also_without_terragrunt(deployed: Any, checkout: Checkout):
    """The same state, found by Terraform alone; the plan is kept for its owner alone."""
    saved = checkout.root / "saved"
    with checkout.without_terragrunt():
        done = checkout.gwctl("plan", "local", "--json", "--plan-file", str(saved), "--parallelism", PARALLELISM)
    assert done.returncode == 0, done.stderr
    assert "There is no Terragrunt here: Terraform runs by itself" in done.stderr
    plan = json.loads(done.stdout)
    assert (plan["changes"], plan["outputs"]) == ([], [])
    assert saved.stat().st_mode & 0o777 == 0o600


def test_a_saved_plan_of_another_environment_is_refused(deployed: Any, checkout: Checkout):
    place = checkout.project.environments
    (place / "copy").mkdir()
    text = checkout.yaml.read_text().replace("10.200.0.0", "10.201.0.0")
    (place / "copy" / "environment.yaml").write_text(text)
    done = checkout.gwctl("deploy", "copy", "--yes", "--plan-file", str(checkout.root / "saved"))
    assert done.returncode == 1
    assert "is for local, not for copy" in done.stderr


def deployed_settings(checkout: Checkout) -> dict[str, Any]:
    """What the agent's container is told."""
    services = client(checkout, "ecs").describe_services(cluster="gwctl-local", services=["gateway"])["services"]
    task = client(checkout, "ecs").describe_task_definition(taskDefinition=services[0]["taskDefinition"])
    containers = {each["name"]: each for each in task["taskDefinition"]["containerDefinitions"]}
    return json.loads(containers["agent"]["environment"][0]["value"])


def test_the_gateway_here_uses_what_the_agents_container_would(deployed: Any, checkout: Checkout):
    given = deployed_settings(checkout)
    of_machine = {
        "bootstrap_path",
        "edge",
        "ephemeral",
        "gateway_notes_path",
        "gateway_preload_path",
        "otlp_endpoint",
        "state_dir",
        "status_path",
    }
    settings = agent_settings(Applied.read(checkout.project.place("local")))
    assert settings == {name: value for name, value in given.items() if name not in of_machine}


def test_the_admin_api_here_uses_what_its_functions_would(deployed: Any, checkout: Checkout):
    functions = client(checkout, "lambda").list_functions()["Functions"]
    assert len(functions) == len(APIS)
    given = Settings.from_environment(functions[0]["Environment"]["Variables"])
    assert admin_settings(Applied.read(checkout.project.place("local"))) == given


def test_what_was_built_is_known_to_the_other_commands(deployed: Any, checkout: Checkout):
    applied = Applied.read(checkout.project.place("local"))
    running = emulator.current(checkout.project)
    assert running
    assert applied.endpoint == running.url
    assert set(applied.output("cognito_client_ids")) == {"admin", "default", "reports"}
    tables = client(checkout, "dynamodb").list_tables()["TableNames"]
    assert set(applied.output("table_names").values()) <= set(tables)


def test_clients_can_be_read_with_their_secrets(deployed: Any, checkout: Checkout):
    """What `gwctl token` needs, and the local issuer."""
    outputs = deployed["outputs"]
    answer = client(checkout, "cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["cognito_user_pool_id"], ClientId=outputs["cognito_client_id"]
    )["UserPoolClient"]
    assert answer["ClientSecret"]
    assert answer["AllowedOAuthScopes"] == ["gateway/invoke"]


def test_a_deployed_client_gets_a_token(deployed: Any, checkout: Checkout):
    done = checkout.gwctl("token", "--env", "local")
    assert done.returncode == 0, done.stderr
    payload = done.stdout.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    assert (claims["client_id"], claims["scope"]) == (deployed["outputs"]["cognito_client_id"], "gateway/invoke")


def test_a_client_of_the_admin_api_is_in_the_deployed_pool(deployed: Any, checkout: Checkout):
    here = Gateway(local_gateway.data_of(checkout.project.place("local")).connection)
    admin = here.token(here.connection.admin_client_id, here.connection.admin_client_secret)
    url, headers = f"{here.connection.admin_url}/teams/default/clients", {"authorization": f"Bearer {admin}"}
    made = httpx.post(url, json={"name": "made here"}, headers=headers, trust_env=False).raise_for_status().json()
    rotated = (
        httpx.post(f"{url}/{made['client_id']}/secret", headers=headers, trust_env=False).raise_for_status().json()
    )
    found = client(checkout, "cognito-idp").describe_user_pool_client(
        UserPoolId=deployed["outputs"]["cognito_user_pool_id"], ClientId=made["client_id"]
    )["UserPoolClient"]
    assert (found["ClientName"], found["ClientSecret"]) == ("gwctl-local default made here", rotated["client_secret"])
    assert here.token(made["client_id"], rotated["client_secret"])


def test_buckets_that_ask_for_tls_can_be_used(deployed: Any, checkout: Checkout):
    """moto takes a condition that is not met for a refusal, unless it is patched."""
    s3, bucket = client(checkout, "s3"), deployed["outputs"]["snapshot_bucket_name"]
    s3.put_object(Bucket=bucket, Key="probe", Body=b"x")
    assert s3.get_object(Bucket=bucket, Key="probe")["Body"].read() == b"x"
    s3.delete_object(Bucket=bucket, Key="probe")


def test_outputs_are_shown(deployed: Any, checkout: Checkout):
    assert checkout.json("outputs", "local") == json.loads(json.dumps(deployed["outputs"]))


def test_doctor_is_content(deployed: Any, checkout: Checkout):
    found = {each["what"]: each for each in checkout.json("doctor", "local")}
    assert {found[what]["state"] for what in ("file", "credentials", "state bucket", "state lock", "outputs")} == {"ok"}
    assert (found["policy"]["state"], found["policy"]["detail"][:8]) == ("ok", "version ")


def test_a_change_of_size_and_image_is_made_in_place(deployed: Any, checkout: Checkout):
    checkout.edit("maximum: 3", "maximum: 5")
    checkout.edit("agent@sha256:1111", "agent@sha256:5555")
    done = checkout.json("deploy", "local", "--yes", "--no-gateway", "--no-smoke", "--parallelism", PARALLELISM)
    assert done["first_policy"] is None, "there is one already"
    changed = {each["address"]: each for each in done["plan"]["changes"]}
    assert {address: each["action"] for address, each in changed.items()} == {
        "module.compute.aws_appautoscaling_target.gateway": "change",
        "module.compute.aws_ecs_service.gateway": "change",
        "module.compute.aws_ecs_task_definition.gateway": "replace",
    }
    assert "max_capacity 3 → 5" in changed["module.compute.aws_appautoscaling_target.gateway"]["attributes"]
    reason = changed["module.compute.aws_ecs_task_definition.gateway"]["reason"]
    assert reason == "container_definitions cannot be changed in place"
    services = client(checkout, "ecs").describe_services(cluster="gwctl-local", services=["gateway"])["services"]
    images = client(checkout, "ecs").describe_task_definition(taskDefinition=services[0]["taskDefinition"])
    assert any("sha256:5555" in each["image"] for each in images["taskDefinition"]["containerDefinitions"])


def test_a_lock_that_is_left_is_told_with_how_to_release_it(deployed: Any, checkout: Checkout):
    lock = {"ID": "1a2b3c4d-0000-0000-0000-000000000000", "Who": "ann@laptop", "Operation": "OperationTypeApply"}
    place = {"Bucket": "gwctl-state-123456789012-eu-central-1", "Key": "local/terraform.tfstate.tflock"}
    client(checkout, "s3").put_object(**place, Body=json.dumps(lock).encode())
    try:
        done = checkout.gwctl("plan", "local", "--lock-seconds", "0")
    finally:
        client(checkout, "s3").delete_object(**place)
    assert done.returncode == 1
    assert f"The state has a lock {lock['ID']} by ann@laptop" in done.stderr
    assert f"GWCTL_ENV=local .tools/bin/terragrunt force-unlock -force {lock['ID']}" in done.stderr


def test_nobody_to_ask_changes_nothing(deployed: Any, checkout: Checkout):
    done = checkout.gwctl("destroy", "local")
    assert done.returncode == 1
    assert "there is nobody to ask" in done.stderr
    assert emulator.current(checkout.project)


def test_a_dry_run_destroys_nothing(deployed: Any, checkout: Checkout):
    saved = str(checkout.root / "to-destroy")
    assert checkout.gwctl("plan", "local", "--destroy", "--plan-file", saved).returncode == 0
    done = checkout.json("destroy", "local", "--dry-run", "--plan-file", saved)
    assert done["destroyed"] is False
    assert done["plan"]["counts"]["destroy"] > 150
    assert emulator.current(checkout.project)


def test_everything_is_destroyed(deployed: Any, checkout: Checkout):
    saved = str(checkout.root / "to-destroy")
    done = checkout.json("destroy", "local", "--yes", "--plan-file", saved, "--parallelism", PARALLELISM)
    assert done["plan"]["counts"]["destroy"] > deployed["plan"]["counts"]["add"]
    assert done["destroyed"] is True
    assert emulator.current(checkout.project) is None
    assert not checkout.project.place("local").applied.exists()


def test_destroying_what_is_not_there_is_no_error(deployed: Any, checkout: Checkout):
    assert checkout.json("destroy", "local", "--yes")["destroyed"] is True
