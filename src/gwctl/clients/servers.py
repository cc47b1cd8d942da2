"""Servers that have the gateway behind them: LibreChat and LiteLLM's proxy. Each names its key by a variable."""

from pathlib import Path
from shlex import quote

from gwctl.clients.apply import env_merge, yaml_merge
from gwctl.clients.model import Check, Edit, Gateway, Instructions
from gwctl.clients.shell import in_a_container
from gwctl.clients.yaml_text import Item

NAME = "gwctl"
LIBRECHAT_VERSION = "1.2.1"


def librechat(gateway: Gateway) -> Instructions:
    """LibreChat with a custom endpoint; the file is in its project's folder, or where CONFIG_PATH says.

    https://www.librechat.ai/docs/configuration/librechat_yaml/object_structure/custom_endpoint.
    """
    model = gateway.chat_model
    path = Path(gateway.environment.get("CONFIG_PATH") or "librechat.yaml").absolute()
    entry = {
        "name": NAME,
        "apiKey": f"${{{gateway.credential_variable}}}",
        "baseURL": gateway.openai_url,
        "models": {"default": [model, *(alias for alias in gateway.chat_models if alias != model)], "fetch": False},
        "titleConvo": True,
        "titleModel": model,
        "modelDisplayLabel": NAME,
    }
    merge = yaml_merge(path, {("endpoints", "custom", Item("name", NAME)): entry}, {("version",): LIBRECHAT_VERSION})
    variables = path.with_name(".env")
    key = Edit(variables, env_merge(gateway.credential_variable, gateway.key), private=True) if gateway.key else None
    note = f"{gateway.credential_variable} is read from {variables}; a server needs a key there, not a token."
    return Instructions(
        merge("")[0].rstrip(), Check("chat", model), [note, *in_a_container(gateway)], Edit(path, merge), key
    )


def litellm(gateway: Gateway) -> Instructions:
    """LiteLLM's proxy with the gateway as the provider of its models; the file is what CONFIG_FILE_PATH names.

    https://docs.litellm.ai/docs/providers/openai_compatible, https://docs.litellm.ai/docs/proxy/configs.
    """
    path = Path(gateway.environment.get("CONFIG_FILE_PATH") or "litellm_config.yaml").absolute()
    key = f"os.environ/{gateway.credential_variable}"
    model = gateway.chat_model
    chosen = [model] if gateway.chosen_model else gateway.chat_models
    entries = {
        alias: {
            "model_name": alias,
            "litellm_params": {"model": f"openai/{alias}", "api_base": gateway.openai_url, "api_key": key},
        }
        for alias in chosen
    }
    merge = yaml_merge(path, {("model_list", Item("model_name", alias)): entry for alias, entry in entries.items()})
    token = "" if gateway.key else f"{gateway.credential_variable}={gateway.credential_shell} "
    notes = ["Then, with the key in that variable:", f"  {token}litellm --config {quote(str(path))}"]
    return Instructions(merge("")[0].rstrip(), Check("chat", model), notes, Edit(path, merge))
