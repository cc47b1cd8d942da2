"""The CloudFormation template of the JWT rule, checked against AWS's own schema."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from plan.kit.terraform import MODULES
from support.requirements import require

TEMPLATE = MODULES / "auth" / "templates" / "jwt-rule.yaml"


class _Tagged(yaml.SafeLoader):
    """Reads `!Ref X` as {"Ref": "X"}, and `!Split [",", Y]` as Y."""


_Tagged.add_constructor("!Ref", lambda loader, node: {"Ref": node.value})
_Tagged.add_constructor("!Split", lambda loader, node: [loader.construct_object(each) for each in node.value][1])


def lint(template: Path) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).with_name("cfn-lint")
    program = str(beside) if beside.exists() else shutil.which("cfn-lint")
    require(program is not None, "cfn-lint (make setup)")
    assert program is not None
    command = [program, "--regions", "eu-central-1", "--", str(template)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_template_fits_the_schema() -> None:
    found = lint(TEMPLATE)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("JwksEndpoint: !Ref JwksEndpoint", "JwksUrl: !Ref JwksEndpoint"),
        ("Format: single-string", "Format: string"),
        ("Type: jwt-validation", "Type: jwt-verification"),
    ],
)
def test_a_mistake_in_the_template_is_found(right: str, wrong: str, tmp_path: Path) -> None:
    text = TEMPLATE.read_text()
    assert right in text
    (tmp_path / "template.yaml").write_text(text.replace(right, wrong))
    assert lint(tmp_path / "template.yaml").returncode != 0


def test_the_token_is_checked_before_the_request_goes_on() -> None:
    template = yaml.load(TEMPLATE.read_text(), _Tagged)  # nosemgrep: safe-yaml # a subclass of SafeLoader
    rule = template["Resources"]["Rule"]["Properties"]
    assert [action["Type"] for action in sorted(rule["Actions"], key=lambda each: each["Order"])] == [
        "jwt-validation",
        "forward",
    ]


def test_scope_and_kind_of_token_are_checked() -> None:
    template = yaml.load(TEMPLATE.read_text(), _Tagged)  # nosemgrep: safe-yaml # a subclass of SafeLoader
    rule = template["Resources"]["Rule"]["Properties"]
    claims = rule["Actions"][0]["JwtValidationConfig"]["AdditionalClaims"]
    assert {each["Name"]: each["Values"] for each in claims} == {"scope": {"Ref": "Scopes"}, "token_use": ["access"]}
