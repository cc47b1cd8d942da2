"""Terraform as the plan tests run it: no AWS account, no network, nothing written into the checkout.

In: a directory with configuration, variables. Out: a `Plan`. The provider comes from a filesystem mirror; where
there is none Terraform may fetch it from the registry. Raises TerraformTestError with Terraform's own words.
"""

import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import tftest

from gwctl.environments.terraform import mirrors
from plan.kit.tfplan import Plan

REPOSITORY: Final = Path(__file__).resolve().parents[3]
MODULES: Final = REPOSITORY / "modules"
ROOT: Final = REPOSITORY / "infrastructure"
ENVIRONMENTS: Final = REPOSITORY / "environments"
ACCOUNT: Final = "111122223333"
PARALLELISM: Final = "4"

_KEPT: Final = ("HOME", "LANG", "LC_ALL", "PATH", "TMPDIR", "USER", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")


def find_terraform() -> Path | None:
    """The binary on the PATH."""
    found = shutil.which("terraform")
    return Path(found) if found else None


def has_provider() -> bool:
    """Whether a mirror has the AWS provider for this machine."""
    return "hashicorp/aws" in mirrors.providers(mirrors.find())


def write_cli_config(directory: Path) -> Path:
    """Terraform's CLI configuration. One that the environment names and that can be read wins."""
    given = os.environ.get("TF_CLI_CONFIG_FILE")
    if given and os.access(given, os.R_OK):
        return Path(given)
    path = directory / "terraform.rc"
    # Modules have no lock file, so Terraform asks every source for versions: the registry must not be one of them.
    found = mirrors.find()
    methods = [
        f'  filesystem_mirror {{\n    path    = "{mirror}"\n    include = ["hashicorp/aws"]\n  }}' for mirror in found
    ]
    direct = '  direct {\n    exclude = ["hashicorp/aws"]\n  }' if found else "  direct {}"
    installation = "\n".join([*methods, direct])
    path.write_text(f"disable_checkpoint = true\nprovider_installation {{\n{installation}\n}}\n")
    return path


def environment(cli_config: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """What Terraform sees of the environment: no variables, credentials or endpoints of whoever runs the tests."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    return {
        **kept,
        "AWS_ACCESS_KEY_ID": "plan-tests",
        "AWS_SECRET_ACCESS_KEY": "plan-tests",
        "AWS_EC2_METADATA_DISABLED": "true",
        "CHECKPOINT_DISABLE": "1",
        "GOGC": "400",  # memory for time: a quarter less CPU for each plan
        "TF_CLI_CONFIG_FILE": str(cli_config),
        "TF_IN_AUTOMATION": "1",
        **(extra or {}),
    }


class Workspace:
    """A directory with configuration that can be planned again and again after one `terraform init`."""

    def __init__(self, directory: Path, env: Mapping[str, str], *, init: bool = True) -> None:
        self.directory = directory
        self._terraform = tftest.TerraformTest(str(directory), binary=str(find_terraform() or "terraform"))
        self._terraform.env = dict(env)
        if init:
            self._terraform.init(backend=False, color=False)

    def plan(self, var_files: Iterable[Path] = (), **variables: object) -> Plan:
        """The plan from nothing, without asking AWS what exists."""
        output: Any = self._terraform.plan(
            output=True,
            refresh=False,
            lock=False,
            parallelism=PARALLELISM,
            tf_var_file=[str(path) for path in var_files],
            tf_vars=variables or None,
        )
        return Plan.from_json(output._raw)

    def run(self, command: str, *arguments: str) -> str:
        """Another Terraform command; its output."""
        return self._terraform.execute_command(command, *arguments).out
