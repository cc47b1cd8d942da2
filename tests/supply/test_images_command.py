"""`gwctl images` in a checkout whose images are at a registry on this machine."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from gwctl.cli.main import run
from gwctl.core.errors import UserError
from gwctl.environments.deploy import doctor
from gwctl.environments.file.loading import load
from gwctl.environments.images import ecr
from gwctl.environments.project import Project
from gwctl.environments.terraform.workspace import Target
from support.docker_archive import saved
from support.scripts import ROOT, program
from support.servers.oci_registry import OciRegistry, oci_registry


@pytest.fixture
def upstream() -> Iterator[OciRegistry]:
    with oci_registry() as registry:
        yield registry


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, upstream: OciRegistry) -> Path:
    """images.yaml of a checkout with the environment dev; its image `gateway` is pinned, `edge` is not."""
    (tmp_path / "infrastructure").mkdir()
    shutil.copy(ROOT / "terragrunt.hcl", tmp_path)
    shutil.copytree(ROOT / "environments" / "dev", tmp_path / "environments" / "dev")
    (tmp_path / "images").mkdir()
    digest = upstream.add_image("portkeyai/gateway", "1.15.2")
    path = tmp_path / "images" / "images.yaml"
    path.write_text(
        f"edge:\n  repository: {upstream.base}/envoyproxy/envoy\n  tag: v1\n  digest: null\n"
        f"gateway:\n  repository: {upstream.base}/portkeyai/gateway\n  tag: 1.15.2\n  digest: {digest}\n"
    )
    monkeypatch.setenv("PATH", str(Path(program("crane")).parent), prepend=os.pathsep)
    monkeypatch.chdir(tmp_path)
    return path


def test_list_names_what_is_not_pinned(file: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["images", "list"]) == 0
    assert "envoyproxy/envoy:v1  not pinned yet" in capsys.readouterr().out


def test_refresh_writes_what_the_tag_stands_for(file: Path, upstream: OciRegistry):
    digest = upstream.add_image("envoyproxy/envoy", "v1")
    assert run(["images", "refresh", "edge"]) == 0
    assert f"tag: v1\n  digest: {digest}\n" in file.read_text()


def test_refresh_check_fails_for_a_tag_that_has_moved(
    file: Path, upstream: OciRegistry, capsys: pytest.CaptureFixture[str]
):
    before = file.read_text()
    upstream.add_image("portkeyai/gateway", "1.15.2", platforms=3)
    assert run(["images", "refresh", "--check", "gateway"]) == 1
    assert "other digests than in images/images.yaml: gateway" in capsys.readouterr().err
    assert file.read_text() == before


def test_mirror_prints_what_belongs_into_the_environments_file(
    file: Path, upstream: OciRegistry, capsys: pytest.CaptureFixture[str]
):
    with oci_registry() as ours:
        assert run(["images", "mirror", "dev", "--image", "gateway", "--to", ours.base, "--json"]) == 0
        reference = json.loads(capsys.readouterr().out)["gateway"]
        place, _, digest = reference.partition("@")
        assert place == f"{ours.base}/gwctl-dev/gateway"
        assert ("gwctl-dev/gateway", digest) in ours.manifests


def test_mirror_refuses_an_image_that_the_tasks_cannot_run(
    file: Path, capsys: pytest.CaptureFixture[str], upstream: OciRegistry
):
    digest = upstream.add_image("portkeyai/gateway", "arm", platforms=1)
    file.write_text(re.sub("sha256:[0-9a-f]{64}", digest, file.read_text()))
    yaml = file.parents[1] / "environments" / "dev" / "environment.yaml"
    yaml.write_text(yaml.read_text().replace("task:\n", "task:\n  architecture: X86_64\n"))
    with oci_registry() as ours:
        assert run(["images", "mirror", "dev", "--image", "gateway", "--to", ours.base]) == 1
        assert not ours.manifests
    assert (
        "images.gateway is for linux/arm64, but task.architecture X86_64 needs linux/amd64" in capsys.readouterr().err
    )


def test_the_agents_image_of_a_release_becomes_one_for_all_platforms(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    files = [str(saved(tmp_path / f"agent-image-{each}.tar.gz", each)) for each in ("amd64", "arm64")]
    with oci_registry() as ours:
        assert run(["images", "push", "dev", *files, "--tag", "v1", "--to", ours.base]) == 0
        printed = capsys.readouterr().out.split("agent: ")[1].strip()
        place, _, digest = printed.partition("@")
        assert place == f"{ours.base}/gwctl-dev/agent"
        index = json.loads(ours.manifests["gwctl-dev/agent", digest][1])
        assert {each["platform"]["architecture"] for each in index["manifests"]} == {"amd64", "arm64"}


def test_the_doctor_says_which_digest_is_of_another_platform(file: Path, upstream: OciRegistry):
    arm = upstream.add_image("portkeyai/gateway", "arm", platforms=1)
    both = upstream.add_image("portkeyai/gateway", "both")
    yaml = file.parents[1] / "environments" / "dev" / "environment.yaml"
    text = yaml.read_text().replace("task:\n", "task:\n  architecture: X86_64\n")
    of_all = re.compile(r"(?m)^  (agent|collector|edge|gateway): \S+@\S+$")

    def finding(edge: str) -> doctor.Finding:
        digests = dict.fromkeys(("agent", "collector", "gateway"), both) | {"edge": edge}
        yaml.write_text(
            of_all.sub(lambda line: f"  {line[1]}: {upstream.base}/portkeyai/gateway@{digests[line[1]]}", text)
        )
        place = Project(file.parents[1]).place("dev")
        return doctor._images(Target(place, load(place)))  # pyright: ignore[reportPrivateUsage]

    wrong = finding(arm)
    assert wrong.state == doctor.FAILED
    assert wrong.detail.startswith("images.edge is for linux/arm64, but task.architecture X86_64 needs linux/amd64")
    assert finding(both) == doctor.Finding("images", doctor.OK, "all for linux/amd64")


def test_mirror_without_a_digest_copies_nothing(file: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["images", "mirror", "dev", "--image", "edge"]) == 1
    assert "run `gwctl images refresh edge`" in capsys.readouterr().err


def test_a_dry_run_calls_nobody(file: Path, upstream: OciRegistry, capsys: pytest.CaptureFixture[str]):
    assert run(["images", "mirror", "dev", "--image", "gateway", "--dry-run"]) == 0
    assert "111122223333.dkr.ecr.eu-central-1.amazonaws.com/gwctl-dev/gateway@sha256:" in capsys.readouterr().out
    assert upstream.calls == []


@pytest.fixture
def emulated(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """The environment dev in moto's account."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    place = Project(ROOT).place("dev")
    with mock_aws():
        yield Target(place, load(place).model_copy(update={"account_id": DEFAULT_ACCOUNT_ID}))


def test_ecr_gives_a_login(emulated: Target):
    assert ecr.login(emulated) == ("AWS", f"{DEFAULT_ACCOUNT_ID}-auth-token")


def test_credentials_of_another_account_are_refused(emulated: Target):
    other = emulated.environment.model_copy(update={"account_id": "111122223333"})
    with pytest.raises(UserError, match="111122223333"):
        ecr.login(Target(emulated.place, other))


def test_ecr_is_named_by_account_and_region():
    assert ecr.host("111122223333", "eu-central-1") == "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
