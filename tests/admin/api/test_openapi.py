"""The API's description: current, valid, complete, and its examples are true."""

import json
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from admin.place import Admin, segment
from gwctl.admin.api.http import ERRORS
from gwctl.admin.api.openapi import COMMAND, build, main, render
from gwctl.admin.api.operations import APIS, table
from gwctl.admin.api.shapes import examples
from gwctl.core import scopes
from gwctl.policy.keys import Key, KeySettings
from gwctl.policy.state import MODELS

FILE = Path(__file__).parents[3] / "docs" / "reference" / "openapi.json"
DOCUMENT = build()
SHOWN = [KeySettings if model is Key else model for model in MODELS.values()]


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [(method.upper(), path, o) for path, item in DOCUMENT["paths"].items() for method, o in item.items()]


def test_the_file_is_what_the_code_says():
    current = FILE.is_file() and FILE.read_text() == render()
    assert current, f"docs/reference/openapi.json is not current; run: {COMMAND}"


def test_the_check_fails_for_another_file(tmp_path: Path):
    path = tmp_path / "openapi.json"
    assert main([str(path), "--check"]) == 1
    assert main([str(path)]) == 0
    assert main([str(path), "--check"]) == 0


def test_the_first_line_says_that_the_file_is_generated():
    first, rest = render().split("\n", 1)
    assert COMMAND in first
    assert json.loads(first + rest)["openapi"].startswith("3.1")


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)


def test_every_operation_is_described_and_nothing_else():
    assert {(method, path) for method, path, _ in operations()} == set(table())
    assert {path.split("/")[1] for _, path, _ in operations()} == set(APIS)


def test_every_operation_says_which_scopes_it_needs():
    entries = table()
    for method, path, operation in operations():
        stated = tuple(name for each in operation["security"] for names in each.values() for name in names)
        assert stated == entries[method, path].scopes
        assert set(stated) <= set(scopes.ALL)
        if method != "GET":
            assert stated == (scopes.ADMIN,)


def test_every_operation_has_a_name_of_its_own_and_words():
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(set(names)) == len(names)
    assert all(operation["summary"] and operation["description"] for _, _, operation in operations())


def test_every_document_has_one_schema():
    names = set(DOCUMENT["components"]["schemas"])
    assert {model.__name__ for model in SHOWN} <= names
    assert "Key" not in names, "what is kept of a key's secret is nobody's business"
    assert not [name for name in names if name.endswith(("-Input", "-Output")) or "_" in name]


def test_every_error_has_the_same_shape_and_an_example():
    for status in ERRORS:
        content = DOCUMENT["components"]["responses"][f"Error{status}"]["content"]["application/json"]
        assert content["schema"] == {"$ref": "#/components/schemas/ErrorBody"}
        assert content["example"]["error"]["code"]


@pytest.mark.parametrize("name", [model.__name__ for model in SHOWN])
def test_every_document_is_shown_by_an_example_that_the_model_accepts(name: str):
    model = next(model for model in SHOWN if model.__name__ == name)
    model.model_validate(examples.DOCUMENTS[name])


def test_the_examples_are_accepted_by_the_api(admin: Admin):
    shown = examples.DOCUMENTS
    admin.put("/routing/fast", shown["Route"]).ok()
    admin.put("/teams/search", shown["Team"]).ok()
    admin.put("/budgets/search-month", shown["Budget"]).ok()
    admin.put("/scanner/no-aws-keys", shown["ScannerRule"]).ok()
    admin.put(f"/pricing/openai/{segment('gpt-4o-mini')}", shown["PriceOverride"]).ok()
    admin.post("/teams/search/clients", shown["NewClient"]).ok()


def test_a_shown_error_is_the_one_that_is_sent(admin: Admin):
    admin.small_policy()
    sent = admin.put("/budgets/search-month", {**examples.DOCUMENTS["Budget"], "limit_usd": 1}).body
    assert sent["error"].keys() == examples.error(428)["error"].keys()
    assert sent["error"]["message"] == examples.error(428)["error"]["message"]
    assert sent["error"]["details"][0].keys() == examples.error(428)["error"]["details"][0].keys()
