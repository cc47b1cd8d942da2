"""House rules of the Terraform code, read from its text."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from plan.kit.examples import examples_in
from plan.kit.sessions import RootPlans
from plan.kit.terraform import MODULES, REPOSITORY, ROOT, find_terraform
from plan.module_tables import COMMAND, directories, with_section
from tools.docs.reading.hcl import blocks, blocks_of

MODULE_DIRECTORIES = sorted(path.parent for path in MODULES.glob("*/versions.tf"))
READS_NOTHING = {"aws_iam_policy_document"}
REMOVED_IN_6 = (
    r"data\.aws_region\.\w+\.(name|id)\b",
    r"\baws_s3_bucket\.\w+(\[[^]]*\])?\.region\b",
    r"\baws_api_gateway_deployment\.\w+\.(execution_arn|invoke_url)\b",
    r"\binference_accelerator\b",
    r"\b(inline_policy|managed_policy_arns)\b",
)
ARGUMENTS_REMOVED_IN_6 = {
    "aws_api_gateway_account": ("reset_on_delete",),
    "aws_api_gateway_deployment": ("canary_settings", "stage_description", "stage_name"),
    "aws_eip": ("vpc",),
    "aws_flow_log": ("log_group_name",),
}
PROMISED_OUTPUTS = {
    "admin_api": {"api_execution_arn", "api_url"},
    "audit_log": {"firehose_stream_name", "glue_database_name", "s3_bucket_name"},
    "auth": {"cognito_client_id", "cognito_token_endpoint", "cognito_user_pool_arn", "cognito_user_pool_id"},
    "compute": {"ecr_repository_url", "ecs_cluster_name", "ecs_service_name"},
    "networking": {
        "alb_arn",
        "alb_dns_name",
        "alb_security_group_id",
        "alb_target_group_gateway_arn",
        "private_subnets",
        "vpc_id",
    },
    "observability": {"gateway_log_group_name", "logs_kms_key_arn", "otel_log_group_name"},
}
"""What others may build on, whether the root uses it or not."""


@pytest.fixture(params=directories(), ids=lambda path: path.name)
def directory(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_is_formatted(terraform_env: dict[str, str]) -> None:
    command = [str(find_terraform()), "fmt", "-check", "-diff", "-recursive", str(MODULES), str(ROOT)]
    found = subprocess.run(command, env=terraform_env, capture_output=True, text=True, check=False)
    assert found.returncode == 0, f"terraform fmt -recursive modules infrastructure\n{found.stdout}{found.stderr}"


@pytest.mark.parametrize("file", ["variables.tf", "outputs.tf"])
def test_is_alphabetical(directory: Path, file: str) -> None:
    names = [block.name for block in blocks_of(directory / file)]
    assert names == sorted(names)


def test_variables_are_described_and_typed(directory: Path) -> None:
    lacking = [
        each.name
        for each in blocks_of(directory / "variables.tf")
        if not each.text("description") or not each.text("type")
    ]
    assert lacking == []


def test_outputs_are_described(directory: Path) -> None:
    assert [each.name for each in blocks_of(directory / "outputs.tf") if not each.text("description")] == []


@pytest.mark.parametrize("module", PROMISED_OUTPUTS)
def test_has_the_outputs_that_others_build_on(module: str) -> None:
    assert PROMISED_OUTPUTS[module] <= {block.name for block in blocks_of(MODULES / module / "outputs.tf")}


def test_variables_and_outputs_are_in_their_files(directory: Path) -> None:
    wanted = {"variable": "variables.tf", "output": "outputs.tf"}
    assert [each.name for each in blocks(directory, *wanted) if each.file.name != wanted[each.kind]] == []


def test_has_about_a_dozen_inputs(directory: Path) -> None:
    if directory != ROOT:
        assert len(blocks_of(directory / "variables.tf")) <= 13


def test_errors_of_validations_are_sentences(directory: Path) -> None:
    messages = [
        message
        for file in directory.glob("*.tf")
        for message in re.findall(r'error_message = "(.*)"$', file.read_text(), re.MULTILINE)
    ]
    assert [each for each in messages if not each.endswith(".") or len(each) < 30] == []


def test_asks_aws_nothing_while_planning(directory: Path) -> None:
    data = {block.labels[0] for block in blocks(directory, "data")}
    assert data <= READS_NOTHING


def removed_in_6(directory: Path) -> list[str]:
    """What of a module the provider from 6.0 on does not have, or is about to lose."""
    references = [
        f"{file.name}: {match.group(0)}"
        for file in directory.glob("*.tf")
        for pattern in REMOVED_IN_6
        if (match := re.search(pattern, file.read_text()))
    ]
    return references + [
        f"{block.address}: {name}"
        for block in blocks(directory, "resource")
        for name in ARGUMENTS_REMOVED_IN_6.get(block.labels[0], ())
        if name in block.body
    ]


def test_uses_nothing_that_provider_6_removed(directory: Path) -> None:
    assert removed_in_6(directory) == []


def test_the_provider_warns_of_nothing(root_plans: RootPlans) -> None:
    """What 6.0 removed, 5.100 calls deprecated. All modules are looked at, whether a feature is on or off."""
    found = json.loads(root_plans.workspace().run("validate", "-json"))
    assert (found["valid"], found["diagnostics"]) == (True, [])


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("aws_api_gateway_deployment", "stage_name = aws_x.y.id"),
        ("aws_eip", "vpc    = true"),
        ("aws_flow_log", 'log_group_name = "x"'),
        ("aws_iam_role", "managed_policy_arns = []"),
        ("aws_lb", "name = data.aws_region.current.name"),
    ],
)
def test_what_provider_6_removed_is_found(kind: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(f'resource "{kind}" "this" {{\n  {line}\n}}\n')
    assert len(removed_in_6(tmp_path)) == 1


def test_versions_are_the_same_everywhere(directory: Path) -> None:
    assert (directory / "versions.tf").read_text() == (ROOT / "versions.tf").read_text()


def test_context_is_the_same_everywhere() -> None:
    bodies = [
        each.body
        for module in MODULE_DIRECTORIES
        for each in blocks_of(module / "variables.tf")
        if each.name == "context"
    ]
    assert [each for each in bodies if each != bodies[0]] == []


def test_providers_are_configured_in_the_root_only() -> None:
    assert [each.file for module in MODULE_DIRECTORIES for each in blocks(module, "provider")] == []


def test_only_the_root_sets_tags() -> None:
    named = re.compile(r"^\s*tags\s*=(?!\s*\{ Name = )", re.MULTILINE)
    assert [str(file) for file in MODULES.glob("*/*.tf") if named.search(file.read_text())] == []


def test_files_are_short() -> None:
    files = [*MODULES.glob("*/*.tf"), *ROOT.glob("*.tf")]
    long = {str(file.relative_to(REPOSITORY)): len(file.read_text().splitlines()) for file in files}
    assert {name: lines for name, lines in long.items() if lines > 300 and not name.endswith("variables.tf")} == {}


def test_readme_has_an_example(directory: Path) -> None:
    assert list(examples_in(directory / "README.md"))


def test_readme_has_current_tables(directory: Path) -> None:
    readme = directory / "README.md"
    assert readme.read_text() == with_section(readme), f"The tables of {readme} are old: {COMMAND}"


def test_lock_file_holds_for_mirror_and_registry() -> None:
    hashes = re.findall(r'"(h1|zh):', (ROOT / ".terraform.lock.hcl").read_text())
    assert "h1" in hashes
    assert hashes.count("zh") >= 10
