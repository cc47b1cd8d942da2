"""The types of JSON as Python holds it: what Envoy's and Portkey's configuration is built from."""

from typing import TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
JsonObject: TypeAlias = dict[str, Json]
