"""Programs whose configuration is text to paste: LangChain (Python) and Continue (YAML)."""

from gwctl.clients.model import Gateway, Instructions

SECRET = "GWCTL_TOKEN"  # noqa: S105 - the variable's name


def langchain(gateway: Gateway) -> Instructions:
    """LangChain with langchain-openai 1.x, which asks a function for the key before each request."""
    model = gateway.model("chat", "sonnet", "sol", "gpt")
    text = f"""\
import subprocess

from langchain_openai import ChatOpenAI


def token() -> str:
    return subprocess.check_output({list(gateway.token_command)!r}, text=True).strip()


model = ChatOpenAI(base_url="{gateway.openai_url}", api_key=token, model="{model}", stream_usage=True)"""
    return Instructions(text, ["Put this into your program. The token renews itself."])


def continue_dev(gateway: Gateway) -> Instructions:
    """Continue with a `config.yaml`; the key is a secret of its own `.env` file."""
    model = gateway.model("chat", "sonnet", "sol", "gpt")
    text = f"""\
name: gwctl
version: 1.0.0
schema: v1
models:
  - name: {model}
    provider: openai
    model: {model}
    apiBase: {gateway.openai_url}
    apiKey: ${{{{ secrets.{SECRET} }}}}
    roles: [chat, edit, apply]"""
    folder = gateway.home / ".continue"
    notes = [
        f"Put this into {folder / 'config.yaml'}, or its entry below `models` if the file exists.",
        "Continue renews no token; this gives it one for an hour (it replaces the file):",
        f"  echo {SECRET}=$({gateway.token_shell}) > {folder / '.env'}",
    ]
    return Instructions(text, notes)
