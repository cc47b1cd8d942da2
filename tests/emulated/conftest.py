"""Checkouts in which an environment is built for real: real Terraform, real provider, emulated AWS."""

import shutil
from collections.abc import Iterator

import pytest

from emulated.checkout import Checkout, make_checkout, terragrunt_binary
from gwctl.environments.terraform import mirrors
from support.requirements import require


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
