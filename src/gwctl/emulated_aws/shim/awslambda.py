"""Lambda: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def function_logging() -> None:
    """Lambda returns the logging configuration of a function. moto forgets it. Needed by aws_lambda_function."""
    from moto.awslambda.models import LambdaFunction

    create, update, describe = (
        LambdaFunction.__init__,
        LambdaFunction.update_configuration,
        LambdaFunction.get_configuration,
    )

    def init(self: Any, account_id: str, spec: dict[str, Any], *others: Any, **more: Any) -> None:
        create(self, account_id, spec, *others, **more)
        self.logging_config = spec.get("LoggingConfig")

    def update_configuration(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        self.logging_config = config_updates.get("LoggingConfig", self.logging_config)
        return update(self, config_updates)

    def get_configuration(self: Any, on_create: bool = False) -> dict[str, Any]:
        known = {"LoggingConfig": self.logging_config} if self.logging_config else {}
        return {**describe(self, on_create), **known}

    replace(LambdaFunction, "__init__", init)
    replace(LambdaFunction, "update_configuration", update_configuration)
    replace(LambdaFunction, "get_configuration", get_configuration)


PATCHES: Final = (function_logging,)
