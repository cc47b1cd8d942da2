"""`gwctl chat`: the answer on stdout as it comes; tokens and cost on stderr; a key in place of a token."""

import subprocess
from pathlib import Path

import httpx
import pytest

from support.environment import BIN, clean_environment
from support.gateway import Gateway

MODEL = "sample-gpt"


@pytest.fixture(scope="module")
def gateway(running_gateway: Gateway) -> Gateway:
    running_gateway.require_local()
    return running_gateway


def chat(gateway: Gateway, home: Path, *arguments: str, stdin: str = "", **environment: str):
    command = [BIN / "gwctl", "chat", *arguments, *gateway.data.command_option()]
    env = {**clean_environment(home), **environment}
    return subprocess.run(command, input=stdin, env=env, cwd=home, capture_output=True, text=True, timeout=60)


def test_an_answer_comes_with_its_tokens_and_its_cost(gateway: Gateway, tmp_path: Path):
    done = chat(gateway, tmp_path, MODEL, "Say", "hello")
    assert done.returncode == 0, done.stderr
    assert "Say hello" in done.stdout
    assert " tokens in, " in done.stderr
    assert "$0.00" in done.stderr


def test_lines_are_turns_of_one_conversation(gateway: Gateway, tmp_path: Path):
    mark = gateway.usage_mark()
    done = chat(gateway, tmp_path, MODEL, "--system", "Be brief.", stdin="One\n\nTwo\n")
    assert done.returncode == 0, done.stderr
    first, second = gateway.usage_since(mark, 2, client="local", api="chat")
    assert second["gen_ai.usage.input_tokens"] > first["gen_ai.usage.input_tokens"], "the second has the first in it"


def test_a_key_calls_as_itself(gateway: Gateway, tmp_path: Path):
    connection = gateway.connection
    admin = {"authorization": f"Bearer {gateway.token(connection.admin_client_id, connection.admin_client_secret)}"}
    made = httpx.post(f"{connection.admin_url}/keys", json={"team": "default"}, headers=admin, trust_env=False).json()
    mark = gateway.usage_mark()
    done = chat(gateway, tmp_path, MODEL, "Hello", GWCTL_KEY=made["key"])
    assert done.returncode == 0, done.stderr
    gateway.usage_since(mark, client=made["document"]["id"])


def test_a_model_that_is_not_there_is_told_in_a_sentence(gateway: Gateway, tmp_path: Path):
    done = chat(gateway, tmp_path, "nothing", "Hello")
    assert (done.returncode, done.stdout) == (1, "")
    assert 'the request was refused with status 404: The model "nothing" does not exist' in " ".join(
        done.stderr.split()
    )
