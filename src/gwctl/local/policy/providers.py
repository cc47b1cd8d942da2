"""The providers that need no line in the policy file: the sample provider, and what the environment offers.

In: environment variables and `--upstream` options. Out: provider documents and, apart from them, their secrets. The
variables are those that the providers' own tools read; their values appear in `Offer.secret` and nowhere else.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically
from gwctl.core.names import ProviderKind
from gwctl.core.urls import http_url
from gwctl.edge.portkey import SECRET_FIELDS
from gwctl.policy.documents import Documents, Provider

DEFAULT_OLLAMA_PORT = 11434
_PLACEHOLDER_SECRET = {"api_key": "none"}  # an upstream without keys still has to be sent one
_ACCOUNT = "service_account_json"
_AWS_FIELDS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token", "api_key")


@dataclass(frozen=True)
class Offer:
    """A provider, its secret fields, and what gave rise to it (`OPENAI_API_KEY`, `--upstream`)."""

    provider: Provider
    secret: Mapping[str, str] = field(repr=False)
    source: str


def sample_offers(port: int) -> list[Offer]:
    """The built-in sample provider, which speaks two wire shapes."""
    url = f"http://127.0.0.1:{port}"
    return [
        Offer(Provider(id="sample-openai", kind="openai", base_url=f"{url}/v1"), _PLACEHOLDER_SECRET, "built in"),
        Offer(Provider(id="sample-anthropic", kind="anthropic", base_url=f"{url}/v1"), _PLACEHOLDER_SECRET, "built in"),
    ]


def detect(environment: Mapping[str, str], own_port: int) -> list[Offer]:
    """The providers whose usual variables are set. Raises UserError: a variable has a value that cannot be used.

    A variable that points at `own_port` came from `gwctl connect` and is no provider: the gateway would call itself.
    """
    env = {name: value.strip() for name, value in environment.items() if value.strip()}
    for variable in ("OPENAI", "ANTHROPIC"):
        if _is_own(env.get(f"{variable}_BASE_URL", ""), own_port):
            env.pop(f"{variable}_API_KEY", None)
    offers = [
        _with_key(env, "openai", "OPENAI_API_KEY", base_url=env.get("OPENAI_BASE_URL")),
        _with_key(env, "anthropic", "ANTHROPIC_API_KEY", base_url=_anthropic_url(env.get("ANTHROPIC_BASE_URL"))),
        _with_key(env, "google", "GEMINI_API_KEY"),
        _azure(env),
        _bedrock(env),
        _ollama(env),
    ]
    return [offer for offer in offers if offer]


def secret_variable(provider_id: str, field: str = "api_key") -> str:
    """The variable with a secret of a provider that only the policy file knows: `GWCTL_PROVIDER_<ID>_API_KEY`.

    `field` is one of `SECRET_FIELDS`: for Bedrock `..._AWS_ACCESS_KEY_ID` and `..._AWS_SECRET_ACCESS_KEY` (and
    `..._AWS_SESSION_TOKEN`), for Vertex AI `..._SERVICE_ACCOUNT_JSON`, the key file's name or its text.
    """
    name = "".join(c if c.isalnum() else "_" for c in provider_id)
    return f"GWCTL_PROVIDER_{name}_{field}".upper()


def key_variables(provider_id: str, kind: str) -> str:
    """The variables that give such a provider what it authenticates with, in words."""
    match kind:
        case "bedrock":
            keys = [secret_variable(provider_id, field) for field in _AWS_FIELDS[:2]]
            return f"{keys[0]} and {keys[1]}, or {secret_variable(provider_id)}"
        case "vertex-ai":
            return f"{secret_variable(provider_id, _ACCOUNT)} to a key file, or {secret_variable(provider_id)}"
        case _:
            return secret_variable(provider_id)


def remember(path: Path, offers: Sequence[Offer]) -> list[Offer]:
    """The offers, and those of earlier runs that are missing now, without their secrets.

    A policy file may have routes to a provider whose key is not set today: that must not keep it from compiling.
    """
    known: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        known = dict(json.loads(path.read_text()))
    now = {offer.provider.id: offer for offer in offers}
    gone: list[Offer] = []
    for provider_id, entry in known.items():
        if provider_id not in now:
            with suppress(ValidationError, KeyError, TypeError):
                gone.append(Offer(Provider.model_validate(entry["provider"]), {}, entry["source"]))
    everything = [*offers, *gone]
    document = {
        offer.provider.id: {
            "provider": offer.provider.model_dump(mode="json", exclude_none=True),
            "source": offer.source,
        }
        for offer in everything
    }
    write_atomically(path, json.dumps(document, indent=1).encode())
    return everything


def with_upstreams(documents: Documents, offers: Sequence[Offer], upstreams: Mapping[str, str]) -> list[Offer]:
    """The offers with `--upstream` applied; it also overrides a provider of the policy file. Raises UserError."""
    result = {offer.provider.id: offer for offer in offers}
    in_file = {provider.id: provider for provider in documents.providers}
    for name, url in upstreams.items():
        if name in in_file:
            offer = Offer(in_file[name], result[name].secret if name in result else {}, "--upstream")
        else:
            offer = result.get(name) or _new_upstream(name, url, [*in_file, *result])
        document = {**offer.provider.model_dump(exclude_none=True), "base_url": url}
        try:
            provider = Provider.model_validate(document)
        except ValidationError as error:
            raise UserError(f"--upstream {name}={url}: the URL {_reason(error)}") from error
        result[name] = replace(offer, provider=provider, secret=offer.secret or _PLACEHOLDER_SECRET)
    return list(result.values())


def merge(documents: Documents, offers: Iterable[Offer], upstreams: Mapping[str, str]) -> Documents:
    """The documents and the offers' providers. Those in the file win, except over `--upstream`."""
    providers = {offer.provider.id: offer.provider for offer in offers}
    for provider in documents.providers:
        if provider.id not in upstreams:
            providers[provider.id] = provider
    return documents.model_copy(update={"providers": tuple(providers.values())})


