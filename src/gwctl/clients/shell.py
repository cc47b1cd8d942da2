"""Programs that are told by variables, and curl: text for a shell. `eval` of it takes effect at once."""

from shlex import quote

from gwctl.clients.apply import yaml_merge
from gwctl.clients.model import Check, Edit, Gateway, Instructions
from gwctl.core.names import Api


def openai(gateway: Gateway) -> Instructions:
    """OpenAI's SDKs, and everything else that reads their variables."""
    check = Check("chat", gateway.model("chat"))
    exports = _exports(OPENAI_BASE_URL=quote(gateway.openai_url), OPENAI_API_KEY=gateway.credential_shell)
    return Instructions(exports, check, [_models(gateway, "chat", "responses"), *_embeddings(gateway)])


def anthropic(gateway: Gateway) -> Instructions:
    """Anthropic's SDKs. They send ANTHROPIC_API_KEY besides the token if it is set."""
    check = Check("messages", gateway.model("messages"))
    exports = _exports(ANTHROPIC_BASE_URL=quote(gateway.url), ANTHROPIC_AUTH_TOKEN=gateway.credential_shell)
    return Instructions(f"unset ANTHROPIC_API_KEY\n{exports}", check, [_models(gateway, "messages")])


def goose(gateway: Gateway) -> Instructions:
    """Goose with its OpenAI provider, whose host is without `/v1`. It reads no key from its configuration file.

    https://goose-docs.ai/docs/guides/config-files: `active_provider` and `providers`, and the flat names of before.
    """
    model = gateway.chat_model
    host = {"OPENAI_HOST": gateway.url, "OPENAI_BASE_PATH": "v1/chat/completions"}
    flat = {"GOOSE_PROVIDER": "openai", "GOOSE_MODEL": model, **host}
    path = gateway.config / "goose" / "config.yaml"
    values = {
        ("active_provider",): "openai",
        ("providers", "openai"): {"enabled": True, "model": model, "configured": True},
    }
    quoted = {name: quote(value) for name, value in flat.items()}
    return Instructions(
        _exports(**quoted, OPENAI_API_KEY=gateway.credential_shell),
        Check("chat", model),
        [
            "--write puts all but the key where goose keeps it. Then start it:",
            f"  OPENAI_API_KEY={gateway.credential_shell} goose",
        ],
        Edit(path, yaml_merge(path, {**values, **{(name,): value for name, value in flat.items()}})),
    )


def github_copilot(gateway: Gateway) -> Instructions:
    """GitHub Copilot CLI with a provider of one's own; the model must call tools and stream.

    https://docs.github.com/en/copilot/how-tos/copilot-cli/customize-copilot/use-byok-models. VS Code keeps such a
    provider, and its key, by itself: https://code.visualstudio.com/docs/agent-customization/language-models.
    """
    model = gateway.chat_model
    exports = _exports(
        COPILOT_PROVIDER_TYPE="openai",
        COPILOT_PROVIDER_BASE_URL=quote(gateway.openai_url),
        COPILOT_PROVIDER_API_KEY=gateway.credential_shell,
        COPILOT_MODEL=quote(model),
    )
    notes = [
        "That is for Copilot CLI. In VS Code: Chat: Manage Language Models, Add Models, Custom Endpoint, API type Chat "
        "Completions; paste the key there, and as the model's url",
        f"  {gateway.openai_url}/chat/completions",
        "Copilot's own completions while you type stay with GitHub.",
        _models(gateway, "chat"),
    ]
    return Instructions(exports, Check("chat", model), notes)


def open_webui(gateway: Gateway) -> Instructions:
    """Open WebUI, whose settings win over these variables once somebody has saved them there.

    https://docs.openwebui.com/reference/env-configuration: OPENAI_API_BASE_URL, OPENAI_API_KEY, DEFAULT_MODELS.
    """
    model = gateway.chat_model
    exports = _exports(
        ENABLE_OPENAI_API="true",
        OPENAI_API_BASE_URL=quote(gateway.openai_url),
        OPENAI_API_KEY=gateway.credential_shell,
        DEFAULT_MODELS=quote(model),
    )
    notes = [
        "Then start open-webui serve. It lists what GET /v1/models does; hide there what is not for conversations."
    ]
    return Instructions(exports, Check("chat", model), [*notes, *in_a_container(gateway)])


def in_a_container(gateway: Gateway) -> list[str]:
    """What to change for a program that runs in a container, if anything."""
    return (
        ["In a container this machine is not 127.0.0.1 but, with Docker, host.docker.internal."]
        if gateway.is_local
        else []
    )


def curl(gateway: Gateway) -> Instructions:
    """One streamed chat completion."""
    model = gateway.model("chat") if gateway.chosen_model else _cheapest(gateway)
    credential = gateway.credential_shell.strip('"')
    return Instructions(
        "\n".join(
            (
                f"curl --no-buffer --silent --show-error {quote(gateway.openai_url + '/chat/completions')} \\",
                f'  -H "Authorization: Bearer {credential}" \\',
                "  -H 'Content-Type: application/json' \\",
                f'  -d \'{{"model": "{model}", "stream": true,',
                '       "messages": [{"role": "user", "content": "Hello"}]}\'',
            )
        ),
        Check("chat", model),
        [f'  eval "$({gateway.connect_command})"  runs it.', _models(gateway, "chat")],
        renews=not gateway.key,
    )


def _cheapest(gateway: Gateway) -> str:
    """The sample model if there is one: a first request should cost nothing."""
    return gateway.first_with("chat", "sample-gpt") or gateway.model("chat")


def _exports(**variables: str) -> str:
    return "\n".join(f"export {name}={value}" for name, value in variables.items())


def _models(gateway: Gateway, *apis: Api) -> str:
    return "Models: " + ", ".join(sorted({alias for api in apis for alias in gateway.models.get(api, ())}))


def _embeddings(gateway: Gateway) -> list[str]:
    found = sorted(set(gateway.models.get("embeddings", ())) - set(gateway.chat_models))
    return [f"For embeddings: {', '.join(found)}"] if found else []
