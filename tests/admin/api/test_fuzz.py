"""The local admin API under requests made up from its own description: no crash, no answer that is not described."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS, load_all_checks

from admin.place import budget, route
from admin.servers import RunningAdmin, running_admin
from gwctl.admin.api.openapi import build
from gwctl.core import scopes
from support.session.profile import PROFILE, examples

load_all_checks()
CHECKED: Any = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "ignored_auth",
    ]
)
SUPPRESSED = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAdmin]:
    with running_admin(tmp_path_factory.mktemp("fuzzed")) as running:
        headers = running.bearer(scopes.ADMIN)
        for path, body in (
            ("/routing/fast", route("fast")),
            ("/teams/0", {"id": "0"}),
            ("/budgets/0", budget("0", team="0")),
        ):
            assert running.http.put(path, json=body, headers=headers).status_code == 201
        yield running


schema = schemathesis.openapi.from_dict(build())


@pytest.mark.hypothesis
@schema.parametrize()
@settings(max_examples=examples(8), suppress_health_check=SUPPRESSED, derandomize=PROFILE == "ci")
def test_every_answer_is_one_that_is_described(case: schemathesis.Case, server: RunningAdmin):
    headers = server.bearer(f"{scopes.ADMIN} {scopes.READ}")
    case.call_and_validate(base_url=server.url, headers=headers, checks=CHECKED)
