"""CloudFormation: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def stack_parameters_as_given() -> None:
    """CloudFormation returns a list parameter as it was given, joined by commas. moto returns a Python list's text.

    Needed by aws_cloudformation_stack with the JWT rule, whose paths and scopes are lists.
    """
    from moto.cloudformation.models import Stack

    original = Stack.parameter_list.fget
    assert original

    def parameters(self: Any) -> list[dict[str, Any]]:
        return [{**each, "ParameterValue": _joined(each["ParameterValue"])} for each in original(self)]

    replace(Stack, "parameter_list", property(parameters))


def _joined(value: Any) -> Any:
    return ",".join(value) if isinstance(value, list) else value


PATCHES: Final = (stack_parameters_as_given,)
