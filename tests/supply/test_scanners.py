"""Every scanner finds nothing in the tree, and finds what is planted: one that cannot fail proves nothing.

The tree is scanned by the tasks of mise.toml, so a task that does not work is found here.
"""

import json
import shutil
import subprocess
import textwrap
import tomllib
from pathlib import Path

import pytest
import yaml

from gwctl.core.keys import new_key
from support.scripts import ROOT, program, run

pytestmark = pytest.mark.timeout(400)

TASKS = tomllib.loads((ROOT / "mise.toml").read_text())["tasks"]
SCANS = [name.removeprefix("scan:") for name in TASKS if name.startswith("scan:")]
NEEDS = {"rules": "semgrep", "history": "gitleaks", "vulnerabilities": "trivy"}
NOT_HERE = {
    "syft": "no syft: the Go proxy has not all of it; it runs in security.yml, release.yml (mise install syft)",
    "trivy": "no trivy: the Go proxy has it not; it runs in security.yml (mise install trivy)",
}
"""Programs that only mise gets. Everywhere else their tests skip, also where nothing else may."""


def optional(name: str) -> str:
    """The program's path; skips where it is not there."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(NOT_HERE[name])
    return found


def scan(name: str, path: Path) -> subprocess.CompletedProcess[str]:
    program(NEEDS.get(name, name))
    return run(ROOT / "scripts" / "scan", name, path)


def plant(path: Path, content: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(content))
    return path


def test_every_scanner_of_the_script_has_a_task():
    listed = (ROOT / "scripts" / "scan").read_text().partition("\nnames=(")[2].partition(")")[0].split()
    assert sorted([*listed, "history", "trivy", "vulnerabilities"]) == sorted(SCANS)


@pytest.mark.parametrize("name", SCANS)
def test_the_tree_is_clean(name: str):
    needed = NEEDS.get(name, name)
    if needed in NOT_HERE:
        optional(needed)
    else:
        program(needed)
    done = run("bash", "-c", TASKS[f"scan:{name}"]["run"])
    assert done.returncode == 0, done.stdout


def test_each_house_rule_for_code_finds_its_violation(tmp_path: Path):
    plant(tmp_path / ".semgrepignore", "# nothing\n")
    plant(tmp_path / "src/gwctl/ledger/money.py", "cost_nanos: float = 0.5\n")
    plant(tmp_path / "src/gwctl/agent/saving.py", 'def save(path):\n    path.write_text("half")\n')
    plant(tmp_path / "src/gwctl/edge/told.py", '_LOG.info("the token is %s", token)\n')
    plant(tmp_path / "src/gwctl/edge/fetched.py", "httpx.get(url, verify=False)\n")
    plant(tmp_path / "src/gwctl/edge/ran.py", 'import subprocess\nsubprocess.run(f"terraform plan {name}")\n')
    plant(tmp_path / "src/gwctl/edge/parsed.py", "import yaml\nyaml.load(text, Loader=yaml.Loader)\n")
    plant(tmp_path / "tests/test_slowly.py", "import time\ntime.sleep(3)\n")
    plant(tmp_path / "requirements/runtime.txt", "--index-url https://pypi" + ".org/simple\n")
    done = scan("semgrep", tmp_path)
    assert done.returncode == 1, done.stdout
    rules = [path.stem for path in (ROOT / "policies" / "semgrep").glob("*.yaml")]
    assert [rule for rule in rules if rule not in done.stdout] == []


def test_each_house_rule_for_code_has_a_test():
    folder = ROOT / "policies" / "semgrep"
    assert [path.name for path in folder.glob("*.yaml") if len(list(folder.glob(f"{path.stem}.*"))) < 2] == []


def test_bandit_finds_its_violation(tmp_path: Path):
    done = scan("bandit", plant(tmp_path / "bad.py", "import pickle\npickle.loads(data)\n"))
    assert done.returncode == 1, done.stdout
    assert "B301" in done.stdout


def test_each_house_rule_for_terraform_finds_its_violation(tmp_path: Path):
    plant(
        tmp_path / "main.tf",
        """\
        provider "aws" {
          region = "eu-central-1"
        }
        data "aws_caller_identity" "this" {}
        data "aws_iam_policy_document" "all" {
          statement {
            actions   = ["s3:*"]
            resources = ["*"]
          }
        }
        resource "aws_s3_bucket" "mine" {
          bucket = "mine"
        }
        resource "aws_kms_key" "mine" {}
        resource "aws_cloudwatch_log_group" "short" {
          name              = "short"
          retention_in_days = 7
        }
        resource "aws_iam_role" "mine" {
          name               = "admin"
          assume_role_policy = "{}"
        }
        resource "aws_iam_role_policy_attachment" "all" {
          role       = aws_iam_role.mine.name
          policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess"
        }
        resource "aws_security_group_rule" "all" {
          type              = "ingress"
          from_port         = 0
          to_port           = 0
          protocol          = "-1"
          security_group_id = "sg-1"
        }
        """,
    )
    done = scan("checkov", tmp_path)
    assert done.returncode == 1, done.stdout
    rules = [f"CKV_GW_{number}:" for number in range(1, 10)]
    assert [rule for rule in rules if rule not in done.stdout] == []


def test_gitleaks_finds_a_planted_secret(tmp_path: Path):
    # Put together here, so that this file does not hold it.
    key = "AKIA" + "Q3EGV5RWSGTK4Y7D"
    plant(tmp_path / "settings.py", f'aws_access_key_id = "{key}"\n')
    done = scan("gitleaks", tmp_path)
    assert done.returncode == 1, done.stdout
    assert "aws-access-token" in done.stdout
    assert key not in done.stdout


def test_gitleaks_finds_a_virtual_key_and_says_how_to_revoke_it(tmp_path: Path):
    key = new_key().text
    plant(tmp_path / "continue.yaml", f"apiKey: {key}\n")
    done = scan("gitleaks", tmp_path)
    assert done.returncode == 1, done.stdout
    assert "gwctl-virtual-key" in done.stdout
    assert key not in done.stdout


def test_gitleaks_finds_a_secret_that_a_later_commit_removed(tmp_path: Path):
    git = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")
    run("git", "init", "--quiet", at=tmp_path)
    for content in ("AKIA" + "Q3EGV5RWSGTK4Y7D", "nothing"):
        plant(tmp_path / "settings.py", f'aws_access_key_id = "{content}"\n')
        run("git", "add", ".", at=tmp_path)
        run(*git, "commit", "--quiet", "-m", "feat: x", at=tmp_path)
    done = run(program("gitleaks"), "git", "--no-banner", "--redact", "--log-opts", "--all", ".", at=tmp_path)
    assert done.returncode == 1, done.stdout


def test_hadolint_finds_its_violation(tmp_path: Path):
    done = scan("hadolint", plant(tmp_path / "Dockerfile", "FROM debian:latest\nRUN cd /tmp && sudo make\n"))
    assert done.returncode == 1, done.stdout
    assert {"DL3007", "DL3004"} <= set(done.stdout.split())


def test_tflint_finds_its_violation(tmp_path: Path):
    plant(tmp_path / "main.tf", 'variable "unused" {\n  type = string\n}\n')
    done = scan("tflint", tmp_path)
    assert done.returncode != 0, done.stdout
    assert "terraform_unused_declarations" in done.stdout


UNSAFE = """\
name: unsafe
on: pull_request_target
jobs:
  test:
    runs-on: ubuntu-24.04
    steps:
      - uses: actions/checkout@v4
      - run: echo "${{ github.event.pull_request.title }}"
