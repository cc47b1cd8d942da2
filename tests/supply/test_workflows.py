"""What the workflows do, as far as it can be seen without GitHub: in what order, with what, and what they refuse."""

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.cli.main import run
from supply import guards
from support.scripts import ROOT

ENVIRONMENTS = ["dev", "staging", "prod"]


def steps(file: str, job: str) -> list[dict[str, Any]]:
    """The steps of a job."""
    return guards.workflows(ROOT)[file]["jobs"][job]["steps"]


def script(file: str, job: str) -> str:
    """All that a job runs."""
    return "\n".join(str(step.get("run", "")) for step in steps(file, job))


def test_each_suite_of_tests_is_a_job():
    suites = {path.parent.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").glob("*/**/test_*.py")}
    jobs = guards.workflows(ROOT)["ci.yml"]["jobs"]
    assert set(jobs["suite"]["strategy"]["matrix"]["suite"]) == suites
    assert set(jobs["ci-run"]["needs"]) == set(jobs) - {"ci-run"}


def test_environments_are_deployed_one_after_the_other():
    jobs = guards.workflows(ROOT)["deploy.yml"]["jobs"]
    assert [(name, job.get("needs")) for name, job in jobs.items()] == [
        ("dev", None),
        ("staging", "dev"),
        ("prod", "staging"),
    ]
    assert [job["with"]["environment"] for job in jobs.values()] == ENVIRONMENTS


def test_what_is_applied_is_the_plan_that_was_approved():
    jobs = guards.workflows(ROOT)["deploy-environment.yml"]["jobs"]
    assert "environment" not in jobs["saved-plan"]
    assert jobs["apply"]["environment"] == "${{ inputs.environment }}"
    applied = script("deploy-environment.yml", "apply")
    assert applied.index("sha256sum --check") < applied.index("gwctl deploy")
    assert '--plan-file "$file" --yes' in applied


@pytest.mark.parametrize(
    ("file", "job"), [("plan.yml", "environment-plan"), ("drift.yml", "compare"), ("audit.yml", "records")]
)
def test_what_is_done_for_each_environment_leaves_none_out(file: str, job: str):
    assert guards.workflows(ROOT)[file]["jobs"][job]["strategy"]["matrix"]["environment"] == ENVIRONMENTS


def test_the_audit_log_is_checked_and_leases_are_closed_on_a_schedule():
    workflow = guards.workflows(ROOT)["audit.yml"]
    assert workflow[True]["schedule"]  # YAML 1.1 reads `on` as true
    text = script("audit.yml", "records")
    assert "gwctl audit verify --env" in text
    assert "gwctl audit reconcile --env" in text
    assert workflow["jobs"]["tell"]["if"] == "failure()"


def test_each_role_is_taken_by_the_jobs_that_it_is_for():
    roles = {
        (file, name): match[1]
        for file, name, job in guards.jobs(ROOT)
        if (match := re.search(r"AWS_([A-Z]+)_ROLE_", str(job.get("steps", []))))
    }
    assert roles == {
        ("audit.yml", "records"): "AUDIT",
        ("deploy-environment.yml", "apply"): "APPLY",
        ("deploy-environment.yml", "saved-plan"): "PLAN",
        ("drift.yml", "compare"): "PLAN",
        ("plan.yml", "environment-plan"): "PREVIEW",
    }


def test_jobs_with_an_identity_install_no_more_than_they_run():
    """Not the clients, servers and scanners of the tests: whatever they bring along could take the identity."""
    found = {
        (file, name, each)
        for file, name, job in guards.jobs(ROOT)
        if (job.get("permissions") or {}).get("id-token") == "write"
        for each in re.findall(r"make ([\w./-]+)", str(job.get("steps", [])))
    }
    assert {target for _, _, target in found} <= {".venv/.runtime", ".venv/.dev"}


def test_no_step_of_a_workflow_swallows_a_failure():
    texts = {path.name: path.read_text() for path in (ROOT / ".github" / "workflows").glob("*.yml")}
    assert [name for name, text in texts.items() if re.search(r"\|\| true|continue-on-error|set \+e", text)] == []


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the environment dev, as the deploy workflow has it."""
    (tmp_path / "infrastructure").mkdir()
    shutil.copy(ROOT / "terragrunt.hcl", tmp_path)
    shutil.copytree(ROOT / "environments" / "dev", tmp_path / "environments" / "dev")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "environments" / "dev" / "environment.yaml"


@pytest.mark.parametrize(
    ("image", "said"),
    [
        ("docker.io/envoyproxy/envoy:v1.40.0", "images.edge docker.io/envoyproxy/envoy:v1.40.0 is not pinned"),
        ("docker.io/envoyproxy/envoy@sha256:null", "is not pinned"),
        (f"docker.io/envoyproxy/envoy@sha256:{'0' * 64}", "still has what the example has"),
    ],
)
def test_the_deploy_workflows_first_command_refuses_an_image_that_is_not_pinned(
    checkout: Path, capsys: pytest.CaptureFixture[str], image: str, said: str
):
    text = re.sub(r"(?m)^  edge: .*$", f"  edge: {image}", checkout.read_text())
    checkout.write_text(text)
    command = re.search(r"gwctl plan .*", script("deploy-environment.yml", "saved-plan"))
    assert command
    words = command[0].replace('"$ENVIRONMENT"', "dev").partition(" --plan-file")[0].split()[1:]
    assert run([*words, "--json"]) == 1
    assert said in capsys.readouterr().err


def test_a_release_is_scanned_and_listed_before_the_job_that_signs_it():
    jobs = guards.workflows(ROOT)["release.yml"]["jobs"]
    image = script("release.yml", "image")
    order = [image.index(each) for each in ("docker build", "scripts/scan image", "docker save")]
    assert order == sorted(order)
    assert (jobs["build"]["needs"], jobs["publish"]["needs"]) == ("image", "build")
    assert "sha256sum" in script("release.yml", "build")
    signed = script("release.yml", "publish")
    assert signed.index("cosign sign-blob") < signed.index("gh release create")
    assert not any(scanner in signed for scanner in guards.SCANNERS)


def test_a_release_has_the_agents_image_for_both_architectures_of_a_task():
    """Each built where it runs; tasks are ARM64 unless somebody says otherwise."""
    image = guards.workflows(ROOT)["release.yml"]["jobs"]["image"]
    machines = {each["architecture"]: each["runner"] for each in image["strategy"]["matrix"]["include"]}
    assert machines == {"amd64": "ubuntu-24.04", "arm64": "ubuntu-24.04-arm"}
    assert "agent-image-$ARCHITECTURE.tar.gz" in script("release.yml", "image")


def test_every_scan_for_vulnerabilities_fails_on_what_can_be_mended():
    texts = "".join((ROOT / name).read_text() for name in ("scripts/scan", ".github/workflows/security.yml"))
    found = re.findall(r"trivy (?:image|filesystem) .*vuln.*", texts)
    assert len(found) == 3
    assert [each for each in found if not {"--exit-code", "--severity", "--ignore-unfixed"} <= set(each.split())] == []


def test_what_upstream_publishes_is_scanned_by_its_digest_and_stops_nobodys_change():
    text = script("security.yml", "upstream")
    assert guards.workflows(ROOT)["security.yml"]["jobs"]["upstream"]["if"] == "github.event_name == 'schedule'"
    assert "gwctl images list --json" in text
    assert "trivy image" in text


def test_cosign_is_of_one_version_and_called_in_one_way():
    pinned = tomllib.loads((ROOT / "mise.toml").read_text())["tools"]["cosign"]
    task = tomllib.loads((ROOT / "mise.toml").read_text())["tasks"]["sign"]["run"]
    assert task.replace("dist/", "") in script("release.yml", "publish")
    (cosign,) = [step for step in steps("release.yml", "publish") if "mise_toml" in step.get("with", {})]
    assert tomllib.loads(cosign["with"]["mise_toml"])["tools"] == {"cosign": pinned}


def test_dependabot_watches_every_place_where_something_is_pinned():
    updates = yaml.safe_load((ROOT / ".github" / "dependabot.yml").read_text())["updates"]
    places = {
        (each["package-ecosystem"], place)
        for each in updates
        for place in each.get("directories", [each.get("directory")])
    }
    locks = {(("npm"), f"/{path.parent.relative_to(ROOT)}") for path in ROOT.glob("*/package-lock.json")}
    locks |= {("npm", f"/{path.parent.relative_to(ROOT)}") for path in ROOT.glob("[!.]*/[!n]*/package-lock.json")}
    assert locks
    dockers = {("docker", f"/{path.parent.relative_to(ROOT)}") for path in (ROOT / "images").glob("*/Dockerfile")}
    others = {("github-actions", "/"), ("pip", "/requirements"), ("terraform", "/infrastructure")}
    assert (locks | dockers | others) - places == set()
