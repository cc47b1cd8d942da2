"""The bucket for Terraform's state, on moto."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from gwctl.core.errors import UserError
from gwctl.environments.file.loading import load
from gwctl.environments.terraform import account_role, locks
from gwctl.environments.terraform import state_bucket as bootstrap
from gwctl.environments.terraform.aws import check_account
from gwctl.environments.terraform.workspace import Target
from unit.environments.checkout import YAML, emulated_target, make_project, replaced


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    with mock_aws():
        yield emulated_target(tmp_path)


def s3() -> Any:
    return boto3.client("s3", region_name="eu-central-1")


def test_the_bucket_is_what_a_state_needs(target: Target):
    assert not bootstrap.exists(target)
    bootstrap.bootstrap(target)
    assert bootstrap.exists(target)
    bucket = "team-state"
    assert s3().get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert all(s3().get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"].values())
    encryption = s3().get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    (statement,) = json.loads(s3().get_bucket_policy(Bucket=bucket)["Policy"])["Statement"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert s3().get_bucket_location(Bucket=bucket)["LocationConstraint"] == "eu-central-1"


def test_the_second_time_changes_nothing(target: Target):
    assert bootstrap.bootstrap(target)
    assert bootstrap.bootstrap(target) == []


def test_a_dry_run_says_what_it_would_do_and_does_none_of_it(target: Target):
    steps = bootstrap.bootstrap(target, dry_run=True)
    assert steps[0] == "made in eu-central-1"
    assert "versioned" in steps
    assert not bootstrap.exists(target)


@pytest.mark.parametrize(
    ("spoil", "repaired"),
    [
        (lambda: s3().delete_bucket_policy(Bucket="team-state"), ["reached by TLS alone"]),
        (lambda: s3().delete_public_access_block(Bucket="team-state"), ["closed to the public"]),
        (
            lambda: s3().put_bucket_versioning(Bucket="team-state", VersioningConfiguration={"Status": "Suspended"}),
            ["versioned"],
        ),
    ],
    ids=["policy", "public access", "versions"],
)
def test_what_somebody_undid_is_repaired(target: Target, spoil: Any, repaired: list[str]):
    bootstrap.bootstrap(target)
    spoil()
    assert bootstrap.bootstrap(target) == repaired


def test_a_table_for_locks_is_made_when_it_is_asked_for(tmp_path: Path):
    text = replaced("  bucket: team-state", "  bucket: team-state\n  lock_table: team-locks").replace(
        "789013", "789012"
    )
    project = make_project(tmp_path, dev=text)
    place = project.place("dev")
    with mock_aws():
        target = Target(place, load(place))
        assert bootstrap.bootstrap(target)[-1] == "with the table team-locks for locks"
        assert bootstrap.bootstrap(target) == []


def test_the_right_account_is_told(target: Target):
    assert check_account(target).startswith("arn:aws:sts::123456789012:")


def test_another_account_is_refused_before_anything_else(tmp_path: Path):
    project = make_project(tmp_path, dev=YAML)
    place = project.place("dev")
    with (
        mock_aws(),
        pytest.raises(UserError, match=r"are of account 123456789012 .* but dev is account 123456789013; nothing"),
    ):
        check_account(Target(place, load(place)))


def test_a_lock_is_told_as_terraform_wrote_it(target: Target):
    bootstrap.bootstrap(target)
    assert locks.current(target) is None
    written = {"ID": "1a2b", "Who": "ann@laptop", "Operation": "OperationTypeApply", "Created": "2026-11-21T10:00:00Z"}
    s3().put_bucket_policy(Bucket="team-state", Policy=json.dumps({"Version": "2012-10-17", "Statement": []}))
    s3().put_object(Bucket="team-state", Key="dev/terraform.tfstate.tflock", Body=json.dumps(written))
    assert locks.current(target) == locks.Lock("1a2b", "ann@laptop", "OperationTypeApply", "2026-11-21T10:00:00Z")


def test_a_saved_plan_which_holds_secrets_is_gone_after_a_day(target: Target):
    bootstrap.bootstrap(target)
    rules = s3().get_bucket_lifecycle_configuration(Bucket="team-state")["Rules"]
    (plans,) = [rule for rule in rules if rule["Filter"]["Prefix"] == "plans/"]
    assert plans["Expiration"]["Days"] == plans["NoncurrentVersionExpiration"]["NoncurrentDays"] == 1


def test_api_gateway_gets_a_log_role_that_no_environment_takes_away(target: Target):
    gateway = boto3.client("apigateway", region_name="eu-central-1")
    assert account_role.ensure(target, dry_run=True)
    assert "cloudwatchRoleArn" not in gateway.get_account()
    assert account_role.ensure(target)
    assert gateway.get_account()["cloudwatchRoleArn"].endswith(f":role/{account_role.NAME}")
    assert account_role.ensure(target) == []


def test_a_log_role_that_is_there_stays(target: Target):
    gateway = boto3.client("apigateway", region_name="eu-central-1")
    theirs = "arn:aws:iam::123456789012:role/theirs"
    gateway.update_account(patchOperations=[{"op": "replace", "path": "/cloudwatchRoleArn", "value": theirs}])
    assert account_role.ensure(target) == []
    assert gateway.get_account()["cloudwatchRoleArn"] == theirs
