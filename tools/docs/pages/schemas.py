"""Reference pages made from schemas: the admin API from its OpenAPI document, environments from their JSON schema."""

import json
from pathlib import Path
from typing import Any, Final

from tools.docs.render import page

OPENAPI: Final = "docs/reference/openapi.json"
ENVIRONMENT: Final = "docs/reference/environment.schema.json"
_METHODS: Final = ("get", "post", "put", "patch", "delete")


def api(root: Path) -> str:
    """Every operation of the admin API: path, scopes, parameters, body and answers; then every schema."""
    document = json.loads((root / OPENAPI).read_text(encoding="utf-8"))
    operations = [
        _operation(document, method, path, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    schemas = [
        {"name": name, "words": schema.get("description", ""), "fields": _fields(document, schema)}
        for name, schema in sorted(document["components"]["schemas"].items())
        if schema.get("properties")
    ]
    return page("api", OPENAPI, info=document["info"], operations=operations, schemas=schemas)


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> dict[str, Any]:
    scopes = [scope for way in operation.get("security", []) for each in way.values() for scope in each]
    body = operation.get("requestBody", {}).get("content", {})
    answers = {
        status: _resolved(document, answer).get("description", "") for status, answer in operation["responses"].items()
    }
    return {
        "method": method.upper(),
        "path": path,
        "summary": operation.get("summary", ""),
        "words": " ".join(operation.get("description", "").split()),
        "scopes": scopes,
        "parameters": [_resolved(document, each) for each in operation.get("parameters", [])],
        "body": next((_type(document, each.get("schema", {})) for each in body.values()), ""),
        "answers": answers,
    }


def environment(root: Path) -> str:
    """Every field of `environment.yaml`, section by section."""
    document = json.loads((root / ENVIRONMENT).read_text(encoding="utf-8"))
    sections = [
        {"name": "environment.yaml", "words": document.get("description", ""), "fields": _fields(document, document)}
    ]
    sections += [
        {"name": name, "words": schema.get("description", ""), "fields": _fields(document, schema)}
        for name, schema in sorted(document["$defs"].items())
        if schema.get("properties")
    ]
    return page("environment", ENVIRONMENT, sections=sections)


def _resolved(document: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    reference = value.get("$ref")
    if not reference:
        return value
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{key: each for key, each in value.items() if key != "$ref"}}


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> list[dict[str, str]]:
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "type": _type(document, value),
            "default": "required" if name in required else _default(value),
            "words": value.get("description", ""),
        }
        for name, value in schema["properties"].items()
    ]


def _default(value: dict[str, Any]) -> str:
    if "default" not in value:
        return ""
    text = json.dumps(value["default"])
    return "see its section" if isinstance(value["default"], dict) and len(text) > 2 else f"`{text}`"


def _type(document: dict[str, Any], value: dict[str, Any]) -> str:
    """A schema in few words; a named one by its name."""
    if "$ref" in value:
        name = value["$ref"].rpartition("/")[2]
        target = _resolved(document, value)
        return f"[{name}](#{name.lower()})" if target.get("properties") else _type(document, target)
    for way in ("anyOf", "oneOf"):
        if way in value:
            return " or ".join(dict.fromkeys(_type(document, each) for each in value[way]))
    if "enum" in value:
        return ", ".join(f"`{each}`" for each in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    kind = value.get("type", "anything")
    if kind == "array":
        return f"list of {_type(document, value.get('items', {}))}"
    if kind == "object":
        inner = value.get("additionalProperties") or next(iter(value.get("patternProperties", {}).values()), None)
        return f"map of {_type(document, inner)}" if isinstance(inner, dict) and inner else "object"
    words = {"string": "text", "number": "number", "integer": "integer", "boolean": "true or false", "null": "null"}
    bounds = [
        f"{sign} {value[key]}"
        for key, sign in (("minimum", "≥"), ("exclusiveMinimum", ">"), ("maximum", "≤"), ("exclusiveMaximum", "<"))
        if key in value
    ]
    text = (
        words.get(kind, str(kind))
        if isinstance(kind, str)
        else " or ".join(words.get(str(each), str(each)) for each in kind)
    )
    return f"{text} {', '.join(bounds)}".strip()


def files(root: Path) -> dict[Path, str]:
    """The pages of this module by their paths."""
    reference = root / "docs" / "reference"
    return {reference / "api.md": api(root), reference / "environment.md": environment(root)}
