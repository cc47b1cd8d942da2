"""Where and how Terraform runs for an environment. In: an environment and the programs. Out: a `TerraformRunner`.

With Terragrunt it is the unit at the top of the checkout. Without it the same is laid out by hand: a directory of links
to the root module, with the backend that terragrunt.hcl would generate.
"""

import os
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gwctl.environments.file import hcl
from gwctl.environments.file.model import Environment
from gwctl.environments.project import Place, shown
from gwctl.environments.terraform import mirrors
from gwctl.environments.terraform.runner import TerraformRunner
from gwctl.environments.terraform.tools import Tools

_OURS: Final = ("TF_CLI_ARGS", "TF_VAR_", "TF_WORKSPACE", "TF_DATA_DIR", "TF_INPUT", "TG_")
"""Variables that would change what is built: environment.yaml alone decides."""
_CREDENTIALS: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
)
LOCK_FILE: Final = ".terraform.lock.hcl"


@dataclass(frozen=True)
class Target:
    """What is built where: an environment, and the URL of the emulated AWS if it is an emulated one."""

    place: Place
    environment: Environment
    endpoint: str | None = None

    @property
    def name(self) -> str:  # noqa: D102 - the name says it
        return self.place.name

    @property
    def state_key(self) -> str:
        """The state's key in its bucket, as in terragrunt.hcl."""
        return f"{self.name}/terraform.tfstate"


def runner(target: Target, tools: Tools, variables: Mapping[str, str] | None = None) -> TerraformRunner:
    """A runner, with everything that it needs in place."""
    place = target.place
    place.create_work()
    environment = child_environment(target, tools, os.environ if variables is None else variables)
    if tools.terragrunt:
        return TerraformRunner(
            binary=tools.terragrunt.path,
            directory=place.project.root,
            environment=environment,
            place=place,
            var_file=None,
        )
    return TerraformRunner(
        binary=tools.terraform.path,
        directory=lay_out(target),
        environment=environment,
        place=place,
        var_file=place.tfvars,
    )


def child_environment(target: Target, tools: Tools, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables that Terraform and Terragrunt see."""
    kept = {name: value for name, value in variables.items() if not name.startswith(_OURS)}
    if target.endpoint:
        kept = {name: value for name, value in kept.items() if name not in _CREDENTIALS}
        kept |= emulated_credentials(target.endpoint)
    return {
        **kept,
        "AWS_REGION": target.environment.region,
        "CHECKPOINT_DISABLE": "1",
        "GWCTL_ENV": target.name,
        "TF_IN_AUTOMATION": "1",
        mirrors.CONFIGURATION: str(mirrors.configure(target.place.create_work(), variables)),
        "TG_LOG_FORMAT": "bare",
        "TG_NO_AUTO_PROVIDER_CACHE_DIR": "true",
        "TG_NON_INTERACTIVE": "true",
        "TG_STRICT_MODE": "true",
        "TG_TF_FORWARD_STDOUT": "true",
        "TG_TF_PATH": str(tools.terraform.path),
    }


def emulated_credentials(endpoint: str) -> dict[str, str]:
    """What makes every AWS library talk to the emulated AWS, and to nothing else.

    Terraform's S3 backend knows no AWS_ENDPOINT_URL, only the variables of each service.
    """
    return {
        **{f"AWS_ENDPOINT_URL_{service}": endpoint for service in ("DYNAMODB", "IAM", "S3", "STS")},
        "AWS_ACCESS_KEY_ID": "emulated",
        "AWS_SECRET_ACCESS_KEY": "emulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


def backend(target: Target) -> dict[str, Any]:
    """The S3 backend's settings, as terragrunt.hcl has them."""
    state = target.environment.state
    settings: dict[str, Any] = {
        "bucket": state.bucket,
        "dynamodb_table": state.lock_table,
        "encrypt": True,
        "key": target.state_key,
        "region": target.environment.state_region,
        "use_lockfile": True,
    }
    if target.environment.emulated:
        names = (
            "skip_credentials_validation",
            "skip_metadata_api_check",
            "skip_requesting_account_id",
            "use_path_style",
        )
        settings |= dict.fromkeys(names, True)
    return settings


def lay_out(target: Target) -> Path:
    """The unit without Terragrunt: links to the root module, its modules and artefacts, a copy of the lock file."""
    project = target.place.project
    unit = target.place.work / "unit"
    root = unit / "infrastructure"
    root.mkdir(parents=True, exist_ok=True)
    for link, source in ((unit / "modules", project.modules), (unit / "dist", project.artifacts.parent)):
        _link(link, source)
    wanted = {
        path.name: path
        for path in project.infrastructure.iterdir()
        if path.suffix != ".md" and not path.name.startswith(".")
    }
    for old in root.iterdir():
        if old.is_symlink() and old.name not in wanted:
            old.unlink()
    for name, source in wanted.items():
        _link(root / name, source)
    shutil.copyfile(project.infrastructure / LOCK_FILE, root / LOCK_FILE)
    settings = hcl.attributes(backend(target), " " * 4)
    (root / "backend.tf").write_text(
        f'# Written by gwctl, as terragrunt.hcl has it.\nterraform {{\n  backend "s3" {{\n{settings}\n  }}\n}}\n',
        encoding="utf-8",
    )
    return root


def unlock_command(target: Target, tools: Tools, lock_id: str) -> str:
    """What a person types to release a lock that is left."""
    if tools.terragrunt:
        terragrunt = shlex.quote(shown(tools.terragrunt.path))
        return f"GWCTL_ENV={target.name} {terragrunt} force-unlock -force {lock_id}"
    folder = shown(target.place.work / "unit" / "infrastructure")
    return shlex.join(["terraform", f"-chdir={folder}", "force-unlock", "-force", lock_id])


def _link(link: Path, source: Path) -> None:
    if link.is_symlink():
        if link.readlink() == source:
            return
        link.unlink()
    link.symlink_to(source)
