"""Application Auto Scaling: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import json
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import keep_tags, replace


def scalable_target_tags() -> None:
    """Application Auto Scaling has tags. moto does not know them. Needed by aws_appautoscaling_target and _policy."""
    from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse

    tags = keep_tags(ApplicationAutoScalingResponse, "Tags", as_list=False)
    original = ApplicationAutoScalingResponse.register_scalable_target

    def register(self: Any) -> str:
        answer = original(self)
        tags.setdefault(json.loads(answer)["ScalableTargetARN"], {}).update(self._get_param("Tags") or {})
        return answer

    replace(ApplicationAutoScalingResponse, "register_scalable_target", register)


PATCHES: Final = (scalable_target_tags,)
