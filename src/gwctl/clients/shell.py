"""Programs that are told by variables, and curl: text for a shell. `eval` of it takes effect at once."""

from shlex import quote

from gwctl.clients.model import Gateway, Instructions

TOKEN_HOUR = "The token holds for an hour; evaluate this again for a new one."  # noqa: S105 - no token


def openai(gateway: Gateway) -> Instructions:
    """OpenAI's SDKs, and everything else that reads their variables."""
    gateway.model("chat")
    return Instructions(
        _exports(OPENAI_BASE_URL=quote(gateway.openai_url), OPENAI_API_KEY=_token(gateway)),
        [TOKEN_HOUR, _models(gateway, "chat", "responses", "embeddings")],
    )


def anthropic(gateway: Gateway) -> Instructions:
    """Anthropic's SDKs. They send ANTHROPIC_API_KEY besides the token if it is set."""
    gateway.model("messages")
    exports = _exports(ANTHROPIC_BASE_URL=quote(gateway.url), ANTHROPIC_AUTH_TOKEN=_token(gateway))
    return Instructions(f"unset ANTHROPIC_API_KEY\n{exports}", [TOKEN_HOUR, _models(gateway, "messages")])


def goose(gateway: Gateway) -> Instructions:
    """Goose with its OpenAI provider, whose host is without `/v1`."""
    return Instructions(
        _exports(
            GOOSE_PROVIDER="openai",
            GOOSE_MODEL=quote(gateway.model("chat", "sonnet", "sol", "gpt")),
            OPENAI_HOST=quote(gateway.url),
            OPENAI_BASE_PATH="v1/chat/completions",
            OPENAI_API_KEY=_token(gateway),
        ),
        [TOKEN_HOUR],
    )


def curl(gateway: Gateway) -> Instructions:
    """One streamed chat completion."""
    model = gateway.model("chat") if gateway.chosen_model else _cheapest(gateway)
    return Instructions(
        "\n".join(
            (
                f"curl --no-buffer --silent --show-error {quote(gateway.openai_url + '/chat/completions')} \\",
                f'  -H "Authorization: Bearer {_token(gateway, quoted=False)}" \\',
                "  -H 'Content-Type: application/json' \\",
                f'  -d \'{{"model": "{model}", "stream": true,',
                '       "messages": [{"role": "user", "content": "Hello"}]}\'',
            )
        ),
        [f'  eval "$({gateway.connect_command})"  runs it.', _models(gateway, "chat")],
    )


def _cheapest(gateway: Gateway) -> str:
    """The sample model if there is one: a first request should cost nothing."""
    return gateway.first_with("chat", "sample-gpt") or gateway.model("chat")


def _exports(**variables: str) -> str:
    return "\n".join(f"export {name}={value}" for name, value in variables.items())


def _token(gateway: Gateway, *, quoted: bool = True) -> str:
    call = f"$({gateway.token_shell})"
    return f'"{call}"' if quoted else call


def _models(gateway: Gateway, *apis: str) -> str:
    return "Models: " + ", ".join(sorted({alias for api in apis for alias in gateway.models.get(api, ())}))
