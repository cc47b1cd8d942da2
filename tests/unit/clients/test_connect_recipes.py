"""What each client is told, and what becomes of a configuration file that was there."""

import json
import os
import stat
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.cli.gateway.connect import CLIENTS
from gwctl.clients.apply import apply
from gwctl.clients.jsonc import loads
from gwctl.clients.model import Edit, Gateway, Instructions
from gwctl.clients.recipes import RECIPES, models_of
from gwctl.core.errors import UserError

TOKEN = ("/opt/my tools/gwctl", "token", "--data-dir", "/srv/it's here")
URL = "http://127.0.0.1:8080"
SAMPLES = {
    "chat": ["sample-claude", "sample-gpt", "sample-slow"],
    "responses": ["sample-gpt"],
    "messages": ["sample-429", "sample-claude"],
    "embeddings": ["sample-embedding"],
}
REAL = {
    "chat": ["claude-haiku-5-5", "claude-sonnet-5-5", "gpt-6-luna", "gpt-6.1-sol", *SAMPLES["chat"]],
    "responses": ["gpt-6-luna", "gpt-6.1-sol", "sample-gpt"],
    "messages": ["claude-haiku-5-5", "claude-opus-5-5", "claude-sonnet-5-5", "sample-claude"],
}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(URL, TOKEN, SAMPLES, {"HOME": str(tmp_path), "PATH": os.environ["PATH"]})


def told(client: str, gateway: Gateway) -> Instructions:
    return RECIPES[client](gateway)


def edit(client: str, gateway: Gateway) -> Edit:
    found = told(client, gateway).edit
    assert found
    return found


def shell(text: str, gateway: Gateway) -> dict[str, str]:
    """The variables that a shell has after the text, with a gwctl that prints its arguments."""
    fake = 'gwctl() { echo "token of $*"; }\n'
    text = text.replace("'/opt/my tools/gwctl'", "gwctl")
    done = subprocess.run(
        ["sh", "-euc", f"{fake}{text}\nenv"],
        env={"ANTHROPIC_API_KEY": "old"},
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())


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


@pytest.mark.parametrize("client", [client for client in CLIENTS if client not in {"openai", "anthropic"}])
def test_a_chosen_model_that_does_not_fit_is_refused_with_those_that_do(client: str, gateway: Gateway):
    with pytest.raises(UserError, match=r"model nope does not serve .*; these do: .*sample-"):
        told(client, replace(gateway, chosen_model="nope"))


@pytest.mark.parametrize("client", CLIENTS)
def test_a_policy_without_a_fitting_model_is_one_sentence(client: str, gateway: Gateway):
    with pytest.raises(UserError, match="no model of the policy serves"):
        told(client, replace(gateway, models={}))


WITH_FILE = ("claude-code", "codex", "opencode")


@pytest.mark.parametrize("client", WITH_FILE)
def test_a_new_file_is_the_owners_alone_and_says_what_was_told(client: str, gateway: Gateway):
    found = edit(client, gateway)
    assert apply(found)
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    parse = tomllib.loads if client == "codex" else json.loads
    written, text = parse(found.path.read_text()), parse(told(client, gateway).text)
    assert {**text, **written} == {**written, **text}
    assert not found.path.with_name(f"{found.path.name}.bak").exists()


@pytest.mark.parametrize("client", WITH_FILE)
def test_a_second_time_changes_nothing(client: str, gateway: Gateway):
    apply(edit(client, gateway))
    before = edit(client, gateway).path.stat().st_mtime_ns
    assert apply(edit(client, gateway)) == []
    assert edit(client, gateway).path.stat().st_mtime_ns == before


CLAUDE = """{
  // mine
  "permissions": {"allow": ["Bash(ls)"]},
  "env": {
    "FOO": "bar",
    "ANTHROPIC_MODEL": "old"
  }
}
"""