def secrets_of(
    documents: Documents, offers: Iterable[Offer], environment: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    """Provider id → secret fields, of the offers and of the file's providers that have variables of their own.

    Raises UserError: a variable names a file that cannot be read.
    """
    secrets = {offer.provider.id: dict(offer.secret) for offer in offers if offer.secret}
    for provider in documents.providers:
        variables = {field: secret_variable(provider.id, field) for field in SECRET_FIELDS[provider.kind]}
        given = {field: environment[name].strip() for field, name in variables.items() if name in environment}
        found = {field: value for field, value in given.items() if value}
        if _ACCOUNT in found:
            found[_ACCOUNT] = _key_file(variables[_ACCOUNT], found[_ACCOUNT])
        if found:
            secrets[provider.id] = found
    return secrets


def _key_file(variable: str, value: str) -> str:
    """The text of a service account's key file, which is given itself or by its name. Raises UserError."""
    if value.startswith("{"):
        return value
    try:
        return Path(value).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise UserError(f"{variable} names {value}, which cannot be read ({reason}); name a key file") from None


def parse_upstreams(options: Iterable[str]) -> dict[str, str]:
    """`PROVIDER=URL` options → provider → URL. Raises UserError."""
    upstreams: dict[str, str] = {}
    for option in options:
        name, separator, url = option.partition("=")
        if not separator or not name or not http_url(url):
            raise UserError(
                f"--upstream {option}: write PROVIDER=URL, for example --upstream openai=http://127.0.0.1:9000/v1"
            )
        if name in upstreams:
            raise UserError(f"--upstream {name} is given twice; give it once")
        upstreams[name] = url
    return upstreams


def _with_key(env: Mapping[str, str], kind: ProviderKind, variable: str, **facts: str | None) -> Offer | None:
    if variable not in env:
        return None
    return Offer(_provider(kind, variable, **facts), {"api_key": env[variable]}, variable)


def _is_own(url: str, port: int) -> bool:
    parts = http_url(url)
    return parts is not None and parts.hostname in {"127.0.0.1", "localhost", "::1"} and parts.port == port


def _anthropic_url(url: str | None) -> str | None:
    """Anthropic's own tools leave the `/v1` out of the base URL, Portkey wants it."""
    return f"{url.rstrip('/').removesuffix('/v1')}/v1" if url else None


def _azure(env: Mapping[str, str]) -> Offer | None:
    if "AZURE_OPENAI_API_KEY" not in env:
        return None
    endpoint = env.get("AZURE_OPENAI_ENDPOINT")
    if not endpoint:
        raise UserError("AZURE_OPENAI_API_KEY is set without AZURE_OPENAI_ENDPOINT; set both or neither")
    parts = http_url(endpoint)
    host = (parts and parts.hostname) or ""
    if not host.endswith(".openai.azure.com"):
        raise UserError(
            f"AZURE_OPENAI_ENDPOINT is {endpoint}; it must be https://RESOURCE.openai.azure.com "
            "(give another address as azure-openai provider in the policy file)"
        )
    version = env.get("AZURE_OPENAI_API_VERSION") or env.get("OPENAI_API_VERSION")
    facts = {"azure_resource": host.removesuffix(".openai.azure.com"), "azure_api_version": version}
    return _with_key(env, "azure-openai", "AZURE_OPENAI_API_KEY", **facts)


def _bedrock(env: Mapping[str, str]) -> Offer | None:
    region = env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION")
    if "AWS_ACCESS_KEY_ID" in env and "AWS_SECRET_ACCESS_KEY" in env:
        source = "AWS_ACCESS_KEY_ID"
        keys = (env["AWS_ACCESS_KEY_ID"], env["AWS_SECRET_ACCESS_KEY"], env.get("AWS_SESSION_TOKEN"))
    elif profile := env.get("AWS_PROFILE"):
        source = f"AWS_PROFILE {profile}"
        *keys, region = _profile(profile, region)
    elif "AWS_BEARER_TOKEN_BEDROCK" in env:
        source = "AWS_BEARER_TOKEN_BEDROCK"
        keys = (None, None, None)
    else:
        return None
    if not region:
        raise UserError(f"{source} is set without a region; set AWS_REGION to the region whose Bedrock you use")
    secret = dict(zip(_AWS_FIELDS, (*keys, env.get("AWS_BEARER_TOKEN_BEDROCK")), strict=True))
    offered = {name: value for name, value in secret.items() if value}
    return Offer(_provider("bedrock", source, region=region), offered, source)


def _profile(name: str, region: str | None) -> tuple[str, str, str | None, str | None]:
    """Access key, secret key, session token and region of an AWS profile."""
    from gwctl.stores.aws.secrets import UnusableSecretError, profile_credentials

    try:
        fields, its_region = profile_credentials(name)
    except UnusableSecretError as error:
        raise UserError(f"AWS_PROFILE is {name}, which cannot be used ({error}); log in or unset it") from error
    if not fields:
        raise UserError(f"AWS_PROFILE is {name}, which has no credentials; log in or unset it")
    key, secret, token = (fields.get(field) for field in _AWS_FIELDS[:3])
    return key or "", secret or "", token, region or its_region


def _ollama(env: Mapping[str, str]) -> Offer | None:
    """OLLAMA_HOST as Ollama reads it: `[http[s]://]HOST[:PORT]`; a wildcard address means this machine."""
    if "OLLAMA_HOST" not in env:
        return None
    value = env["OLLAMA_HOST"]
    scheme, _, rest = value.rpartition("://")
    here = "127.0.0.1" if rest.startswith(":") else ""  # a port alone
    parts = http_url(f"{scheme or 'http'}://{here}{rest}")
    if parts is None:
        raise UserError(f"OLLAMA_HOST is {value}; it must be [http://]HOST[:PORT]")
    port = parts.port or ({"http": 80, "https": 443}.get(parts.scheme) if scheme else None)
    # What Ollama listens at, all addresses too, is not what it is called at; nothing is bound here.
    everywhere = {"0.0.0.0", "::", "localhost"}  # noqa: S104  # nosec B104
    host = "127.0.0.1" if parts.hostname in everywhere else parts.hostname
    url = f"{parts.scheme}://{host}:{port or DEFAULT_OLLAMA_PORT}"
    return Offer(_provider("ollama", "OLLAMA_HOST", base_url=url), _PLACEHOLDER_SECRET, "OLLAMA_HOST")


def _new_upstream(name: str, url: str, known: Iterable[str]) -> Offer:
    try:
        return Offer(Provider.model_validate({"id": name, "kind": name, "base_url": url}), {}, "--upstream")
    except ValidationError as error:
        raise UserError(
            f"--upstream {name}={url}: there is no provider {name}; known are {', '.join(sorted(set(known)))}, "
            "and openai, anthropic, google, azure-openai and ollama can be made this way"
        ) from error


def _provider(kind: ProviderKind, source: str, **facts: str | None) -> Provider:
    document = {"id": kind, "kind": kind, **{name: value for name, value in facts.items() if value}}
    try:
        return Provider.model_validate(document)
    except ValidationError as error:
        raise UserError(f"{source}: the {kind} provider's {_reason(error)}; correct the variable") from error


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where} {first['msg'].removeprefix('Value error, ')}".strip()
