"""Whether images run on an environment's tasks. In: references, an environment. Out: what is wrong, in words.

A digest that is of another architecture is pulled without a word, and its container ends at once with
`exec format error`.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Final

from gwctl.core.errors import UserError
from gwctl.environments.file.model import Environment
from gwctl.environments.images import ecr
from gwctl.environments.images.crane import Crane
from gwctl.environments.terraform.workspace import Target

OF_ARCHITECTURE: Final = {"ARM64": "linux/arm64", "X86_64": "linux/amd64"}


def wanted(environment: Environment) -> str:
    """The platform of the environment's tasks; `architecture` is ARM64 unless the file says otherwise."""
    return OF_ARCHITECTURE[environment.task.architecture or "ARM64"]


def lacking(crane: Crane, references: Mapping[str, str], platform: str) -> list[str]:
    """The containers whose image does not run there, with what it runs on. Raises UserError: a registry says no."""
    found = {container: crane.platforms(reference) for container, reference in references.items()}
    return [
        f"images.{container} is for {', '.join(sorted(platforms))}"
        for container, platforms in found.items()
        if platform not in platforms
    ]


def require(crane: Crane, references: Mapping[str, str], environment: Environment) -> None:
    """Raises UserError: an image does not run on the environment's tasks, or its registry does not tell."""
    found = lacking(crane, references, wanted(environment))
    if found:
        raise UserError(
            f"{'; '.join(found)}, but task.architecture {environment.task.architecture or 'ARM64'} needs "
            f"{wanted(environment)}; name images for it, or change the architecture"
        )


def check(target: Target, crane: Crane) -> None:
    """The same for the images that the environment names, with a login for its own registry."""
    environment = target.environment
    own = ecr.host(environment.account_id, environment.region)
    references: dict[str, str] = environment.images.model_dump()
    inside = any(reference.startswith(f"{own}/") for reference in references.values())
    with crane.logged_in(own, *ecr.login(target)) if inside else nullcontext(crane) as logged_in:
        require(logged_in, references, environment)
