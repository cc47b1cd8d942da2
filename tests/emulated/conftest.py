"""Checkouts in which an environment is built for real: real Terraform, real provider, emulated AWS."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from emulated.checkout import FEATURES, PARALLELISM, Checkout, make_checkout, press_ctrl_c, terragrunt_binary
from gwctl.environments.terraform import mirrors
from support.docker_archive import saved
from support.requirements import require
from support.scripts import ROOT
from support.servers.oci_registry import OciRegistry, oci_registry


@pytest.fixture(scope="session")
def terraform() -> None:
    """Skips where Terraform or the AWS provider is missing."""
    require(shutil.which("terraform") is not None, "terraform 1.11 or later on the PATH (mise install terraform)")
    found = mirrors.find()
    require(
        not found or "hashicorp/aws" in mirrors.providers(found),
        f"the AWS provider for {mirrors.this_system()}, in a mirror that has it for other systems: "
        "terraform providers mirror DIR, then GWCTL_PROVIDER_MIRROR=DIR",
    )


@pytest.fixture(scope="session")
def terragrunt() -> None:
    """Skips where Terragrunt is missing."""
    require(terragrunt_binary() is not None, "terragrunt (scripts/install-tools terragrunt)")


@pytest.fixture(scope="module")
def checkout(terraform: None, terragrunt: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout with Terragrunt, one for each file of tests; its emulated AWS ends with it."""
    made = make_checkout(tmp_path_factory.mktemp("checkout") / "gwctl", terragrunt=True)
    yield made
    made.stop()


@pytest.fixture(scope="module")
def plain_checkout(terraform: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Checkout]:
    """A checkout without Terragrunt."""
    made = make_checkout(tmp_path_factory.mktemp("plain") / "gwctl", terragrunt=False)
    yield made
    made.stop()


@dataclass(frozen=True)
class Interrupted:
    """A command that was told to stop."""

    code: int
    said: str


@pytest.fixture(scope="module")
def repositories(checkout: Checkout) -> Any:
    """What the runbook of the first deploy does before it, of the environment with all opt-in features."""
    with checkout.yaml.open("a") as file:
        file.write(FEATURES)
    checkout.json("bootstrap", "local", "--yes")
    return checkout.json("deploy", "local", "--repositories", "--yes", "--parallelism", PARALLELISM)


@pytest.fixture(scope="module")
def mirrored(repositories: Any, checkout: Checkout) -> Iterator[dict[str, str]]:
    """The runbook's next step: the images into the registry, with the references for the environment's file.

    ECR is a registry on this machine here: the emulated AWS has repositories, and nothing that takes an image. What is
    deployed afterwards has the example's images: no container runs there. Without crane there are none.
    """
    crane = ROOT / ".tools" / "bin" / "crane"
    if not crane.exists():
        yield {}
        return
    (checkout.root / ".tools" / "bin" / "crane").symlink_to(crane.resolve())
    with oci_registry() as upstream, oci_registry() as ours:
        name_upstreams(checkout.root / "images" / "images.yaml", upstream)
        references: dict[str, str] = checkout.json("images", "mirror", "local", "--to", ours.base)
        file = saved(checkout.root / "agent-image-arm64.tar.gz", "arm64")
        pushed = checkout.gwctl("images", "push", "local", str(file), "--tag", "v1", "--to", ours.base)
        assert pushed.returncode == 0, pushed.stderr
        references["agent"] = pushed.stdout.split("agent: ")[1].strip()
        parts = [each.removeprefix(f"{ours.base}/").partition("@") for each in references.values()]
        assert {(place, digest) for place, _, digest in parts} <= ours.manifests.keys()
        yield references


def name_upstreams(file: Path, upstream: OciRegistry) -> None:
    """Images at a registry of this machine instead of the public ones."""
    images = {name: upstream.add_image(f"upstream/{name}", "v1") for name in ("collector", "edge", "gateway")}
    file.parent.mkdir()
    file.write_text(
        "".join(
            f"{name}:\n  repository: {upstream.base}/upstream/{name}\n  tag: v1\n  digest: {digest}\n"
            for name, digest in images.items()
        )
    )


@pytest.fixture(scope="module")
def interrupted(repositories: Any, checkout: Checkout) -> Interrupted:
    """The first deploy, stopped in the midst of its apply."""
    errors = checkout.root / "stopped.log"
    process = checkout.begin("deploy", "local", "--yes", "--parallelism", PARALLELISM, errors=errors)
    press_ctrl_c(process, errors, "  created  ", seconds=400)
    return Interrupted(process.wait(400), errors.read_text())


@pytest.fixture(scope="module")
def deployed(interrupted: Interrupted, checkout: Checkout) -> Any:
    """The environment, built: the second deploy goes on where the first one was stopped."""
    return checkout.json("deploy", "local", "--yes", "--parallelism", PARALLELISM)
