"""What the tests of `gwctl connect` share: a gateway, and what a recipe says of it."""

import subprocess
from typing import Literal

from gwctl.clients.model import Edit, Gateway, Instructions
from gwctl.clients.recipes import RECIPES
from gwctl.core.keys import new_key

TOKEN = ("/opt/my tools/gwctl", "token", "--data-dir", "/srv/it's here")
KEY = new_key().text
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


def told(client: str, gateway: Gateway) -> Instructions:
    return RECIPES[client](gateway)


def edit(client: str, gateway: Gateway, which: Literal["edit", "key_edit"] = "edit") -> Edit:
    found = getattr(told(client, gateway), which)
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
