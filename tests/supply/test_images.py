"""Images: pinned in one file, copied by digest between two real registries, and nothing is believed on the way."""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gwctl.core.errors import UserError
from gwctl.environments.images import catalogue
from gwctl.environments.images.mirror import Copied, Place, copy
from gwctl.environments.images.registry import Registry
from support.servers.oci_registry import OciRegistry, digest_of, oci_registry

ROOT = Path(__file__).parents[2]
FILE = ROOT / "images" / "images.yaml"
DOCKERFILE = ROOT / "images" / "agent" / "Dockerfile"


@pytest.fixture
def upstream() -> Iterator[OciRegistry]:
    with oci_registry() as registry:
        yield registry


@pytest.fixture
def ours() -> Iterator[OciRegistry]:
    with oci_registry(login=("AWS", "one-of-twelve-hours"), scheme="basic") as registry:
        yield registry


def mirrored(upstream: OciRegistry, ours: OciRegistry, digest: str, tag: str | None = "v1") -> Copied:
    source = Place(Registry(upstream.base), "upstream/envoy")
    target = Place(Registry(ours.base, user="AWS", password="one-of-twelve-hours"), "gwctl-dev/edge")
    return copy(source, target, digest, tag=tag, told=lambda _: None)


def test_the_copy_has_every_platform_under_the_same_digest(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    done = mirrored(upstream, ours, digest)
    assert ours.manifests["gwctl-dev/edge", "v1"] == upstream.manifests["upstream/envoy", digest]
    assert {name[1] for name in ours.blobs} == {name[1] for name in upstream.blobs}
    assert all(digest_of(content) == name[1] for name, content in ours.blobs.items())
    assert (done.blobs, done.manifests) == (5, 3)


def test_a_second_copy_sends_nothing(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    mirrored(upstream, ours, digest)
    ours.calls.clear()
    assert mirrored(upstream, ours, digest, tag=None).bytes == 0
    assert not [call for call in ours.calls if call.startswith(("PUT", "POST"))]


def test_a_copy_that_was_cut_short_goes_on_where_it_ended(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    blob = next(iter(upstream.blobs))
    ours.blobs["gwctl-dev/edge", blob[1]] = upstream.blobs[blob]
    done = mirrored(upstream, ours, digest)
    assert (done.blobs, done.there_already) == (4, 1)


@pytest.mark.parametrize("other", [b"something else", b""], ids=["other bytes", "cut off"])
def test_a_blob_with_other_bytes_is_not_copied(upstream: OciRegistry, ours: OciRegistry, other: bytes):
    digest = upstream.add_image("upstream/envoy", "v1")
    wrong = next(iter(upstream.blobs))[1]
    upstream.tampered[wrong] = other
    with pytest.raises(UserError, match=f"another digest when asked for .* of {wrong}"):
        mirrored(upstream, ours, digest)
    assert ours.manifests == {}
    assert ("gwctl-dev/edge", wrong) not in ours.blobs


def test_a_manifest_with_other_bytes_is_not_copied(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    upstream.tampered[digest] = b'{"manifests": []}'
    with pytest.raises(UserError, match=f"when asked for {digest}"):
        mirrored(upstream, ours, digest)
    assert ours.manifests == {}


def test_a_token_is_not_sent_to_where_blobs_are_stored(upstream: OciRegistry, ours: OciRegistry):
    upstream.redirects_blobs = True
    mirrored(upstream, ours, upstream.add_image("upstream/envoy", "v1"))
    assert ours.blobs


def test_a_wrong_login_is_told(upstream: OciRegistry, ours: OciRegistry):
    digest = upstream.add_image("upstream/envoy", "v1")
    source = Place(Registry(upstream.base), "upstream/envoy")
    target = Place(Registry(ours.base, user="AWS", password="an old one"), "gwctl-dev/edge")
    with pytest.raises(UserError, match="401"):
        copy(source, target, digest, told=lambda _: None)


def test_a_registry_that_is_not_there_is_told():
    with pytest.raises(UserError, match="cannot be reached"):
        Registry("127.0.0.1:1").digest("upstream/envoy", "v1")


def test_a_missing_image_is_told(upstream: OciRegistry):
    with pytest.raises(UserError, match="404 for upstream/envoy v9: it is not there"):
        Registry(upstream.base).digest("upstream/envoy", "v9")


def test_a_blob_larger_than_a_piece_arrives_whole(upstream: OciRegistry):
    content = bytes(range(256)) * 10_000
    upstream.blobs["large", digest_of(content)] = content
    into = io.BytesIO()
    Registry(upstream.base).read_blob("large", digest_of(content), len(content), into)
    assert into.getvalue() == content


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
