"""What the newer clients are told, read as each of them reads it."""

import ast
import json
from dataclasses import replace
from typing import Any

import pytest
import yaml

from gwctl.cli.gateway.connect import CLIENTS
from gwctl.clients.model import Gateway
from gwctl.core.errors import UserError
from gwctl.core.names import API_PATHS
from unit.clients.recipes import KEY, SAMPLES, URL, shell, told

OPENAI_URL = f"{URL}/v1"
MODEL = "sample-gpt"
SERVED = [client for client in CLIENTS if client != "gemini-cli"]


def test_aider_gets_a_model_that_is_of_openais_kind(gateway: Gateway):
    assert yaml.safe_load(told("aider", gateway).text) == {
        "model": f"openai/{MODEL}",
        "weak-model": f"openai/{MODEL}",
        "openai-api-base": OPENAI_URL,
        "show-model-warnings": False,
    }


def test_llm_gets_every_chat_model_under_a_name_of_its_own(gateway: Gateway):
    entries = yaml.safe_load(told("llm", gateway).text)
    assert [entry["model_name"] for entry in entries] == SAMPLES["chat"]
    assert entries[1] == {
        "model_id": f"gwctl/{MODEL}",
        "model_name": MODEL,
        "api_base": OPENAI_URL,
        "api_key_name": "gwctl",
        "supports_tools": True,
    }


def test_librechat_gets_an_endpoint_that_fetches_no_models(gateway: Gateway):
    (endpoint,) = yaml.safe_load(told("librechat", gateway).text)["endpoints"]["custom"]
    assert (endpoint["baseURL"], endpoint["apiKey"]) == (OPENAI_URL, "${GWCTL_TOKEN}")
    assert endpoint["models"] == {"default": [MODEL, "sample-claude", "sample-slow"], "fetch": False}


def test_litellm_gets_a_model_of_openais_kind_for_each(gateway: Gateway):
    models = yaml.safe_load(told("litellm", gateway).text)["model_list"]
    assert [model["model_name"] for model in models] == SAMPLES["chat"]
    assert models[1]["litellm_params"] == {
        "model": f"openai/{MODEL}",
        "api_base": OPENAI_URL,
        "api_key": "os.environ/GWCTL_TOKEN",
    }
    (one,) = yaml.safe_load(told("litellm", replace(gateway, chosen_model="sample-slow")).text)["model_list"]
    assert one["model_name"] == "sample-slow"


def test_zed_gets_a_provider_and_its_default_model(gateway: Gateway):
    settings = json.loads(told("zed", gateway).text)
    provider = settings["language_models"]["openai_compatible"]["gwctl"]
    assert provider["api_url"] == OPENAI_URL
    assert [model["name"] for model in provider["available_models"]] == SAMPLES["chat"]
    assert all(model["max_tokens"] > 0 for model in provider["available_models"])
    assert settings["agent"]["default_model"] == {"provider": "gwctl", "model": MODEL}


@pytest.mark.parametrize("client", ["cline", "cursor"])
def test_what_has_settings_only_gets_their_names_and_values(client: str, gateway: Gateway):
    values = yaml.safe_load(told(client, gateway).text).values()
    assert {OPENAI_URL, MODEL} <= set(values)


def test_cursor_is_told_that_its_servers_cannot_reach_this_machine(gateway: Gateway):
    cannot = "cannot reach a gateway on this machine"
    assert cannot in " ".join(told("cursor", gateway).notes)
    assert cannot not in " ".join(told("cursor", replace(gateway, url="https://gateway.example")).notes)


@pytest.mark.parametrize(
    ("client", "variables"),
    [
        (
            "github-copilot",
            {
                "COPILOT_PROVIDER_TYPE": "openai",
                "COPILOT_PROVIDER_BASE_URL": OPENAI_URL,
                "COPILOT_PROVIDER_API_KEY": "token of token --data-dir /srv/it's here",
                "COPILOT_MODEL": MODEL,
            },
        ),
        (
            "open-webui",
            {
                "OPENAI_API_BASE_URL": OPENAI_URL,
                "OPENAI_API_KEY": "token of token --data-dir /srv/it's here",
                "DEFAULT_MODELS": MODEL,
            },
        ),
    ],
)
def test_what_is_told_by_variables_gets_them(client: str, variables: dict[str, str], gateway: Gateway):
    assert shell(told(client, gateway).text, gateway).items() >= variables.items()


def test_llama_index_gets_a_token_and_says_that_it_is_for_chat(gateway: Gateway):
    (call,) = (each.value for each in ast.parse(told("llama-index", gateway).text).body if isinstance(each, ast.Assign))
    assert isinstance(call, ast.Call)
    said: dict[Any, str] = {each.arg: ast.unparse(each.value) for each in call.keywords}
    assert (said["api_base"], said["api_key"], said["model"]) == (repr(OPENAI_URL), "token()", repr(MODEL))
    assert said["is_chat_model"] == "True"


def test_vercels_sdk_gets_a_fresh_token_for_each_request(gateway: Gateway):
    text = told("vercel-ai", gateway).text
    assert 'execFileSync("/opt/my tools/gwctl", ["token", "--data-dir", "/srv/it\'s here"]' in text
    assert f'baseURL: "{OPENAI_URL}"' in text
    assert "apiKey" not in text


def test_gemini_cli_is_refused_as_long_as_geminis_own_api_is_not_served(gateway: Gateway):
    """Whoever serves it gives this client its variables: GOOGLE_GEMINI_BASE_URL and GEMINI_API_KEY."""
    assert not [path for path in API_PATHS.values() if "generateContent" in path]
    with pytest.raises(UserError, match=r"Gemini's own API only .* which the gateway does not serve"):
        told("gemini-cli", gateway)


@pytest.mark.parametrize("client", SERVED)
def test_no_client_is_offered_a_route_that_only_embeds(client: str, gateway: Gateway):
    found = told(client, gateway)
    merged = found.edit.merge("")[0] if found.edit else ""
    assert "sample-embedding" not in found.text + merged


@pytest.mark.parametrize("client", SERVED)
def test_a_key_is_never_shown(client: str, keyed: Gateway):
    found = told(client, keyed)
    assert KEY not in f"{found} {found.text} {found.notes} {keyed!r}"
    if not found.renews:
        assert keyed.token_command[0] not in found.text


@pytest.mark.parametrize(
    ("client", "where"),
    [
        ("openai", 'OPENAI_API_KEY="$GWCTL_KEY"'),
        ("anthropic", 'ANTHROPIC_AUTH_TOKEN="$GWCTL_KEY"'),
        ("curl", "Bearer $GWCTL_KEY"),
        ("goose", 'OPENAI_API_KEY="$GWCTL_KEY"'),
        ("langchain", 'os.environ["GWCTL_KEY"]'),
        ("llama-index", 'os.environ["GWCTL_KEY"]'),
        ("vercel-ai", "process.env.GWCTL_KEY"),
        ("litellm", "os.environ/GWCTL_KEY"),
        ("librechat", "${GWCTL_KEY}"),
        ("continue", "${{ secrets.GWCTL_KEY }}"),
    ],
)
def test_who_has_a_key_is_told_by_its_variable(client: str, where: str, keyed: Gateway):
    assert where in told(client, keyed).text
