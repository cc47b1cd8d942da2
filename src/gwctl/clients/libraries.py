"""Libraries for one's own program: text to paste. With a key it comes from the variable GWCTL_KEY at run time."""

import json

from gwctl.clients.model import KEY_VARIABLE, Check, Gateway, Instructions


def langchain(gateway: Gateway) -> Instructions:
    """LangChain with langchain-openai 1.x, which asks a function for the key before each request."""
    text = f"""\
{_token(gateway)}
from langchain_openai import ChatOpenAI

model = ChatOpenAI(
    base_url="{gateway.openai_url}", api_key={_value(gateway, called=False)}, model="{gateway.chat_model}", \
stream_usage=True
)"""
    return _instructions(gateway, text)


def llama_index(gateway: Gateway) -> Instructions:
    """LlamaIndex with llama-index-llms-openai-like, for names that its OpenAI class does not know.

    https://pypi.org/project/llama-index-llms-openai-like. The key is asked for once, so a token ends after an hour.
    """
    text = f"""\
{_token(gateway)}
from llama_index.llms.openai_like import OpenAILike

model = OpenAILike(
    api_base="{gateway.openai_url}",
    api_key={_value(gateway, called=True)},
    model="{gateway.chat_model}",
    is_chat_model=True,
    is_function_calling_model=True,
)"""
    return Instructions(text, Check("chat", gateway.chat_model), ["Put this into your program."])


def vercel_ai(gateway: Gateway) -> Instructions:
    """Vercel's AI SDK with @ai-sdk/openai-compatible, whose `fetch` can be one that puts a fresh token in.

    https://ai-sdk.dev/providers/openai-compatible-providers.
    """
    command, *arguments = gateway.token_command
    credential = f"  apiKey: process.env.{KEY_VARIABLE},"
    first = ""
    if not gateway.key:
        first = f"""\
import {{ execFileSync }} from "node:child_process";

const token = () => execFileSync({json.dumps(command)}, {json.dumps(arguments)}, {{ encoding: "utf8" }}).trim();

"""
        credential = """\
  fetch: (url, request) => {
    const headers = new Headers(request?.headers);
    headers.set("authorization", `Bearer ${token()}`);
    return fetch(url, { ...request, headers });
  },"""
    text = f"""\
import {{ createOpenAICompatible }} from "@ai-sdk/openai-compatible";
{first}
const gateway = createOpenAICompatible({{
  name: "gwctl",
  baseURL: {json.dumps(gateway.openai_url)},
  includeUsage: true,
{credential}
}});

export const model = gateway.chatModel({json.dumps(gateway.chat_model)});"""
    return _instructions(gateway, text)


def _instructions(gateway: Gateway, text: str) -> Instructions:
    notes = ["Put this into your program." + ("" if gateway.key else " The token renews itself.")]
    return Instructions(text, Check("chat", gateway.chat_model), notes, renews=not gateway.key)


def _token(gateway: Gateway) -> str:
    if gateway.key:
        return "import os\n"
    return f"""\
import subprocess


def token() -> str:
    return subprocess.check_output({list(gateway.token_command)!r}, text=True).strip()

"""


def _value(gateway: Gateway, *, called: bool) -> str:
    if gateway.key:
        return f'os.environ["{KEY_VARIABLE}"]'
    return "token()" if called else "token"
