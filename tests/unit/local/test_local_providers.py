"""Providers without a line in the policy file: from the environment and from --upstream."""

from pathlib import Path
from typing import Any

import pytest

from gwctl.core.errors import UserError
from gwctl.local.policy.providers import (
    Offer,
    detect,
    key_variables,
    merge,
    parse_upstreams,
    remember,
    sample_offers,
    secret_variable,
    secrets_of,
    with_upstreams,
)
from gwctl.policy.documents import Documents, Provider

PORT = 8080
AWS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_REGION": "eu-central-1"}
AZURE = {"AZURE_OPENAI_API_KEY": "k", "AZURE_OPENAI_ENDPOINT": "https://acme.openai.azure.com/"}


def facts(environment: dict[str, str]) -> list[dict[str, Any]]:
    """Provider documents without what is not set."""
    offers = detect(environment, PORT)
    return [offer.provider.model_dump(exclude_none=True, exclude_defaults=True) for offer in offers]


@pytest.mark.parametrize(
    ("environment", "provider", "secret"),
    [
        ({"OPENAI_API_KEY": "k"}, {"id": "openai", "kind": "openai"}, {"api_key": "k"}),
        (
            {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://eu.example.com/v1/"},
            {"id": "openai", "kind": "openai", "base_url": "https://eu.example.com/v1"},
            {"api_key": "k"},
        ),
        ({"ANTHROPIC_API_KEY": "k"}, {"id": "anthropic", "kind": "anthropic"}, {"api_key": "k"}),
        (
            {"ANTHROPIC_API_KEY": "k", "ANTHROPIC_BASE_URL": "https://claude.example.com"},
            {"id": "anthropic", "kind": "anthropic", "base_url": "https://claude.example.com/v1"},
            {"api_key": "k"},
        ),
        ({"GEMINI_API_KEY": "k"}, {"id": "google", "kind": "google"}, {"api_key": "k"}),
        (AZURE, {"id": "azure-openai", "kind": "azure-openai", "azure_resource": "acme"}, {"api_key": "k"}),
        (
            AZURE | {"AZURE_OPENAI_API_VERSION": "2025-01-01"},
            {
                "id": "azure-openai",
                "kind": "azure-openai",
                "azure_resource": "acme",
                "azure_api_version": "2025-01-01",
            },
            {"api_key": "k"},
        ),
        (
            AWS,
            {"id": "bedrock", "kind": "bedrock", "region": "eu-central-1"},
            {"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret"},
        ),
        (
            AWS | {"AWS_SESSION_TOKEN": "t"},
            {"id": "bedrock", "kind": "bedrock", "region": "eu-central-1"},
            {"aws_access_key_id": "AKIA", "aws_secret_access_key": "secret", "aws_session_token": "t"},
        ),
        (
            {"AWS_BEARER_TOKEN_BEDROCK": "b", "AWS_DEFAULT_REGION": "us-east-1"},
            {"id": "bedrock", "kind": "bedrock", "region": "us-east-1"},
            {"api_key": "b"},
        ),
        (
            {"OLLAMA_HOST": "0.0.0.0"},
            {"id": "ollama", "kind": "ollama", "base_url": "http://127.0.0.1:11434"},
            {"api_key": "none"},
        ),
        (
            {"OLLAMA_HOST": "https://gpu.example.com"},
            {"id": "ollama", "kind": "ollama", "base_url": "https://gpu.example.com:443"},
            {"api_key": "none"},
        ),
        (
            {"OLLAMA_HOST": "gpu:1234"},
            {"id": "ollama", "kind": "ollama", "base_url": "http://gpu:1234"},
            {"api_key": "none"},
        ),
        (
            {"OLLAMA_HOST": ":1234"},
            {"id": "ollama", "kind": "ollama", "base_url": "http://127.0.0.1:1234"},
            {"api_key": "none"},
        ),
    ],
)
def test_a_provider_is_found_by_its_usual_variables(
    environment: dict[str, str], provider: dict[str, str], secret: dict[str, str]
):
    assert facts(environment) == [provider]
    assert detect(environment, PORT)[0].secret == secret


def test_an_aws_profile_is_resolved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    credentials = tmp_path / "credentials"
    credentials.write_text("[work]\naws_access_key_id = AKIA\naws_secret_access_key = s\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    (offer,) = detect({"AWS_PROFILE": "work"}, PORT)
    assert offer.provider.region == "eu-west-1"
    assert offer.secret == {"aws_access_key_id": "AKIA", "aws_secret_access_key": "s"}


def test_nothing_is_found_in_an_empty_environment():
    assert detect({"OPENAI_API_KEY": " ", "AWS_REGION": "eu-west-1"}, PORT) == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_variable_that_points_at_this_gateway_is_no_provider(host: str):
    environment = {"OPENAI_API_KEY": "token", "OPENAI_BASE_URL": f"http://{host}:{PORT}/v1"}
    assert detect(environment, PORT) == []


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"AZURE_OPENAI_API_KEY": "k"}, "without AZURE_OPENAI_ENDPOINT; set both"),
        (AZURE | {"AZURE_OPENAI_ENDPOINT": "https://proxy.example.com"}, "must be https://RESOURCE.openai.azure.com"),
        (AWS | {"AWS_REGION": ""}, "AWS_ACCESS_KEY_ID is set without a region; set AWS_REGION"),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "ftp://x"}, "OPENAI_API_KEY: the openai provider's base_url must"),
        ({"OLLAMA_HOST": "host:x"}, r"must be \[http://\]HOST"),
        ({"OLLAMA_HOST": "http://["}, r"must be \[http://\]HOST"),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "http://["}, "OPENAI_API_KEY: the openai provider's base_url must"),
        (AZURE | {"AZURE_OPENAI_ENDPOINT": "https://["}, "must be https://RESOURCE.openai.azure.com"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence(environment: dict[str, str], sentence: str):
    with pytest.raises(UserError, match=sentence):
        detect(environment, PORT)


def test_a_secret_is_in_no_representation():
    assert "sk-canary" not in repr(detect({"OPENAI_API_KEY": "sk-canary"}, PORT))


def test_a_provider_of_an_earlier_run_stays_known_without_its_secret(tmp_path: Path):
    path = tmp_path / "providers.json"
    remember(path, detect({"OPENAI_API_KEY": "sk-canary"}, PORT))
    (offer,) = remember(path, [])
    assert (offer.provider.id, offer.secret) == ("openai", {})
    assert "sk-canary" not in path.read_text()


def test_the_file_wins_over_the_environment():
    in_file = Documents(providers=(Provider(id="openai", kind="openai", base_url="https://proxy.example.com"),))
    merged = merge(in_file, detect({"OPENAI_API_KEY": "k"}, PORT), {})
    assert merged.providers == in_file.providers


def test_an_upstream_wins_over_the_file_and_keeps_the_rest_of_the_provider():
    in_file = Documents(providers=(Provider(id="eu", kind="bedrock", region="eu-west-1"),))
    upstreams = {"eu": "http://127.0.0.1:9000"}
    merged = merge(in_file, with_upstreams(in_file, [], upstreams), upstreams)
    assert merged.providers == (
        Provider(id="eu", kind="bedrock", region="eu-west-1", base_url="http://127.0.0.1:9000"),
    )


def test_an_upstream_keeps_the_key_of_its_provider():
    offers = with_upstreams(Documents(), detect({"OPENAI_API_KEY": "k"}, PORT), {"openai": "http://127.0.0.1:9000/v1"})
    assert [(each.provider.base_url, each.secret) for each in offers] == [
        ("http://127.0.0.1:9000/v1", {"api_key": "k"})
    ]


def test_an_upstream_makes_the_provider_that_it_names():
    (offer,) = with_upstreams(Documents(), [], {"anthropic": "http://127.0.0.1:9000/v1"})
    assert (offer.provider.kind, offer.secret) == ("anthropic", {"api_key": "none"})


def test_an_upstream_of_an_unknown_provider_names_the_known_ones():
    with pytest.raises(UserError, match="there is no provider nope; known are sample-anthropic, sample-openai,"):
        with_upstreams(Documents(), sample_offers(1), {"nope": "http://127.0.0.1:9000"})


@pytest.mark.parametrize(
    "option",
    [
        *("openai", "=http://x", "openai=x", "openai=ftp://x", "openai=http://"),
        *("openai=http://[", "openai=http://a b", "openai=http://x:99999"),
    ],
)
def test_a_malformed_upstream_is_one_sentence_with_an_example(option: str):
    with pytest.raises(UserError, match="write PROVIDER=URL, for example"):
        parse_upstreams([option])


def test_an_upstream_given_twice_is_refused():
    with pytest.raises(UserError, match="given twice"):
        parse_upstreams(["openai=http://a", "openai=http://b"])


def test_a_provider_of_the_file_gets_its_key_from_a_variable_of_its_own():
    in_file = Documents(providers=(Provider(id="my-vllm.2", kind="openai", base_url="https://llm.example.com"),))
    assert secret_variable("my-vllm.2") == "GWCTL_PROVIDER_MY_VLLM_2_API_KEY"
    assert secrets_of(in_file, [], {"GWCTL_PROVIDER_MY_VLLM_2_API_KEY": "k"}) == {"my-vllm.2": {"api_key": "k"}}


def test_bedrock_gets_access_keys_and_vertex_ai_a_key_file_from_variables_of_their_own(tmp_path: Path):
    in_file = Documents(
        providers=(
            Provider(id="eu", kind="bedrock", region="eu-central-1"),
            Provider(id="gcp", kind="vertex-ai", region="europe-west4", project="acme"),
        )
    )
    key_file = tmp_path / "key.json"
    key_file.write_text('{"client_email": "gateway@acme"}')
    keys = {"GWCTL_PROVIDER_EU_AWS_ACCESS_KEY_ID": "id", "GWCTL_PROVIDER_EU_AWS_SECRET_ACCESS_KEY": "secret"}
    for given in (str(key_file), key_file.read_text()):
        assert secrets_of(in_file, [], {**keys, "GWCTL_PROVIDER_GCP_SERVICE_ACCOUNT_JSON": given}) == {
            "eu": {"aws_access_key_id": "id", "aws_secret_access_key": "secret"},
            "gcp": {"service_account_json": key_file.read_text()},
        }
    with pytest.raises(
        UserError, match=r"GWCTL_PROVIDER_GCP_SERVICE_ACCOUNT_JSON names .*gone\.json, which cannot be read"
    ):
        secrets_of(in_file, [], {"GWCTL_PROVIDER_GCP_SERVICE_ACCOUNT_JSON": str(tmp_path / "gone.json")})
    assert key_variables("gcp", "vertex-ai").startswith("GWCTL_PROVIDER_GCP_SERVICE_ACCOUNT_JSON to a key file")


def test_a_provider_of_the_file_gets_no_other_providers_key():
    in_file = Documents(providers=(Provider(id="elsewhere", kind="openai", base_url="https://llm.example.com"),))
    offers: list[Offer] = detect({"OPENAI_API_KEY": "k"}, PORT)
    assert "elsewhere" not in secrets_of(in_file, offers, {"OPENAI_API_KEY": "k"})
