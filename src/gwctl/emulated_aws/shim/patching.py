"""What several patches of moto use."""

import json
from typing import Any


def keep_tags(responses: type, answer: str, *, as_list: bool) -> dict[str, dict[str, str]]:
    """Give a service of moto the three calls for tags. `answer` names what lists them; returns where they are kept."""
    kept: dict[str, dict[str, str]] = {}

    def listed(self: Any) -> str:
        tags = kept.get(self._get_param("ResourceARN"), {})
        return json.dumps({answer: [{"Key": key, "Value": value} for key, value in tags.items()] if as_list else tags})

    def add(self: Any) -> str:
        given = self._get_param(answer) or {}
        added = {each["Key"]: each["Value"] for each in given} if as_list else given
        kept.setdefault(self._get_param("ResourceARN"), {}).update(added)
        return "{}"

    def remove(self: Any) -> str:
        for key in self._get_param("TagKeys" if not as_list else "ResourceTagKeys") or []:
            kept.get(self._get_param("ResourceARN"), {}).pop(key, None)
        return "{}"

    replace(responses, "list_tags_for_resource", listed)
    replace(responses, "tag_resource", add)
    replace(responses, "untag_resource", remove)
    return kept


def replace(owner: type, name: str, value: Any) -> None:
    """Set an attribute of one of moto's classes, which it may not have yet."""
    setattr(owner, name, value)
