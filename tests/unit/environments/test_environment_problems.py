"""A wrong environment file: the error names file, line, field, value and fix, and nothing is rendered."""

from pathlib import Path

import pytest

from gwctl.cli.main import run
from gwctl.environments.file.loading import load
from gwctl.environments.file.problems import EnvironmentFileError
from unit.environments.checkout import DIGEST, YAML, make_project, replaced


def problem(tmp_path: Path, text: str) -> str:
    """The one problem of the file, beginning with its line and its field; columns have a test of their own."""
    project = make_project(tmp_path, dev=text)
    with pytest.raises(EnvironmentFileError) as raised:
        load(project.place("dev"))
    (only,) = raised.value.problems
    assert only.file.endswith("environments/dev/environment.yaml")
    assert str(only).startswith(f"{only.file}:{only.line}:{only.column}: ")
    assert only.column > 0
    return str(only).removeprefix(f"{only.file}:").replace(f":{only.column}:", ":", 1)


WRONG = [
    (
        'account_id: "123456789013"',
        'account_id: "12345"',
        "1: account_id 12345 is no AWS account; write the account's 12",
    ),
    (
        'account_id: "123456789013"',
        "account_id: 123456789013",
        "1: account_id 123456789013 is no text; write it in quotes",
    ),
    (
        'account_id: "123456789013"',
        "account_id: 011122223333",
        "1: account_id 011122223333 is no text; write it in quotes",
    ),
    ("region: eu-central-1", "region: Frankfurt", "2: region Frankfurt is no AWS region; write its code"),
    ("[eu-central-1a, eu-central-1b]", "[eu-central-1a]", "3: availability_zones"),
    ("[eu-central-1a, eu-central-1b]", "[eu-central-1a, eu-central-1a]", "3: availability_zones"),
    ("[eu-central-1a, eu-central-1b]", "[eu-central-1a, b]", "3: availability_zones.1 b is no availability zone"),
    (
        "[eu-central-1a, eu-central-1b]",
        "[us-east-1a, us-east-1b]",
        "3: availability_zones names us-east-1a, which is not",
    ),
    ("production: false", "production: maybe", "4: production maybe is neither true nor false; write true or false"),
    ("production: false", "production: false\nscalling: {}", "5: scalling is no field; did you mean scaling?"),
    (
        "production: false",
        "production: false\nscaling: {minimun: 1}",
        "5: scaling.minimun is no field; did you mean minimum?",
    ),
    (
        "production: false",
        "production: false\nscaling:\n  minimum: 5\n  maximum: 3",
        "6: scaling has minimum 5 above maximum 3; raise the maximum or lower the minimum",
    ),
    (
        "production: false",
        "production: false\nscaling: {minimum: 0}",
        "5: scaling.minimum 0 is too small: at least one",
    ),
    ("production: false", "production: false\nscaling: {minimum: two}", "5: scaling.minimum two is no whole number"),
    (
        "production: false",
        "production: false\ntask: {cpu: 1024, memory: 16384}",
        "5: task has cpu 1024 with memory 16384, which Fargate does not offer; write memory from 2048 to 8192 in steps",
    ),
    ("production: false", "production: false\ntask: {cpu: 3000}", "5: task has cpu 3000, which Fargate does not offer"),
    ("10.1.0.0/16", "10.1.0.0/24", "15: network.cidr 10.1.0.0/24 has the wrong size"),
    ("10.1.0.0/16", "10.1.2.0/16", "15: network.cidr 10.1.2.0/16 has bits set beyond its prefix; write 10.1.0.0/16"),
    ("10.1.0.0/16", "10.1.0.0", "15: network.cidr 10.1.0.0 has no prefix length; write 10.1.0.0/32 for one address"),
    ("10.1.0.0/16", "ten", "15: network.cidr ten has no prefix length"),
    (f"edge@{DIGEST}", "edge:latest", "12: images.edge registry.example.net/edge:latest is not pinned"),
    (f"edge@{DIGEST}", "edge@sha256:abc", "12: images.edge registry.example.net/edge@sha256:abc is not pinned"),
    ("  bucket: team-state", "  bucket: Team_State", "6: state.bucket Team_State is no bucket name"),
    ("  bucket: team-state", "  region: eu-central-1", "5: state.bucket is missing; add it"),
    ("state:\n  bucket: team-state", "state:", "5: state"),
    ("production: false", "production: true\nemulated: true", "5: an emulated AWS is no production"),
    (
        "production: false",
        "production: false\ntags: {ManagedBy: me}",
        "5: tags has ManagedBy, which is derived; remove it",
    ),
    (
        "production: false",
        "production: false\nmulti_client: {admin: {scopes: [read]}}",
        "5: multi_client has admin, which always exists; choose another name",
    ),
    (
        "production: false",
        "production: false\nmulti_client: {reports: {scopes: [write]}}",
        "5: multi_client.reports.scopes.0 write is not allowed; write 'admin', 'invoke' or 'read'",
    ),
    (
        "production: false",
        "production: false\nmulti_client: {Reports: {scopes: [read]}}",
        "5: multi_client.Reports Reports is no name of a client",
    ),
    ("production: false", "production: false\nproduction: true", "5: is not YAML: the key 'production' stands twice"),
    ("production: false", "production: [", "6: is not YAML"),
    (
        "  bucket: team",
        "\tbucket: team",
        "6: is not YAML: found character that cannot start any token; indent with spaces",
    ),
    ("production: false", "production: false\n1: x", "5: 1 1 is no name of a field; write it in quotes, or remove it"),
    (
        "production: false",
        "production: false\nledger: {snapshot_history_days: 5}",
        "5: ledger.snapshot_history_days 5 is too small: it must tell what was in force last month; write a number",
    ),
    (
        "production: false",
        "production: false\nfallback_routing:\n  routes:\n    a:\n      fallback_on: [429, 401]\n"
        "      targets: [{provider: a, model: m}, {provider: b, model: m}]",
        "8: fallback_routing.routes.a.fallback_on.1 401 cannot be: a wrong key does not get right at the next",
    ),
    (
        "10.1.0.0/16",
        "10.1.0.0/16\n  endpoint_clients: [0.0.0.0/0]",
        "16: network.endpoint_clients.0 0.0.0.0/0 is everybody; write the ranges of your networks",
    ),
    (
        "production: false",
        "production: false\nproviders_access: {bedrock_model_arns: ['arn:aws:bedrock:*::foundation-model/*']}",
        "5: providers_access.bedrock_model_arns.0 arn:aws:bedrock:*::foundation-model/* is not the ARN",
    ),
    (
        "production: false",
        "production: false\naudit_log: {retention: {lock_days: 400, expire_days: 365}}",
        "5: audit_log.retention has expire_days 365 below lock_days 400",
    ),
    (
        "production: false",
        "production: false\nobservability: {retention_days: 100}",
        "5: observability.retention_days 100",
    ),
    (
        "production: false",
        "production: false\ndomain: {gateway: 'https://ai.example.com', zone_id: Z0123456789}",
        "5: domain.gateway https://ai.example.com is no host name",
    ),
]


