"""ECS: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

from typing import Any, Final, cast

from gwctl.emulated_aws.shim.patching import replace


def service_settings() -> None:
    """ECS returns all settings of a service. moto forgets these when it makes the service, not when it changes it.

    Needed by aws_ecs_service.
    """
    from moto.ecs.responses import EC2ContainerServiceResponse

    original = EC2ContainerServiceResponse.create_service
    settings = {
        "availabilityZoneRebalancing": "availability_zone_rebalancing",
        "deploymentConfiguration": "deployment_configuration",
        "enableExecuteCommand": "enable_execute_command",
        "healthCheckGracePeriodSeconds": "health_check_grace_period_seconds",
    }

    def create(self: Any) -> Any:
        answer = original(self)
        service = cast("dict[str, Any]", answer.result)["service"]
        for parameter, attribute in settings.items():
            value = self._get_param(parameter)
            if value is not None:
                setattr(service, attribute, value)
        return answer

    replace(EC2ContainerServiceResponse, "create_service", create)


PATCHES: Final = (service_settings,)
