"""`gwctl deploy local`: the whole life of an environment in the emulated AWS. The tests build on each other.

It proves our graph, our types and our commands. What AWS itself would answer it does not prove.
"""

import json
from typing import Any

import boto3
import pytest

from emulated.checkout import PARALLELISM, Checkout
from gwctl.environments import emulator
from gwctl.environments.applied import Applied

pytestmark = pytest.mark.timeout(900)

FEATURES = """
multi_client:
  reports: {scopes: [read], token_minutes: 15}
cost_attribution:
  budget: {monthly_usd: 100}
bedrock_guardrails:
  default: {pii: {EMAIL: ANONYMIZE}}
fallback_routing:
  routes:
    fast:
      targets:
        - {provider: anthropic, model: claude-fast}
        - {provider: openai, model: gpt-fast}
"""


@pytest.fixture(scope="module")
def deployed(checkout: Checkout) -> Any:
    """The environment with all opt-in features, built."""
    with checkout.yaml.open("a") as file:
        file.write(FEATURES)
    return checkout.json("deploy", "local", "--yes", "--parallelism", PARALLELISM)


def client(checkout: Checkout, service: str) -> Any:
    running = emulator.current(checkout.project)
    assert running
    session = boto3.Session("emulated", "emulated", region_name="eu-central-1")
    return session.client(service, endpoint_url=running.url)  # type: ignore[call-overload]


def test_everything_is_built(deployed: Any):
    counts = deployed["plan"]["counts"]
    print(f"\n{counts['add']} resources in {deployed['seconds']:.0f} s")
    assert deployed["applied"] is True
    assert counts["add"] > 150
    assert counts["change"] == counts["replace"] == counts["destroy"] == 0


def test_a_smoke_suite_that_is_not_there_is_told(deployed: Any):
    assert deployed["smoke"]["state"] == "not installed"


def test_a_second_plan_is_empty(deployed: Any, checkout: Checkout):
    plan = checkout.json("plan", "local", "--parallelism", PARALLELISM)
    assert (plan["changes"], plan["outputs"]) == ([], [])


def test_what_was_built_is_known_to_the_other_commands(deployed: Any, checkout: Checkout):
    applied = Applied.read(checkout.project.place("local"))
    running = emulator.current(checkout.project)
    assert running
    assert applied.endpoint == running.url
    assert set(applied.output("cognito_client_ids")) == {"admin", "default", "reports"}
    tables = client(checkout, "dynamodb").list_tables()["TableNames"]
    assert set(applied.output("table_names").values()) <= set(tables)


def test_clients_can_be_read_with_their_secrets(deployed: Any, checkout: Checkout):
    """What a local issuer needs to give out tokens for the deployed clients."""
    outputs = deployed["outputs"]
    answer = client(checkout, "cognito-idp").describe_user_pool_client(
        UserPoolId=outputs["cognito_user_pool_id"], ClientId=outputs["cognito_client_id"]
    )["UserPoolClient"]
    assert answer["ClientSecret"]
    assert answer["AllowedOAuthScopes"] == ["gateway/invoke"]


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
    assert found["policy"]["detail"] == "no policy has been published"


def test_a_change_of_size_and_image_is_made_in_place(deployed: Any, checkout: Checkout):
    checkout.edit("maximum: 3", "maximum: 5")
    checkout.edit("agent@sha256:1111", "agent@sha256:5555")
    done = checkout.json("deploy", "local", "--yes", "--parallelism", PARALLELISM)
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
        done = checkout.gwctl("plan", "local")
    finally:
        client(checkout, "s3").delete_object(**place)
    assert done.returncode == 1
    assert f"The state has a lock {lock['ID']} by ann@laptop" in done.stderr
    assert f"GWCTL_ENV=local .tools/bin/terragrunt force-unlock -force {lock['ID']}" in done.stderr


def test_a_saved_plan_of_another_environment_is_refused(deployed: Any, checkout: Checkout):
    place = checkout.project.environments
    (place / "copy").mkdir()
    text = checkout.yaml.read_text().replace("10.200.0.0", "10.201.0.0")
    (place / "copy" / "environment.yaml").write_text(text)
    saved = checkout.root / "saved"
    assert checkout.gwctl("plan", "local", "--plan-file", str(saved)).returncode == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    done = checkout.gwctl("deploy", "copy", "--yes", "--plan-file", str(saved))
    assert done.returncode == 1
    assert "is for local, not for copy" in done.stderr


def test_a_dry_run_destroys_nothing(deployed: Any, checkout: Checkout):
    done = checkout.json("destroy", "local", "--dry-run")
    assert done["destroyed"] is False
    assert done["plan"]["counts"]["destroy"] > 150
    assert emulator.current(checkout.project)


def test_nobody_to_ask_changes_nothing(deployed: Any, checkout: Checkout):
    done = checkout.gwctl("destroy", "local")
    assert done.returncode == 1
    assert "there is nobody to ask" in done.stderr
    assert emulator.current(checkout.project)


def test_ctrl_c_leaves_no_lock_and_the_next_destroy_removes_the_rest(deployed: Any, checkout: Checkout):
    from emulated.checkout import press_ctrl_c

    errors = checkout.root / "stopped.log"
    process = checkout.begin("destroy", "local", "--yes", "--parallelism", PARALLELISM, errors=errors)
    press_ctrl_c(process, errors, "  destroyed  ")
    assert process.wait(120) == 130
    said = errors.read_text()
    assert "Stopping: Terraform ends what it has begun" in said
    assert "No lock is left." in said
    assert "`gwctl destroy local` goes on from there" in said

    done = checkout.json("destroy", "local", "--yes", "--parallelism", PARALLELISM)
    assert 0 < done["plan"]["counts"]["destroy"] < deployed["plan"]["counts"]["add"]
    assert done["destroyed"] is True
    assert emulator.current(checkout.project) is None
    assert not checkout.project.place("local").applied.exists()


def test_destroying_what_is_not_there_is_no_error(deployed: Any, checkout: Checkout):
    assert checkout.json("destroy", "local", "--yes")["destroyed"] is True
