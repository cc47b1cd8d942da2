"""What each client is told, and what becomes of a configuration file that was there."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.cli.gateway.connect import CLIENTS
from gwctl.clients.model import Gateway
from gwctl.clients.recipes import RECIPES, models_of
from gwctl.core.errors import UserError
from unit.clients.recipes import REAL, SAMPLES, TOKEN, URL, shell, told


def test_the_command_offers_exactly_the_recipes_there_are():
    assert set(CLIENTS) == set(RECIPES)


def test_claude_code_gets_its_base_url_without_v1_a_helper_and_a_model_for_each_tier(gateway: Gateway):
    settings = json.loads(told("claude-code", gateway).text)
    assert settings == {
        "apiKeyHelper": "'/opt/my tools/gwctl' token --data-dir '/srv/it'\"'\"'s here'",
        "env": {
            "ANTHROPIC_BASE_URL": URL,
            "ANTHROPIC_MODEL": "sample-claude",
            "ANTHROPIC_DEFAULT_OPUS_MODEL": "sample-claude",
            "ANTHROPIC_DEFAULT_SONNET_MODEL": "sample-claude",
            "ANTHROPIC_DEFAULT_HAIKU_MODEL": "sample-claude",
            "CLAUDE_CODE_API_KEY_HELPER_TTL_MS": "300000",
        },
    }


def test_claude_code_gets_the_real_model_of_each_tier_if_there_is_one(gateway: Gateway):
    variables = json.loads(told("claude-code", replace(gateway, models=REAL)).text)["env"]
    assert variables["ANTHROPIC_MODEL"] == variables["ANTHROPIC_DEFAULT_SONNET_MODEL"] == "claude-sonnet-5-5"
    assert variables["ANTHROPIC_DEFAULT_OPUS_MODEL"] == "claude-opus-5-5"
    assert variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "claude-haiku-5-5"


def test_claude_code_is_warned_of_a_variable_that_wins_over_the_helper(gateway: Gateway):
    environment = {**gateway.environment, "ANTHROPIC_AUTH_TOKEN": "sk-canary"}
    notes = "\n".join(told("claude-code", replace(gateway, environment=environment)).notes)
    assert "ANTHROPIC_AUTH_TOKEN is set in your environment and wins" in notes
    assert "sk-canary" not in notes


def test_codex_gets_a_provider_with_a_token_command(gateway: Gateway):
    assert tomllib.loads(told("codex", gateway).text) == {
        "model": "sample-gpt",
        "model_provider": "gwctl",
        "model_providers": {
            "gwctl": {
                "name": "gwctl",
                "base_url": f"{URL}/v1",
                "wire_api": "responses",
                "auth": {"command": TOKEN[0], "args": list(TOKEN[1:]), "refresh_interval_ms": 300000},
            }
        },
    }


def test_opencode_gets_all_chat_models_and_the_token_from_a_variable(gateway: Gateway):
    document = json.loads(told("opencode", gateway).text)
    provider = document["provider"]["gwctl"]
    assert provider["options"] == {"baseURL": f"{URL}/v1", "apiKey": "{env:GWCTL_TOKEN}"}
    assert list(provider["models"]) == SAMPLES["chat"]
    assert document["model"] == "gwctl/sample-gpt"


def test_openai_gets_its_variables(gateway: Gateway):
    variables = shell(told("openai", gateway).text, gateway)
    assert variables["OPENAI_BASE_URL"] == f"{URL}/v1"
    assert variables["OPENAI_API_KEY"] == "token of token --data-dir /srv/it's here"


def test_anthropic_gets_its_variables_and_loses_a_key_that_would_be_sent_too(gateway: Gateway):
    variables = shell(told("anthropic", gateway).text, gateway)
    assert variables["ANTHROPIC_BASE_URL"] == URL
    assert variables["ANTHROPIC_AUTH_TOKEN"].startswith("token of token")
    assert "ANTHROPIC_API_KEY" not in variables


def test_goose_gets_its_host_without_v1(gateway: Gateway):
    variables = shell(told("goose", gateway).text, gateway)
    assert (variables["OPENAI_HOST"], variables["OPENAI_BASE_PATH"]) == (URL, "v1/chat/completions")
    assert (variables["GOOSE_PROVIDER"], variables["GOOSE_MODEL"]) == ("openai", "sample-gpt")


def test_curl_is_one_shell_command_that_streams(gateway: Gateway):
    text = told("curl", gateway).text
    printed = shell(f"curl() {{ printf 'arg=%s\\n' \"$(echo \"$*\" | tr '\\n' ' ')\"; }}\n{text}", gateway)["arg"]
    assert f"{URL}/v1/chat/completions" in printed
    assert "Authorization: Bearer token of token" in printed
    assert json.loads(printed[printed.index("{") :]) == {
        "model": "sample-gpt",
        "stream": True,
        "messages": [{"role": "user", "content": "Hello"}],
    }


def test_curl_costs_nothing_unless_a_model_is_chosen(gateway: Gateway):
    gateway = replace(gateway, models=REAL)
    assert '"model": "sample-gpt"' in told("curl", gateway).text
    assert '"model": "gpt-6-luna"' in told("curl", replace(gateway, chosen_model="gpt-6-luna")).text


def test_langchain_gets_a_function_for_the_key(gateway: Gateway):
    namespace: dict[str, Any] = {}
    exec(told("langchain", gateway).text, namespace)
    assert namespace["model"].openai_api_base == f"{URL}/v1"
    assert namespace["model"].model_name == "sample-gpt"


def test_continue_gets_a_model_with_a_secret(gateway: Gateway):
    (model,) = yaml.safe_load(told("continue", gateway).text)["models"]
    assert (model["apiBase"], model["apiKey"]) == (f"{URL}/v1", "${{ secrets.GWCTL_TOKEN }}")


@pytest.mark.parametrize(
    "client", [client for client in CLIENTS if client not in {"openai", "anthropic", "gemini-cli"}]
)
def test_a_chosen_model_that_does_not_fit_is_refused_with_those_that_do(client: str, gateway: Gateway):
    with pytest.raises(UserError, match=r"model nope does not serve .*; these do: .*sample-"):
        told(client, replace(gateway, chosen_model="nope"))


@pytest.mark.parametrize("client", [client for client in CLIENTS if client != "gemini-cli"])
def test_a_policy_without_a_fitting_model_is_one_sentence(client: str, gateway: Gateway):
    with pytest.raises(UserError, match="no model of the policy serves"):
        told(client, replace(gateway, models={}))


def test_models_are_those_of_the_clients_team(tmp_path: Path):
    snapshot = tmp_path / "snapshot.json"
    snapshot.write_text(
        json.dumps(
            {
                "clients": {"local": {"team": "t"}},
                "teams": {"t": {"profile": "p"}},
                "profiles": {"p": {"models": {"a": {"chat": "v", "messages": "v"}, "b": {"chat": "v"}}}},
            }
        )
    )
    assert models_of(snapshot, "local") == {"chat": ["a", "b"], "messages": ["a"]}
    with pytest.raises(UserError, match="the policy has no client other"):
        models_of(snapshot, "other")


def test_a_route_that_only_embeds_is_offered_for_nothing_else(tmp_path: Path):
    """A provider's kind says chat and embeddings of every model; the names of the models tell."""
    leaves = [{"type": "target", "model": name} for name in ("text-embedding-3-small", "nomic-embed-text")]
    group = {"type": "group", "targets": leaves}
    chatty = {"type": "target", "model": "embedded-chat"}
    snapshot = tmp_path / "snapshot.json"
    snapshot.write_text(
        json.dumps(
            {
                "clients": {"local": {"team": "t", "profile": "p"}},
                "teams": {"t": {"profile": "of the team"}},
                "profiles": {
                    "p": {"models": {"e": {"chat": "g", "embeddings": "g"}, "c": {"chat": "c", "embeddings": "c"}}}
                },
                "variants": {"g": {"tree": group}, "c": {"tree": chatty}},
            }
        )
    )
    assert models_of(snapshot, "local") == {"embeddings": ["e", "c"], "chat": ["c"]}
    with pytest.raises(UserError, match="knows no key gwk_0000000000; make one"):
        models_of(snapshot, "gwk_0000000000")


def test_the_hint_of_curl_calls_the_same_gateway_and_model(gateway: Gateway):
    command = "gwctl connect curl --model fast --data-dir 'a b'"
    notes = told("curl", replace(gateway, connect_command=command)).notes
    assert f'eval "$({command})"' in notes[0]
