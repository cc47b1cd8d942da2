"""What moto 5.2.5 answers otherwise than AWS and Terraform notices. In: a service's name. Out: its moto, patched.

Each patch says what AWS does, what moto does instead, and what of ours needs it. tests/emulated/test_moto_shim.py fails
when a patch is no longer needed. A clean apply under these patches proves our graph and our types, not AWS's answers.
"""

import pkgutil
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

_OF_SERVICES: Final = {
    each.name: import_module(f"{__name__}.{each.name}")
    for each in pkgutil.iter_modules(__path__)
    if each.name != "patching"
}
_BY_SERVICE: Final[dict[str, tuple[ModuleType, ...]]] = {
    **{service: (module,) for service, module in _OF_SERVICES.items()},
    # The rule that checks tokens is made by a stack.
    "cloudformation": (_OF_SERVICES["cloudformation"], _OF_SERVICES["elbv2"]),
}
PATCHES: Final = {patch.__name__: patch for module in _OF_SERVICES.values() for patch in module.PATCHES}
"""Name → what applies it."""


def apply(service: str) -> None:
    """Patch one of moto's services; before its first use, because that imports it, which takes a while."""
    for module in _BY_SERVICE.get(service, ()):
        _apply_once(module)


@cache
def _apply_once(module: ModuleType) -> None:
    for patch in module.PATCHES:
        patch()
