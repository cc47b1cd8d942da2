"""What Terraform reports with `-json`, and what is made of it."""

import json
from typing import Any

import pytest

from gwctl.environments.terraform.advice import advice
from gwctl.environments.terraform.events import Event, Failure, read_event, read_validation


def line(**report: Any) -> str:
    return json.dumps(report)


HOOK = {"resource": {"addr": "module.a.aws_vpc.this"}, "action": "create", "elapsed_seconds": 12}


@pytest.mark.parametrize(
    ("kind", "phase"),
    [
        ("apply_start", "started"),
        ("apply_progress", "going on"),
        ("apply_complete", "done"),
        ("apply_errored", "failed"),
    ],
)
def test_a_resource_is_followed_from_start_to_end(kind: str, phase: str):
    event = read_event(line(type=kind, hook=HOOK))
    assert event == Event(phase, "module.a.aws_vpc.this", "create", 12.0)


def test_an_error_names_the_resource_and_the_line():
    diagnostic = {
        "severity": "error",
        "summary": "creating VPC",
        "detail": "AccessDenied",
        "address": "aws_vpc.this",
        "range": {"filename": "vpc.tf", "start": {"line": 3}},
    }
    event = read_event(line(type="diagnostic", diagnostic=diagnostic))
    assert event
    assert event.failure == Failure("aws_vpc.this", "creating VPC", "AccessDenied", "vpc.tf:3")


def test_a_warning_is_no_failure():
    event = read_event(line(type="diagnostic", diagnostic={"severity": "warning", "summary": "deprecated"}))
    assert event
    assert (event.phase, event.failure) == ("warning", None)


@pytest.mark.parametrize("text", ["", "Initializing the backend...", "{broken", "[1]", '{"type": "version"}', "{}"])
def test_everything_else_is_passed_over(text: str):
    assert read_event(text) is None


def test_what_validation_finds_is_read():
    text = line(
        valid=False, diagnostics=[{"severity": "error", "summary": "Unsupported argument"}, {"severity": "warning"}]
    )
    assert read_validation(text) == [Failure("", "Unsupported argument", "", "")]
    assert read_validation("not json") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ExpiredToken: The security token included in the request is expired", "Log in again"),
        ("AccessDenied: User is not authorized to perform: ecs:CreateService", "Give the role"),
        ("Error acquiring the state lock", "wait, or release it"),
        ("AWS account ID not allowed: 111122223333", "another account"),
        ("LimitExceededException: too many VPCs", "Service Quotas"),
        ("operation error S3, exceeded maximum number of attempts, 25, dial tcp: lookup", "cannot be reached"),
        ("BucketNotEmpty: The bucket you tried to delete is not empty", "empty it"),
        ("Failed to query available provider packages", "GWCTL_PROVIDER_MIRROR"),
    ],
)
def test_known_errors_come_with_what_to_do(text: str, said: str):
    assert said in advice(text)


def test_an_unknown_error_gets_no_guess():
    assert advice("something odd") == ""


def test_what_the_emulated_aws_cannot_do_is_told_as_such():
    assert "The emulated AWS cannot do this" in advice("https response error StatusCode: 500", emulated=True)
    assert advice("https response error StatusCode: 500") == ""
