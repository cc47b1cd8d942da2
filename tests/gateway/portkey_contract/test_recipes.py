"""What each provider kind is called with: paths, credentials, model names."""

import base64
import json

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from gateway.portkey_contract.portkey_process import Portkey
from gateway.portkey_contract.recipes import BODIES, PATHS, RECIPES, anthropic, azure, bedrock, every_api, vertex
from support.replay_provider import RecordedRequest, ReplayProvider

CLAUDE = "eu.anthropic.claude-sonnet-4-20250514-v1%3A0"
VERTEX = "/v1/projects/project/locations/europe-west1/publishers"


@pytest.fixture(autouse=True)
def _provider_knows_every_api(provider: ReplayProvider) -> None:
    provider.on("*", every_api)


@pytest.mark.parametrize(
    ("recipe", "api", "path", "query"),
    [
        ("openai", "chat", "/v1/chat/completions", ""),
        ("openai", "responses", "/v1/responses", ""),
        ("openai", "embeddings", "/v1/embeddings", ""),
        ("anthropic", "chat", "/v1/messages", ""),
        ("anthropic", "messages", "/v1/messages", ""),
        ("anthropic", "count_tokens", "/v1/messages/count_tokens", ""),
        ("bedrock", "chat", f"/model/{CLAUDE}/converse", ""),
        ("bedrock", "messages", f"/model/{CLAUDE}/converse", ""),
        ("bedrock", "count_tokens", f"/model/{CLAUDE.removeprefix('eu.')}/count-tokens", ""),
        ("bedrock, titan embedding", "embeddings", "/model/amazon.titan-embed-text-v2%3A0/invoke", ""),
        ("google", "chat", "/v1beta/models/gemini-2.5-flash:generateContent", "key=AIza"),
        ("google", "embeddings", "/v1beta/models/gemini-2.5-flash:embedContent", "key=AIza"),
        ("vertex-ai", "chat", f"{VERTEX}/google/models/gemini-2.5-flash:generateContent", ""),
        (
            "vertex-ai, anthropic model",
            "messages",
            f"{VERTEX}/anthropic/models/claude-sonnet-4@20250514:rawPredict",
            "",
        ),
        ("azure-openai", "chat", "/openai/deployments/deployment/chat/completions", "api-version=2024-10-21"),
        ("azure-openai", "embeddings", "/openai/deployments/deployment/embeddings", "api-version=2024-10-21"),
        ("azure-openai", "responses", "/openai/responses", "api-version=2024-10-21"),
        ("azure-openai, v1 API", "chat", "/openai/v1/chat/completions", ""),
        ("azure-openai, v1 API", "responses", "/openai/v1/responses", ""),
        ("ollama", "chat", "/v1/chat/completions", ""),
        ("ollama", "embeddings", "/api/embeddings", ""),
    ],
)
def test_path(portkey: Portkey, provider: ReplayProvider, recipe: str, api: str, path: str, query: str):
    portkey.ask(api, RECIPES[recipe](provider.url))

    assert (provider.last.path, provider.last.query) == (path, query)


@pytest.mark.parametrize(
    ("recipe", "header", "value"),
    [
        ("openai", "authorization", "Bearer sk-openai"),
        ("anthropic", "x-api-key", "sk-ant"),
        ("google", "authorization", None),
        ("vertex-ai", "authorization", "Bearer ya29.token"),
        ("azure-openai", "api-key", "azure-key"),
        ("ollama", "authorization", None),
    ],
)
def test_credentials(portkey: Portkey, provider: ReplayProvider, recipe: str, header: str, value: str | None):
    portkey.ask("chat", RECIPES[recipe](provider.url))

    assert provider.last.headers[header] == value


def signature_of(sent: RecordedRequest) -> str:
    """Sign the request again with botocore and return the authorization header that it should have had."""
    host = sent.headers["host"].split(":")[0]
    signed = {
        "host": host,
        "content-type": "application/json",
        "x-amz-content-sha256": sent.headers["x-amz-content-sha256"],
    }
    request = AWSRequest("POST", f"http://{host}{sent.path}", headers=signed, data=sent.body)
    request.context["timestamp"] = sent.headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKIAEXAMPLE", "aws-secret", "aws-session"), "bedrock", "eu-west-1")
    request.headers["X-Amz-Date"] = sent.headers["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = "aws-session"
    return str(auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request))