def test_what_claude_code_had_stays_comments_included(gateway: Gateway):
    found = edit("claude-code", gateway)
    found.path.parent.mkdir()
    found.path.write_text(CLAUDE)
    changes = apply(found)
    assert 'env.ANTHROPIC_MODEL = "sample-claude" (was "old")' in changes
    after = found.path.read_text()
    assert after.startswith('{\n  // mine\n  "permissions": {"allow": ["Bash(ls)"]},\n  "env": {\n    "FOO": "bar",\n')
    assert loads(after)["env"]["ANTHROPIC_BASE_URL"] == URL


CODEX = """\
# mine
model = "gpt-5" # for now

[mcp_servers.docs]
command = "docs"  # keep
"""


def test_what_codex_had_stays_comments_included(gateway: Gateway):
    found = edit("codex", gateway)
    found.path.parent.mkdir()
    found.path.write_text(CODEX)
    assert 'model = "sample-gpt" (was "gpt-5")' in apply(found)
    after = found.path.read_text()
    assert '# mine\nmodel = "sample-gpt" # for now\n' in after
    assert '[mcp_servers.docs]\ncommand = "docs"  # keep\n' in after
    assert tomllib.loads(after)["model_provider"] == "gwctl"


def test_opencode_with_a_jsonc_file_gets_that_one(gateway: Gateway, tmp_path: Path):
    existing = tmp_path / ".config/opencode/opencode.jsonc"
    existing.parent.mkdir(parents=True)
    existing.write_text('{\n  // theme\n  "theme": "x",\n}\n')
    found = edit("opencode", gateway)
    assert found.path == existing
    apply(found)
    assert existing.read_text().startswith('{\n  // theme\n  "theme": "x",\n  "model": "gwctl/sample-gpt",\n')


def test_the_first_state_of_a_file_is_kept_beside_it(gateway: Gateway):
    found = edit("codex", gateway)
    found.path.parent.mkdir()
    found.path.write_text(CODEX)
    assert f"the file as it was is now {found.path}.bak" in apply(found)
    apply(edit("codex", replace(gateway, url="http://127.0.0.1:9090")))
    assert found.path.with_name("config.toml.bak").read_text() == CODEX


def test_a_file_keeps_its_mode_and_a_link_stays_a_link(gateway: Gateway, tmp_path: Path):
    real = tmp_path / "dotfiles.json"
    real.write_text("{}")
    real.chmod(0o644)
    found = edit("claude-code", gateway)
    found.path.parent.mkdir()
    found.path.symlink_to(real)
    apply(found)
    assert found.path.is_symlink()
    assert "apiKeyHelper" in real.read_text()
    assert stat.S_IMODE(real.stat().st_mode) == 0o644


@pytest.mark.parametrize(
    ("client", "variable", "path"),
    [
        ("claude-code", "CLAUDE_CONFIG_DIR", "x/settings.json"),
        ("codex", "CODEX_HOME", "x/config.toml"),
        ("opencode", "OPENCODE_CONFIG", "x"),
        ("opencode", "XDG_CONFIG_HOME", "x/opencode/opencode.json"),
    ],
)
def test_a_client_that_was_told_to_look_elsewhere_is_followed(
    client: str, variable: str, path: str, gateway: Gateway, tmp_path: Path
):
    environment = {**gateway.environment, variable: str(tmp_path / "x")}
    assert edit(client, replace(gateway, environment=environment)).path == tmp_path / path


@pytest.mark.parametrize(
    ("client", "text", "sentence"),
    [
        ("claude-code", '{"env": 1}', "cannot be merged: env in it is not an object"),
        ("claude-code", "{", "cannot be read: it ends in the middle"),
        ("claude-code", "[]", "cannot be merged: the top level in it is not an object"),
        ("codex", "model = ", "cannot be read: .*line 1"),
        ("codex", "model_providers = 1", "cannot be merged: model_providers in it is not a table"),
        ("opencode", '{"provider": {"gwctl": }}', "cannot be read: line 1 is not JSON"),
    ],
)
def test_a_file_that_cannot_be_merged_is_one_sentence_and_stays(
    client: str, text: str, sentence: str, gateway: Gateway
):
    found = edit(client, gateway)
    found.path.parent.mkdir(parents=True)
    found.path.write_text(text)
    with pytest.raises(UserError, match=sentence):
        apply(found)
    assert found.path.read_text() == text


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
