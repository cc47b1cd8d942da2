"""What a plan refuses, each by itself, with a message that says what to do.

Validations need nothing but the variables: copies of `variables.tf` alone are planned, without provider and resources.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import tftest

from plan.guards.module_guards import IMAGES, MODULE_GUARDS
from plan.kit.examples import root_examples
from plan.kit.sessions import RootPlans
from plan.kit.stubs import caller_identity, write_admin_artifacts
from plan.kit.terraform import MODULES, ROOT, Workspace

FINE: dict[str, Any] = {
    "account_id": "111122223333",
    "admin_api": {"allowed_cidrs": ["203.0.113.0/24"]},
    "alb": {"certificate_arn": "arn:aws:acm:eu-central-1:111122223333:certificate/x"},
    "availability_zones": ["eu-central-1a", "eu-central-1b"],
    "environment": "prod",
    "images": IMAGES,
    "production": False,
    "region": "eu-central-1",
}
OWN = {
    name: image.replace("example.com", "111122223333.dkr.ecr.eu-central-1.amazonaws.com")
    for name, image in IMAGES.items()
}
PRODUCTION = {
    **FINE,
    "images": OWN,
    "production": True,
    "observability": {"emails": ["platform@example.com"]},
}
DOMAIN = {"gateway": "ai.example.com", "zone_id": "Z0123456789ABC"}
TO_BEDROCK = {"routes": {"x": {"targets": [{"provider": "a", "model": "m"}, {"provider": "bedrock", "model": "m"}]}}}

ROOT_GUARDS: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "account id": (FINE, {"account_id": "1234"}, "must be the 12 digits"),
    "no certificate": (FINE, {"alb": {}}, "set alb.certificate_arn to one from ACM"),
    "no certificate for an internal balancer": (FINE, {"alb": {"internal": True}}, "set alb.certificate_arn"),
    "two certificates": (FINE, {"domain": DOMAIN}, "remove alb.certificate_arn, or remove domain"),
    "internal and open": (
        FINE,
        {"alb": {**FINE["alb"], "internal": True, "ingress_cidrs": ["0.0.0.0/0"]}},
        "list your private networks in alb.ingress_cidrs",
    ),
    "unpinned image": (FINE, {"images": {**IMAGES, "edge": "envoyproxy/envoy:v1.40"}}, "Not pinned: images.edge."),
    "shortened digest": (
        FINE,
        {"images": {**IMAGES, "agent": "a@sha256:00"}},
        "write repository@sha256:<64 hex digits>",
    ),
    "zone of another region": (FINE, {"availability_zones": ["us-east-1a", "us-east-1b"]}, "zone of another region"),
    "environment too long": (FINE, {"environment": "a-very-long-environment"}, "Shorten it"),
    "environment that looks like another's functions": (
        FINE,
        {"environment": "dev-admin"},
        "cannot have -admin in it",
    ),
    "roles without the state's bucket": (
        FINE,
        {"github": {"repository": {"id": "1", "name": "a", "owner": "b", "owner_id": "2"}}},
        "writes it from state.bucket of environment.yaml",
    ),
    "derived tag": (FINE, {"tags": {"Environment": "x"}}, "tags cannot set Deployment, Environment and ManagedBy"),
    "built-in client": (FINE, {"multi_client": {"admin": {"scopes": ["read"]}}}, "choose another name"),
    "compliance lock outside of production": (
        FINE,
        {"audit_log": {"retention": {"lock_mode": "COMPLIANCE"}}},
        "Use GOVERNANCE",
    ),
    "private admin API with a public name": (
        {key: value for key, value in FINE.items() if key != "alb"},
        {"admin_api": {"private": True}, "domain": {**DOMAIN, "admin": "ai-admin.example.com"}},
        "remove domain.admin, or set admin_api.private = false",
    ),
    "fallback to Bedrock without permission": (
        FINE,
        {"fallback_routing": TO_BEDROCK},
        "name the models in fallback_routing.bedrock_model_arns",
    ),
    "nothing built": (FINE, {"artifacts_dir": "nowhere"}, "run `gwctl build lambda`"),
    "images of a public registry in production": (
        PRODUCTION,
        {"images": {**OWN, "edge": IMAGES["edge"]}},
        "images.edge must be in its own",
    ),
    "scope that ends in a slash": (FINE, {"scope_prefix": "https://gateway.internal/"}, "without a slash at its end"),
    "emulated production": (PRODUCTION, {"emulated": True}, "An emulated AWS is no production"),
    "one NAT gateway in production": (PRODUCTION, {"network": {"nat": "single"}}, 'set network.nat = "per_zone"'),
    "one task in production": (PRODUCTION, {"scaling": {"minimum": 1}}, "set scaling.minimum to 2 or more"),
    "open admin API": (
        FINE,
        {"admin_api": {}},
        "set admin_api.private = true, or list your networks",
    ),
    "admin API for everybody in production": (
        PRODUCTION,
        {"admin_api": {"allowed_cidrs": ["0.0.0.0/0"]}},
        "which is everybody: list your networks",
    ),
    "short audit lock in production": (
        PRODUCTION,
        {"audit_log": {"retention": {"lock_days": 30}}},
        "set audit_log.retention.lock_days to 365 or more",
    ),
    "short logs in production": (
        PRODUCTION,
        {"observability": {"emails": ["a@example.com"], "retention_days": 90}},
        "set observability.retention_days to 365 or more",
    ),
    "alarms for nobody in production": (
        PRODUCTION,
        {"observability": {}},
        "put an address into observability.emails",
    ),
}


ACCEPTED = {"development": FINE, "production": PRODUCTION}
CALLS: dict[str, tuple[Path, dict[str, Any]]] = {
    **{f"root: {name}": (ROOT, {**fine, **change}) for name, (fine, change, _) in ROOT_GUARDS.items()},
    **{name: (MODULES / module, {**fine, **change}) for name, (module, fine, change, _) in MODULE_GUARDS.items()},
    **{f"accepted: {name}": (ROOT, variables) for name, variables in ACCEPTED.items()},
}
"""What is planned: a call of a module with these variables."""


@pytest.fixture(scope="module")
def refusals(terraform_env: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Terraform's words about each of CALLS, each message on one line. All are planned together, a file for each."""
    directory = tmp_path_factory.mktemp("guards")
    write_admin_artifacts(directory / "dist" / "admin")
    root = directory / "root"
    root.mkdir()
    for number, (module, variables) in enumerate(CALLS.values()):
        copy = root / module.name
        copy.mkdir(exist_ok=True)
        shutil.copy(module / "variables.tf", copy)
        # By way of a variable, whose value only the plan knows: all are refused at once, not what is constant first.
        name = f"call_{number}"
        arguments = {each: f"${{var.{name}.{each}}}" for each in variables}
        call = {"module": {name: {"source": f"./{module.name}", **arguments}}, "variable": {name: {}}}
        (root / f"{number}.tf.json").write_text(json.dumps(call))
        (root / f"{number}.auto.tfvars.json").write_text(json.dumps({name: variables}))
    workspace = Workspace(root, terraform_env)
    with pytest.raises(tftest.TerraformTestError) as refused:
        workspace.run("plan", "-input=false", "-json", "-lock=false")
    found: dict[str, list[str]] = {name: [] for name in CALLS}
    for line in re.findall(r'\{"@level":.*\}$', str(refused.value.args[0]), re.MULTILINE):
        told = json.loads(line).get("diagnostic", {})
        if told.get("severity") == "error":
            name = list(CALLS)[int(told["range"]["filename"].removesuffix(".tf.json"))]
            found[name].append(" ".join(told["detail"].split()))
    return found