def test_bedrock_requests_are_signed_with_the_keys_of_the_config(portkey: Portkey, provider: ReplayProvider):
    """The signature names the host without its port, so a proxy in between may only change the port."""
    portkey.ask("chat", bedrock(provider.url))

    authorization = provider.last.headers["authorization"]
    assert "Credential=AKIAEXAMPLE/" in authorization
    assert "/eu-west-1/bedrock/aws4_request" in authorization
    assert provider.last.headers["x-amz-security-token"] == "aws-session"
    assert authorization.rpartition("Signature=")[2] == signature_of(provider.last)


def test_bedrock_takes_an_api_key_instead(portkey: Portkey, provider: ReplayProvider):
    config = {
        "provider": "bedrock",
        "api_key": "bedrock-api-key",
        "aws_auth_type": "apiKey",
        "aws_region": "eu-west-1",
        "custom_host": provider.url,
        "override_params": {"model": "amazon.nova-pro-v1:0"},
    }

    portkey.ask("chat", config)

    assert provider.last.headers["authorization"] == "Bearer bedrock-api-key"


def test_bedrock_knows_no_task_role(portkey: Portkey, provider: ReplayProvider):
    """`assumedRole` signs with AWS_ASSUME_ROLE_* keys of the environment and calls AWS STS; it never asks the
    container for credentials. Without them, or without keys in the config, nothing useful is sent."""
    config = {
        "provider": "bedrock",
        "aws_region": "eu-west-1",
        "custom_host": provider.url,
        "request_timeout": 5_000,
        "override_params": {"model": "amazon.nova-pro-v1:0"},
    }

    portkey.ask("chat", config)

    assert "Credential=/" in provider.last.headers["authorization"]


def test_azure_names_with_the_prefix_are_ignored(portkey: Portkey, provider: ReplayProvider):
    config = azure(provider.url)
    for name in ("resource_name", "deployment_id", "api_version"):
        config[f"azure_{name}"] = config.pop(name)

    portkey.ask("chat", config)

    assert (provider.last.path, provider.last.query) == ("/openai/deployments/undefined/chat/completions", "")


@pytest.mark.parametrize(("api_version", "model"), [("2024-10-21", "gpt-4o"), ("v1", "deployment")])
def test_azure_v1_is_asked_for_the_deployment_as_the_model(
    portkey: Portkey, provider: ReplayProvider, api_version: str, model: str
):
    portkey.ask("chat", azure(provider.url, api_version))

    assert provider.last.json["model"] == model


def test_vertex_tells_the_publisher_by_the_models_prefix(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("chat", vertex(provider.url, "anthropic.claude-opus-4"))

    assert provider.last.path == f"{VERTEX}/anthropic/models/claude-opus-4:rawPredict"
    assert provider.last.json["anthropic_version"] == "vertex-2023-10-16"


def test_chat_to_anthropic_gets_no_max_tokens_of_its_own(portkey: Portkey, provider: ReplayProvider):
    """Anthropic requires it, OpenAI's clients seldom send it; override_params would force it on everybody."""
    portkey.ask("chat", anthropic(provider.url), {"model": "m", "messages": BODIES["chat"]["messages"]})

    assert "max_tokens" not in provider.last.json


@pytest.mark.parametrize("field", ["context_management", "output_config", "cache_control"])
def test_newer_fields_of_messages_are_dropped(portkey: Portkey, provider: ReplayProvider, field: str):
    portkey.ask("messages", anthropic(provider.url), {**BODIES["messages"], field: {"type": "ephemeral"}})

    assert field not in provider.last.json


def test_bedrock_counts_tokens_of_an_anthropic_model_as_a_whole_request(portkey: Portkey, provider: ReplayProvider):
    portkey.ask("count_tokens", bedrock(provider.url))

    body = json.loads(base64.b64decode(provider.last.json["input"]["invokeModel"]["body"]))
    assert body["messages"] == BODIES["count_tokens"]["messages"]
    assert body["anthropic_version"] == "bedrock-2023-05-31"


def test_titan_embeds_only_the_first_of_several_inputs(portkey: Portkey, provider: ReplayProvider):
    answer = portkey.ask("embeddings", RECIPES["bedrock, titan embedding"](provider.url))

    assert provider.last.json == {"inputText": "one"}
    assert len(answer.json()["data"]) == 1


@pytest.mark.parametrize("api", PATHS)
def test_the_alias_of_the_client_never_reaches_a_provider(portkey: Portkey, provider: ReplayProvider, api: str):
    config = {**(RECIPES["anthropic"] if api in ("messages", "count_tokens") else RECIPES["openai"])(provider.url)}

    portkey.ask(api, {**config, "override_params": {"model": "real-model"}})

    assert provider.last.json["model"] == "real-model"
