"""What a release is made of: bill of materials, changelog, signature, and the comment of a plan."""

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support.scripts import ROOT, SCANNERS, run
from tools.supply import changelog, plan_summary, sbom


def locked(name: str) -> set[str]:
    lines = (ROOT / "requirements" / name).read_text().splitlines()
    return {re.split(r"[=\s\[]", line)[0].lower().replace("_", "-") for line in lines if re.match(r"[a-z0-9]", line)}


def test_the_bill_of_materials_has_every_locked_package_with_its_hashes():
    components = sbom.document()["components"]
    python = {each["name"] for each in components if each["purl"].startswith("pkg:pypi/")}
    assert locked("runtime.txt") | locked("agent.txt") | locked("lambda.txt") == python
    assert any(each["purl"] == "pkg:npm/%40portkey-ai/gateway@1.15.2" for each in components)
    assert [each["purl"] for each in components if not each["hashes"]] == []


def test_the_bill_of_materials_is_the_same_each_time():
    assert sbom.document() == sbom.document()


def test_the_bill_of_materials_has_each_package_once():
    references = [each["bom-ref"] for each in sbom.document()["components"]]
    assert len(references) == len(set(references))


def test_the_changelog_has_what_users_notice():
    text = changelog.render("v1.0.0", ["feat(edge)!: new paths", "chore: tidy", "fix: no leak", "feat: budgets"])
    assert text == (
        "# v1.0.0\n\n## Breaking\n\n- **edge**: new paths\n\n## New\n\n- budgets\n\n## Mended\n\n- no leak\n"
    )


PLAN = {
    "environment": "prod",
    "counts": {"create": 1, "destroy": 1},
    "changes": [
        {"action": "create", "address": "aws_sns_topic.a", "loses_data": False, "values": {"password": "hunter2"}},
        {"action": "destroy", "address": "aws_dynamodb_table.b", "loses_data": True, "before": "sk-secret"},
    ],
    "outputs": ["gateway_url"],
}


def test_a_plans_comment_has_addresses_and_actions_and_no_value():
    text = plan_summary.summary(PLAN)
    assert "1 to create, 1 to destroy" in text
    assert "**Data would be lost:** `aws_dynamodb_table.b`" in text
    assert "- create `aws_sns_topic.a`" in text
    assert "hunter2" not in text
    assert "sk-secret" not in text


def test_a_plan_without_changes_says_so():
    empty = {"environment": "dev", "counts": {}, "changes": [], "outputs": []}
    assert plan_summary.summary(empty) == "### dev: nothing would change\n"
    assert plan_summary.count(empty) == 0


ROLE = {"action": "change", "address": "module.compute.aws_iam_role_policy.task", "loses_data": False}


def test_a_plan_that_changes_a_role_is_told_to_be_a_persons():
    text = plan_summary.summary({**PLAN, "changes": [*PLAN["changes"], ROLE]})
    assert "Roles or policies would change" in text
    assert "`gwctl deploy prod`" in text
    assert "Roles or policies" not in plan_summary.summary(PLAN)


@pytest.mark.parametrize(("changes", "code"), [(PLAN["changes"], 0), ([ROLE], 1)])
def test_the_deploy_workflow_stops_before_anybody_approves_what_it_may_not_do(
    tmp_path: Path, changes: list[dict[str, object]], code: int
):
    (tmp_path / "plan.json").write_text(json.dumps({**PLAN, "changes": changes}))
    steps = yaml.safe_load((ROOT / ".github/workflows/deploy-environment.yml").read_text())["jobs"]["saved-plan"][
        "steps"
    ]
    (check,) = re.findall(r"(tools/supply/plan_summary\.py --refuse-identities) plan\.json", str(steps))
    done = run(sys.executable, *(ROOT / check.split()[0], check.split()[1]), tmp_path / "plan.json")
    assert done.returncode == code, done.stdout
    assert ("aws_iam_role_policy.task: no workflow may change roles" in done.stdout) == (code == 1)


def test_a_long_plan_fits_into_a_comment():
    change = {"action": "create", "address": "module.networking.aws_subnet.this[0]" * 3, "loses_data": False}
    assert len(plan_summary.summary({**PLAN, "changes": [change] * 5000})) < 65_536


def imported(path: Path) -> Iterator[str]:
    """The top-level packages that a file imports, wherever it does; not what only the type checker sees."""
    tree = ast.parse(path.read_text())
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_the_agents_image_has_everything_that_the_agent_imports():
    ours = "(module.__file__ for name, module in sys.modules.items() if name.startswith('gwctl.'))"
    loaded = f"import sys, gwctl.agent.__main__\nprint(*{ours})"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    files = {Path(name) for name in done.stdout.split() if name != "None"} | set(
        (ROOT / "src/gwctl/agent").rglob("*.py")
    )
    owners = importlib.metadata.packages_distributions()
    used = {
        owner.lower().replace("_", "-").replace(".", "-")
        for file in files
        for name in imported(file)
        for owner in owners.get(name, [])
    }
    assert used - {"gwctl"} - locked("agent.txt") == set()


def test_a_signature_of_cosign_holds_and_a_changed_file_breaks_it(tmp_path: Path):
    """With a key on this machine: the keyless identity of the release workflow needs GitHub and Sigstore."""
    cosign = shutil.which("cosign", path=os.pathsep.join([*map(str, SCANNERS), os.environ["PATH"]]))
    if cosign is None:
        pytest.skip(
            "no cosign here (scripts/install-tools cosign builds it in five minutes); signing runs in release.yml"
        )
    environment = {"COSIGN_PASSWORD": "", "HOME": str(tmp_path)}
    (tmp_path / "SHA256SUMS").write_text("what is signed\n")
    assert run(cosign, "generate-key-pair", at=tmp_path, **environment).returncode == 0
    offline = tmp_path / "config.json"
    offline.write_text(json.dumps({"mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json"}))
    signed = run(
        *(cosign, "sign-blob", "--yes", "--key", "cosign.key", "--signing-config", offline),
        *("--bundle", "bundle.json", "SHA256SUMS"),
        at=tmp_path,
        **environment,
    )
    assert signed.returncode == 0, signed.stdout
    verify = (
        cosign,
        "verify-blob",
        "--key",
        "cosign.pub",
        "--private-infrastructure",
        "--bundle",
        "bundle.json",
        "SHA256SUMS",
    )
    done = run(*verify, at=tmp_path, **environment)
    assert done.returncode == 0, done.stdout
    (tmp_path / "SHA256SUMS").write_text("what is signed, changed\n")
    assert run(*verify, at=tmp_path, **environment).returncode != 0