@pytest.mark.parametrize("guard", ROOT_GUARDS)
def test_root_refuses(guard: str, refusals: dict[str, list[str]]) -> None:
    (found,) = refusals[f"root: {guard}"]
    assert ROOT_GUARDS[guard][2] in found


@pytest.mark.parametrize("name", ACCEPTED)
def test_root_accepts(name: str, refusals: dict[str, list[str]]) -> None:
    assert refusals[f"accepted: {name}"] == []


@pytest.mark.parametrize("guard", MODULE_GUARDS)
def test_module_refuses(guard: str, refusals: dict[str, list[str]]) -> None:
    (found,) = refusals[guard]
    assert MODULE_GUARDS[guard][3] in found


def test_every_guard_of_a_module_is_tried() -> None:
    """What every module has is tried in one of them; what `terraform test` tries is left out."""
    by_terraform = {
        ("admin_api", "A zip in functions does not exist"),
        ("github_oidc", "environment must be"),
        ("github_oidc", "oidc_provider.arn must be"),
        ("github_oidc", "repository."),
    }
    messages = {
        (file.parent.name, message.replace('\\"', '"'))
        for file in MODULES.glob("*/variables.tf")
        for message in re.findall(r'error_message = "(.*)"$', file.read_text(), re.MULTILINE)
        if not message.startswith("context.")
    }
    tried = {(module, words) for module, _, _, words in MODULE_GUARDS.values()} | by_terraform
    assert [each for each in sorted(messages) if not any(each[0] == m and words in each[1] for m, words in tried)] == []


def test_credentials_of_another_account_are_refused(root_plans: RootPlans, terraform_env: dict[str, str]) -> None:
    workspace = root_plans.workspace()
    example = root_examples()[0]
    variables = workspace.directory.parent / "another-account.tfvars"
    variables.write_text(example.code)
    with caller_identity("999999999999") as url:
        other = Workspace(workspace.directory, {**terraform_env, "AWS_ENDPOINT_URL_STS": url}, init=False)
        with pytest.raises(tftest.TerraformTestError, match="AWS account ID not allowed: 999999999999"):
            other.plan([variables])