"""


def test_zizmor_finds_an_unpinned_action_and_an_injection(tmp_path: Path):
    done = scan("zizmor", plant(tmp_path / ".github/workflows/unsafe.yml", UNSAFE))
    assert done.returncode != 0, done.stdout
    assert [
        each for each in ("unpinned-uses", "template-injection", "dangerous-triggers") if each not in done.stdout
    ] == []


def test_actionlint_finds_its_violation(tmp_path: Path):
    done = scan("actionlint", plant(tmp_path / "bad.yml", UNSAFE.replace("runs-on: ubuntu-24.04", "runs-on: ubuntu-1")))
    assert done.returncode == 1, done.stdout
    assert "ubuntu-1" in done.stdout


def test_one_failure_does_not_hide_the_others():
    text = (ROOT / "scripts" / "scan").read_text()
    assert '|| failed+=("$name")' in text


def test_trivy_finds_a_planted_secret(tmp_path: Path):
    optional("trivy")
    plant(tmp_path / "settings.py", 'aws_access_key_id = "' + "AKIA" + 'Q3EGV5RWSGTK4Y7D"\n')
    done = run(ROOT / "scripts" / "scan", "trivy", tmp_path)
    assert done.returncode == 1, done.stdout


def test_syft_lists_what_is_locked():
    done = run(optional("syft"), "scan", "file:requirements/agent.txt", "--quiet", "--output", "cyclonedx-json")
    assert any(each["name"] == "pydantic" for each in json.loads(done.stdout)["components"])


STUB = """\
#!/bin/sh
echo "{name} $*" >> {notes}
exit {code}
"""


@pytest.mark.parametrize(
    ("fails", "called"), [("", ["trivy", "syft"]), ("trivy", ["trivy"]), ("syft", ["trivy", "syft"])]
)
def test_the_scan_of_an_image_fails_with_either_program(tmp_path: Path, fails: str, called: list[str]):
    """The real ones need Docker and a database; these take notes. So what the workflows call is run here too."""
    for name in ("trivy", "syft"):
        path = plant(tmp_path / "bin" / name, STUB.format(name=name, notes=tmp_path / "notes", code=int(name == fails)))
        path.chmod(0o755)
    command = ("env", f"PATH={tmp_path / 'bin'}:/usr/bin:/bin", ROOT / "scripts" / "scan")
    done = run(*command, "image", "gwctl-agent:scan", "agent.cdx.json")
    assert (done.returncode != 0) == bool(fails), done.stdout
    notes = (tmp_path / "notes").read_text().splitlines()
    assert [line.split()[0] for line in notes] == called
    assert notes[0].endswith(" --exit-code 1 gwctl-agent:scan")
    assert (
        notes[-1].startswith("trivy")
        or notes[-1] == "syft scan docker:gwctl-agent:scan --output cyclonedx-json=agent.cdx.json"
    )


@pytest.mark.parametrize("name", [*NOT_HERE, "cosign"])
def test_what_cannot_run_here_runs_in_a_workflow_and_has_a_task(name: str):
    workflows = "".join(path.read_text() for path in sorted((ROOT / ".github" / "workflows").glob("*.yml")))
    by_script = {"syft": "scripts/scan image", "trivy": "scripts/scan vulnerabilities"}.get(name, f"{name} sign-blob")
    assert by_script in workflows
    assert [task for task in TASKS.values() if task["run"].startswith(by_script)]
    assert name in tomllib.loads((ROOT / "mise.toml").read_text())["tools"]


def test_codeql_looks_at_every_language_of_ours():
    """It has no task: GitHub's action is the only way to have it that is pinned by commit."""
    job = yaml.safe_load((ROOT / ".github" / "workflows" / "security.yml").read_text())["jobs"]["codeql"]
    assert job["strategy"]["matrix"]["language"] == ["actions", "javascript-typescript", "python"]
    assert [step["with"]["queries"] for step in job["steps"] if "queries" in step.get("with", {})] == [
        "security-extended"
    ]
