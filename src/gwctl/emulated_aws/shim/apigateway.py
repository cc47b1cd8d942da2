"""API Gateway: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import json
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def rest_api_policy_is_escaped() -> None:
    r"""API Gateway returns a REST API's policy with each quote escaped: `{\"Version\": …}`.

    moto returns it as it was sent, which the provider cannot read. Needed by aws_api_gateway_rest_api_policy.
    """
    from moto.apigateway.models import RestAPI

    original = RestAPI.to_dict

    def to_dict(self: Any) -> dict[str, Any]:
        answer = original(self)
        if answer.get(RestAPI.PROP_POLICY):
            answer[RestAPI.PROP_POLICY] = json.dumps(answer[RestAPI.PROP_POLICY])[1:-1]
        return answer

    replace(RestAPI, "to_dict", to_dict)


PATCHES: Final = (rest_api_policy_is_escaped,)
