"""Elastic Load Balancing: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def listener_rules_validate_tokens() -> None:
    """A listener rule can have an action `jwt-validation`. moto refuses it.

    Only what is there is checked; AWS's own schema of it is checked by cfn-lint. Needed by the stack with the JWT rule.
    """
    from moto.elbv2 import models
    from moto.elbv2.exceptions import ValidationError

    original = models.ELBv2Backend._validate_actions

    def validate(self: Any, actions: list[Any]) -> None:
        for action in actions:
            if action.type == "jwt-validation":
                config = action.data.get("JwtValidationConfig", {})
                for name in ("JwksEndpoint", "Issuer"):
                    if not str(config.get(name, "")).startswith("https://"):
                        raise ValidationError(f"JwtValidationConfig.{name} must be an https URL")
        original(self, [action for action in actions if action.type != "jwt-validation"])

    replace(models.ELBv2Backend, "_validate_actions", validate)
    models.ALLOWED_ACTIONS.append("jwt-validation")


PATCHES: Final = (listener_rules_validate_tokens,)
