"""Images: pinned in one file, copied by digest between two real registries, and nothing is believed on the way."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gwctl.core.errors import UserError
from gwctl.environments.images import catalogue
from gwctl.environments.images.crane import Crane
from gwctl.environments.project import Project
from support.scripts import ROOT, program
from support.servers.oci_registry import OciRegistry, digest_of, oci_registry

FILE = ROOT / "images" / "images.yaml"
DOCKERFILE = ROOT / "images" / "agent" / "Dockerfile"


@pytest.fixture
def upstream() -> Iterator[OciRegistry]:
    with oci_registry() as registry:
        yield registry


@pytest.fixture
def ours() -> Iterator[OciRegistry]:
    with oci_registry(login=("AWS", "one-of-twelve-hours")) as registry:
        yield registry


def mirrored(upstream: OciRegistry, ours: OciRegistry, digest: str, password: str = "one-of-twelve-hours") -> None:
    with Crane(program("crane")).logged_in(ours.base, "AWS", password) as crane:
        crane.copy(f"{upstream.base}/upstream/envoy@{digest}", f"{ours.base}/gwctl-dev/edge:v1")


def test_the_copy_has_every_platform_under_the_same_digest(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    mirrored(upstream, ours, digest)
    assert ours.manifests["gwctl-dev/edge", "v1"] == upstream.manifests["upstream/envoy", digest]
    assert {name[1] for name in ours.blobs} == {name[1] for name in upstream.blobs}
    assert all(digest_of(content) == name[1] for name, content in ours.blobs.items())


def test_a_second_copy_sends_nothing(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    mirrored(upstream, ours, digest)
    ours.calls.clear()
    mirrored(upstream, ours, digest)
    assert not [call for call in ours.calls if call.startswith(("PATCH", "PUT", "POST"))]


def test_a_blob_with_other_bytes_is_not_copied(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    wrong = next(iter(upstream.blobs))[1]
    upstream.tampered[wrong] = bytes(len(upstream.blobs["upstream/envoy", wrong]))
    with pytest.raises(UserError, match=r"crane copy .* failed"):
        mirrored(upstream, ours, digest)
    assert ("gwctl-dev/edge", "v1") not in ours.manifests
    assert ("gwctl-dev/edge", wrong) not in ours.blobs


def test_a_manifest_with_other_bytes_is_not_copied(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    upstream.tampered[digest] = b'{"manifests": []}'
    with pytest.raises(UserError, match="digest"):
        mirrored(upstream, ours, digest)
    assert ours.manifests == {}


def test_a_wrong_login_is_told_without_it(upstream: OciRegistry, ours: OciRegistry):
    with pytest.raises(UserError, match="401") as refused:
        mirrored(upstream, ours, upstream.add_image("upstream/envoy", "v1"), password="an-old-one")
    assert "an-old-one" not in str(refused.value)


def test_a_login_is_for_this_user_alone_and_goes_away():
    with Crane("crane").logged_in("registry.example", "AWS", "secret") as crane:
        assert crane.config
        assert crane.config.stat().st_mode & 0o077 == 0
        assert (crane.config / "config.json").is_file()
    assert not crane.config.exists()


def test_a_missing_image_is_told(upstream: OciRegistry):
    with pytest.raises(UserError, match="upstream/envoy:v9"):
        Crane(program("crane")).digest(f"{upstream.base}/upstream/envoy:v9")


def test_where_crane_is_missing_it_is_told_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="run `scripts/install-tools crane`"):
        Crane.find(Project(tmp_path))


def test_refreshing_changes_one_line(tmp_path: Path):
    path = tmp_path / "images.yaml"
    path.write_text(FILE.read_text())
    catalogue.write_digest(path, "edge", f"sha256:{'a' * 64}")
    assert catalogue.load(path)["edge"].digest == f"sha256:{'a' * 64}"
    lines = zip(FILE.read_text().splitlines(), path.read_text().splitlines(), strict=True)
    assert [new for old, new in lines if old != new] == [f"  digest: sha256:{'a' * 64}"]


def test_an_image_that_nobody_looked_up_cannot_be_used():
    image = catalogue.Image(repository="docker.io/envoyproxy/envoy", tag="v1", digest=None)
    with pytest.raises(UserError, match="gwctl images refresh edge"):
        catalogue.pinned({"edge": image}, "edge")


def test_the_file_has_every_image_of_a_deployment():
    images = catalogue.load(FILE)
    assert set(catalogue.CONTAINERS) | {"python"} == set(images)
    assert all(images[name].digest for name in ("collector", "gateway", "python"))


def test_the_versions_are_those_that_run_here():
    images = catalogue.load(FILE)
    runtime = (ROOT / "requirements" / "runtime.txt").read_text()
    portkey = (ROOT / "portkey" / "package.json").read_text()
    assert f"\nenvoy-server=={images['edge'].tag.removeprefix('v')} " in runtime
    assert f'"@portkey-ai/gateway": "{images["gateway"].tag}"' in portkey


def test_the_agents_image_is_built_from_the_pinned_base():
    python = catalogue.load(FILE)["python"]
    bases = re.findall(r"(?m)^FROM (\S+)", DOCKERFILE.read_text())
    assert set(bases) == {f"python:{python.tag}@{python.digest}"}


def test_the_agents_image_declares_the_volumes_that_the_task_mounts():
    task = (ROOT / "modules" / "compute" / "containers.tf").read_text()
    block = task.partition("directories = {")[2].partition("}")[0]
    mounted = set(re.findall(r'"(/[^"]+)"', block))
    declared = re.search(r"(?m)^VOLUME (\[.*\])$", DOCKERFILE.read_text())
    assert declared
    assert set(yaml.safe_load(declared[1])) == mounted


def test_the_agents_image_runs_as_the_user_of_the_task():
    task = (ROOT / "modules" / "compute" / "containers.tf").read_text()
    user = re.search(r'agent +\= "(\d+:\d+)"', task)
    assert user
    assert f"\nUSER {user[1]}\n" in DOCKERFILE.read_text()
