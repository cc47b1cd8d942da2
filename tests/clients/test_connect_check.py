"""`gwctl connect CLIENT --check` and `--key` against the running gateway."""

from pathlib import Path

import pytest

from gateway.local.desk import Desk
from gwctl.clients.check import send
from gwctl.clients.model import Check
from gwctl.core.errors import UserError
from gwctl.core.names import API_PATHS, Api
from support.gateway import Gateway, run_gwctl
from support.processes import wait_until


@pytest.mark.parametrize(
    ("api", "model", "headers"),
    [
        ("chat", "sample-gpt", ("authorization",)),
        ("responses", "sample-gpt", ("authorization",)),
        ("messages", "sample-claude", ("authorization", "x-api-key")),
        ("messages", "sample-claude", ("x-api-key",)),
    ],
)
def test_a_request_of_each_kind_comes_back_in_one_line(
    running_gateway: Gateway, api: Api, model: str, headers: tuple[str, ...]
):
    mark = running_gateway.usage_mark()
    line = send(running_gateway.url, Check(api, model, headers), running_gateway.token())

    assert line.startswith(f"POST {API_PATHS[api]} with {' and '.join(headers)} for {model}: 200 in ")
    assert "sample provider" in line
    assert "\n" not in line
    (event,) = running_gateway.usage_since(mark, api=api, outcome="served")
    used = (event["gen_ai.usage.input_tokens"], event["gen_ai.usage.output_tokens"])
    assert "{} tokens in, {} out".format(*used) in line


@pytest.mark.parametrize(
    ("model", "said"),
    [
        ("sample-429", "429, .*sample provider"),
        ("sample-error-mid-stream", "200, and then an error: .*fails as asked"),
        ("no-such", '404, The model "no-such" does not exist'),
    ],
)
def test_what_is_no_answer_is_a_sentence_with_the_providers_words(running_gateway: Gateway, model: str, said: str):
    with pytest.raises(UserError, match=f"^POST /v1/chat/completions with authorization for {model}: {said}"):
        send(running_gateway.url, Check("chat", model), running_gateway.token())


def test_a_credential_that_is_none_is_told_and_not_shown(running_gateway: Gateway):
    with pytest.raises(UserError, match="401, ") as raised:
        send(running_gateway.url, Check("chat", "sample-gpt"), "sk-canary")
    assert "sk-canary" not in str(raised.value)


def test_a_client_with_a_key_is_written_and_checked_as_that_key(running_gateway: Gateway, tmp_path: Path):
    running_gateway.require_local()
    desk = Desk(running_gateway)
    answer = desk.admin.post("/keys", json={"team": "default", "models": ["sample-gpt"]}).raise_for_status().json()
    key, key_id = answer["key"], answer["document"]["id"]
    bearer = {"authorization": f"Bearer {key}"}
    wait_until(lambda: desk.edge.get("/v1/models", headers=bearer).status_code == 200, "the key to be known", 2)

    mark = running_gateway.usage_mark()
    words = ("connect", "opencode", "--key", "--write", "--check", *running_gateway.data.command_option())
    line = run_gwctl(*words, home=tmp_path, environment={"GWCTL_KEY": key})

    assert line.startswith("POST /v1/chat/completions with authorization for sample-gpt: 200 in ")
    running_gateway.usage_since(mark, client=key_id, outcome="served")
    files = {path: path.read_text() for path in tmp_path.rglob("*.json")}
    assert [path.name for path, text in files.items() if key in text] == ["auth.json"]
    assert not [path for path, text in files.items() if "sample-claude" in text], "the key may use one model only"