@pytest.mark.parametrize(("old", "new", "said"), WRONG, ids=[new.replace("\n", " ")[:50] for _, new, _ in WRONG])
def test_a_wrong_value_is_named_with_its_line_and_what_to_write(tmp_path: Path, old: str, new: str, said: str):
    assert problem(tmp_path, replaced(old, new)).startswith(said)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("region: eu-central-1", "region: eu-centrl-1", "2:1: region eu-centrl-1 is no AWS region; did you mean eu-"),
        ("production: false", "production: false\nscaling: {minimun: 1}", "5:11: scaling.minimun is no field"),
        ("10.1.0.0/16", "ten", "15:3: network.cidr ten has no prefix length"),
        ("[eu-central-1a, eu-central-1b]", "[eu-central-1a, b]", "3:37: availability_zones.1 b"),
        ("[eu-central-1a, eu-central-1b]", "eu-central-1a", "3:1: availability_zones eu-central-1a is no list; write"),
        ("  bucket: team", "\tbucket: team", "6:1: is not YAML: found character that cannot start any token; indent"),
        (
            "production: false",
            "production: false\nmulti_client: {reports: {scopes: [raed]}}",
            "5:35: multi_client.reports.scopes.0 raed is not allowed; did you mean read?",
        ),
    ],
)
def test_a_problem_has_line_and_column_and_the_right_word(tmp_path: Path, old: str, new: str, said: str):
    project = make_project(tmp_path, dev=replaced(old, new))
    with pytest.raises(EnvironmentFileError) as raised:
        load(project.place("dev"))
    (only,) = raised.value.problems
    assert f"environments/dev/environment.yaml:{said}" in str(only)


