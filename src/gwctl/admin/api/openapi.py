"""The admin API as an OpenAPI 3.1 document, made from the functions and the document models.

In: the code. Out: the same text for the same code. Run `python -m gwctl.admin.api.openapi docs/reference/openapi.json`
to write it, with `--check` to see whether the file is current.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools.event_handler.openapi.models import OAuth2, OAuthFlowClientCredentials, OAuthFlows

from gwctl.admin.api.access import SCHEME
from gwctl.admin.api.http import ERRORS
from gwctl.admin.api.operations import APIS
from gwctl.admin.api.shapes import examples
from gwctl.core import scopes
from gwctl.core.files import write_atomically

COMMAND: Final = ".venv/bin/python -m gwctl.admin.api.openapi docs/reference/openapi.json"
TITLE: Final = "gwctl admin API"
VERSION: Final = "1"
DESCRIPTION: Final = """\
Teams and their clients, budgets, routes, scanner rules, prices, usage and the policy's history of an AI gateway.

Every document has a version, sent as `ETag`. To replace or delete one, send it back as `If-Match`; `If-Match: *`
replaces whatever is there. The same content again is a 200 and changes nothing, with or without `If-Match`.
What does not compile is a 422 that names document and field, and changes nothing. `dry_run=true` says what a change
would mean, and stores nothing. A change is enforced within seconds of its answer.

In a path, `/` in a model's name is written `%2F`.
"""
SCOPES: Final = {
    scopes.ADMIN: "Read and change policy",
    scopes.READ: "Read policy and usage",
    scopes.INVOKE: "Call models; read the usage of the own team",
}
_GENERIC = re.compile(r"(Page|Versioned|Written)_(\w+)_")
_SIDES = re.compile(r'-(Input|Output)"')
_UNUSED: Final = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


def build() -> dict[str, Any]:
    """The document."""
    flow = OAuthFlowClientCredentials(tokenUrl="https://token.example.com/oauth2/token", scopes=SCOPES)
    schemes: dict[str, Any] = {SCHEME: OAuth2(flows=OAuthFlows(clientCredentials=flow))}
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    security: dict[str, Any] = {}
    for api in APIS.values():
        part = api.app.get_openapi_schema(title=TITLE, version=VERSION, security_schemes=schemes)
        content = json.loads(part.model_dump_json(by_alias=True, exclude_none=True))
        paths |= content["paths"]
        schemas |= content["components"]["schemas"]
        security = content["components"]["securitySchemes"]
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {"title": TITLE, "version": VERSION, "description": DESCRIPTION},
        "servers": [{"url": "http://127.0.0.1:8081", "description": "gwctl up"}],
        "tags": [{"name": name} for name in APIS],
        "paths": dict(sorted(paths.items())),
        "components": {
            "responses": {_error_name(status): _error(status) for status in sorted(ERRORS)},
            "schemas": _one_each(schemas),
            "securitySchemes": security,
        },
    }
    document = json.loads(_SIDES.sub('"', _GENERIC.sub(r"\2\1", json.dumps(document))))
    document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
    for operation in _operations(document):
        _complete(operation)
    return document


def render() -> str:
    """The document as text. Its first line says that it is generated, and how."""
    head = f'{{ "x-generated": "Generated from the code, do not edit: {COMMAND}",\n'
    return head + json.dumps(build(), indent=1, ensure_ascii=False).removeprefix("{\n") + "\n"


def _one_each(schemas: dict[str, Any]) -> dict[str, Any]:
    """The schemas in use. A decimal number has two in pydantic's eyes; ours comes back in a form that goes in."""
    return {name: schema for name, schema in schemas.items() if name not in _UNUSED and not name.endswith("-Output")}


def _error_name(status: int) -> str:
    return f"Error{status}"


def _error(status: int) -> dict[str, Any]:
    content = {"schema": {"$ref": "#/components/schemas/ErrorBody"}, "example": examples.error(status)}
    return {"description": ERRORS[status], "content": {"application/json": content}}


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for item in document["paths"].values():
        yield from item.values()


def _complete(operation: dict[str, Any]) -> None:
    """Adds what Powertools leaves out: examples, response headers, names of headers as people write them."""
    for parameter in operation.get("parameters", []):
        if parameter["in"] == "header":
            parameter["name"] = parameter["name"].title()
        schema = parameter["schema"]
        schema.pop("description", None)
        variants = schema.pop("anyOf", [])  # absent, never null
        schema |= next((variant for variant in variants if variant != {"type": "null"}), {})
    body = operation.get("requestBody")
    if body:
        _add_example(body)
    for status, response in sorted(operation["responses"].items()):
        if status.startswith("2"):
            _add_example(response)
            if _schema_name(response).endswith(("Versioned", "Written", "IssuedClient")):
                description = "The document's version, for If-Match"
                response["headers"] = {"ETag": {"description": description, "schema": {"type": "string"}}}
        else:
            operation["responses"][status] = {"$ref": f"#/components/responses/{_error_name(int(status))}"}
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _schema_name(holder: dict[str, Any]) -> str:
    return str(holder["content"]["application/json"]["schema"]["$ref"]).rpartition("/")[2]


def _add_example(holder: dict[str, Any]) -> None:
    example = examples.of_schema(_schema_name(holder))
    if example is not None:
        holder["content"]["application/json"]["example"] = example


def main(argv: list[str] | None = None) -> int:
    """Writes the file, or with `--check` returns 1 when it is not what the code says."""
    parser = argparse.ArgumentParser(
        prog="python -m gwctl.admin.api.openapi", description="The admin API's description."
    )
    parser.add_argument("path", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when the file is not current")
    options = parser.parse_args(argv)
    text = render()
    if options.check:
        current = options.path.is_file() and options.path.read_text(encoding="utf-8") == text
        if not current:
            print(f"{options.path} is not what the code says; run {COMMAND}", file=sys.stderr)
        return 0 if current else 1
    options.path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(options.path, text.encode(), mode=0o644)
    return 0


if __name__ == "__main__":
    sys.exit(main())
