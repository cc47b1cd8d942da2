"""What moto 5.2.5 answers otherwise than AWS and Terraform notices. In: a service's name. Out: its moto, patched.

Each patch says what AWS does, what moto does instead, and what of ours needs it. tests/emulated/test_moto_shim.py fails
when a patch is no longer needed. A clean apply under these patches proves our graph and our types, not AWS's answers.
"""

from functools import cache
from types import ModuleType
from typing import Final

from gwctl.emulated_aws.shim import (
    apigateway,
    applicationautoscaling,
    athena,
    awslambda,
    budgets,
    cloudformation,
    cognitoidp,
    ec2,
    ecs,
    elbv2,
    logs,
    s3,
)

_MODULES: Final = (
    apigateway,
    applicationautoscaling,
    athena,
    awslambda,
    budgets,
    cloudformation,
    cognitoidp,
    ec2,
    ecs,
    elbv2,
    logs,
    s3,
)
_BY_SERVICE: Final[dict[str, tuple[ModuleType, ...]]] = {
    **{module.__name__.rpartition(".")[2]: (module,) for module in _MODULES},
    "cloudformation": (cloudformation, elbv2),  # the rule that checks tokens is made by a stack
}
PATCHES: Final = {patch.__name__: patch for module in _MODULES for patch in module.PATCHES}
"""Name → what applies it."""


def apply(service: str) -> None:
    """Patch one of moto's services; before its first use, because that imports it, which takes a while."""
    for module in _BY_SERVICE.get(service, ()):
        _apply_once(module)


@cache
def _apply_once(module: ModuleType) -> None:
    for patch in module.PATCHES:
        patch()