def test_a_certificate_comes_from_one_place(tmp_path: Path):
    without = replaced("alb:\n  certificate_arn: arn:aws:acm:eu-central-1:123456789013:certificate/1\n", "")
    assert "the load balancer has no certificate" in problem(tmp_path / "a", without)
    both = YAML + "domain: {gateway: ai.example.com, zone_id: Z0123456789}\n"
    assert "alb.certificate_arn and domain are both there" in problem(tmp_path / "b", both)


def test_all_problems_are_told_at_once(tmp_path: Path):
    text = replaced('"123456789013"', '"1"', replaced("region: eu-central-1", "region: x"))
    project = make_project(tmp_path, dev=text)
    with pytest.raises(EnvironmentFileError) as raised:
        load(project.place("dev"))
    assert [each.field for each in raised.value.problems] == ["account_id", "region"]


@pytest.mark.parametrize(
    "secret",
    ["AKIAIOSFODNN7EXAMPLE", "sk-proj-abcdefghijklmnopqrstuv", "-----BEGIN PRIVATE KEY-----", "ghp_" + "a" * 36],
)
def test_a_secret_is_refused_and_not_repeated(tmp_path: Path, secret: str):
    said = problem(tmp_path, f"{YAML}tags:\n  key: '{secret}'\n")
    assert said.startswith("17: tags.key looks like a secret; remove it")
    assert secret not in said


def test_a_secret_is_not_repeated_beside_another_problem(tmp_path: Path):
    said = problem(tmp_path, replaced("region: eu-central-1", "region: sk-proj-abcdefghijklmnopqrstuv"))
    assert "sk-proj" not in said


def test_names_that_would_get_too_long_are_refused(tmp_path: Path):
    text = f"{YAML}prefix: a-very-long-prefix\n"
    assert "makes names begin with a-very-long-prefix-dev" in problem(tmp_path, text)


def test_names_that_cognito_does_not_take_are_refused(tmp_path: Path):
    said = problem(tmp_path / "a", f"{YAML}prefix: my-aws\n")
    assert said.startswith("16: prefix makes the token endpoint's name begin with my-aws-dev, and Cognito takes none")
    project = make_project(tmp_path / "b", dev=f"{YAML}prefix: my-aws\ntoken_domain_prefix: acme\n")
    assert load(project.place("dev")).token_domain_prefix == "acme"


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path):
    project = make_project(tmp_path, dev="x: 1")
    place = project.place("dev")
    place.yaml.write_bytes(b"\xff\xfe")
    with pytest.raises(EnvironmentFileError, match="is not UTF-8; save it as UTF-8"):
        load(place)
    place.yaml.write_text("- a list\n")
    with pytest.raises(EnvironmentFileError, match="holds no mapping"):
        load(place)


def test_nothing_is_rendered_while_one_file_has_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    wrong = replaced("10.1.0.0/16", "10.1.0.0/30")
    project = make_project(tmp_path, dev=YAML, wrong=wrong)
    monkeypatch.chdir(project.root)
    assert run(["render"]) == 1
    assert not list(project.environments.glob("*/terraform.tfvars"))
    assert "environments/wrong/environment.yaml:15:3: network.cidr 10.1.0.0/30" in capsys.readouterr().err
