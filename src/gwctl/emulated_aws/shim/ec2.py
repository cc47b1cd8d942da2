"""EC2: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import inspect
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def security_group_rule_descriptions() -> None:
    """EC2 keeps the description of every security group rule. moto loses it unless the rule's peer is an IPv4 range.

    Needed by aws_vpc_security_group_*_rule between groups and to prefix lists.
    """
    from moto.ec2.models.security_groups import SecurityGroupRule

    original = SecurityGroupRule.__init__
    signature = inspect.signature(original)

    def init(self: Any, *given: Any, **named: Any) -> None:
        original(self, *given, **named)
        peers = signature.bind(self, *given, **named).arguments
        described = (peers.get(name) for name in ("ip_range", "source_group", "prefix_list_id"))
        self._described = next((each["Description"] for each in described if each and each.get("Description")), None)

    replace(SecurityGroupRule, "__init__", init)
    replace(SecurityGroupRule, "description", property(lambda self: self._described))


PATCHES: Final = (security_group_rule_descriptions,)
