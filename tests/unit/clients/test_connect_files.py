"""`gwctl connect CLIENT --write`: what becomes of the files that a client has already."""

import json
import stat
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gwctl.clients.apply import apply
from gwctl.clients.jsonc import loads
from gwctl.clients.model import Gateway
from gwctl.core.errors import UserError
from unit.clients.recipes import URL, edit, told

WITH_FILE = ("aider", "claude-code", "codex", "continue", "librechat", "litellm", "llm", "opencode", "zed")


def parsed(path: Path, text: str) -> Any:
    return {".toml": tomllib.loads, ".json": json.loads}.get(path.suffix, yaml.safe_load)(text)


@pytest.mark.parametrize("client", WITH_FILE)
def test_a_new_file_is_the_owners_alone_and_says_what_was_told(client: str, gateway: Gateway):
    found = edit(client, gateway)
    assert apply(found)
    assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
    written, text = (parsed(found.path, each) for each in (found.path.read_text(), told(client, gateway).text))
    assert written == text or {**text, **written} == {**written, **text}
    assert not found.path.with_name(f"{found.path.name}.bak").exists()


@pytest.mark.parametrize("client", [*WITH_FILE, "goose"])
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


YAML = {
    "continue": "# mine\nname: Me\nmodels:\n  - name: local\n    provider: ollama  # keep\n# the end\n",
    "librechat": "# mine\nversion: 9.9.9\nendpoints:\n  custom: [{name: other, apiKey: x}]\n  agents: {}\n",
    "litellm": "# mine\nmodel_list:\n- model_name: other\n  litellm_params: {model: x/y}\ngeneral_settings: {}\n",
    "llm": "# mine\n- model_id: other\n  aliases: [o]\n",
    "aider": "# mine\nmodel: gpt-4o  # for now\nread: [CONVENTIONS.md]\n",
    "goose": "# mine\nGOOSE_PROVIDER: ollama\nproviders:\n  ollama: {enabled: true}\nextensions: {}\n",
}


@pytest.mark.parametrize("client", YAML)
def test_what_was_in_a_yaml_file_stays_comments_included(client: str, gateway: Gateway):
    found = edit(client, gateway)
    found.path.parent.mkdir(parents=True, exist_ok=True)
    found.path.write_text(YAML[client])
    assert apply(found)
    after = found.path.read_text()
    changed = {
        "model: gpt-4o  # for now": "model: openai/sample-gpt  # for now",
        "GOOSE_PROVIDER: ollama": "GOOSE_PROVIDER: openai",
    }
    kept = [changed.get(line, line) for line in YAML[client].splitlines() if "[{" not in line]
    assert [line for line in after.splitlines() if line in kept] == kept
    assert contains(
        yaml.safe_load(after), yaml.safe_load("\n".join(changed.get(line, line) for line in YAML[client].splitlines()))
    )
    assert apply(edit(client, gateway)) == []


def contains(whole: Any, part: Any) -> bool:
    """Whether all of the part is in the whole, at the same place; lists begin with it."""
    if isinstance(part, dict):
        return isinstance(whole, dict) and all(contains(whole.get(key), each) for key, each in part.items())
    if isinstance(part, list):
        return len(whole) >= len(part) and all(contains(one, other) for one, other in zip(whole, part, strict=False))
    return whole == part


@pytest.mark.parametrize(
    ("client", "variable", "path"),
    [
        ("llm", "LLM_USER_PATH", "x/extra-openai-models.yaml"),
        ("librechat", "CONFIG_PATH", "x"),
        ("litellm", "CONFIG_FILE_PATH", "x"),
        ("zed", "XDG_CONFIG_HOME", "x/zed/settings.json"),
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
        ("continue", "models: [", "cannot be read: it is not YAML at line 1; correct it first"),
        ("continue", "models: {}", "cannot be merged: models in it is of another kind; correct it first"),
        ("llm", "a: 1", "cannot be merged: the top level in it is of another kind"),
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
