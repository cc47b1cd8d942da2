"""CloudWatch Logs: what moto answers otherwise than AWS. In: moto, as imported. Out: moto, patched."""

import json
import uuid
from typing import Any, Final

from gwctl.emulated_aws.shim.patching import replace


def query_definitions() -> None:
    """CloudWatch Logs stores queries. moto does not know them. Needed by aws_cloudwatch_query_definition."""
    from moto.logs.responses import LogsResponse

    stored: dict[str, dict[str, Any]] = {}

    def put(self: Any) -> str:
        definition_id = self._get_param("queryDefinitionId") or str(uuid.uuid4())
        kept = ("name", "queryString", "logGroupNames", "queryLanguage")
        given = {name: self._get_param(name) for name in kept}
        stored[definition_id] = {
            "queryDefinitionId": definition_id,
            **{name: value for name, value in given.items() if value is not None},
        }
        return json.dumps({"queryDefinitionId": definition_id})

    def describe(self: Any) -> str:
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        return json.dumps({"queryDefinitions": [each for each in stored.values() if each["name"].startswith(prefix)]})

    def delete(self: Any) -> str:
        return json.dumps({"success": stored.pop(self._get_param("queryDefinitionId"), None) is not None})

    replace(LogsResponse, "put_query_definition", put)
    replace(LogsResponse, "describe_query_definitions", describe)
    replace(LogsResponse, "delete_query_definition", delete)


PATCHES: Final = (query_definitions,)
