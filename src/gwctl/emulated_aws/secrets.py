"""Secrets of the emulated AWS as data. In: what a request has changed in moto's Secrets Manager. Out: rows of the file.

A row is a secret with all its versions, their stages, and the date at which it is deleted. What moto would rotate or
replicate later is refused; nothing of the gateway does.
"""

from collections.abc import Mapping
from typing import Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from gwctl.emulated_aws.memory import AwsMemory

SERVICE: Final = "secretsmanager"
WRITES: Final = {
    "CreateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "PutResourcePolicy",
    "PutSecretValue",
    "RestoreSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
}


def restore(memory: AwsMemory) -> None:
    """Fills moto's backends, which must be empty."""
    for region, name, content in memory.things(SERVICE):
        secret: Any = FakeSecret(DEFAULT_ACCOUNT_ID, region, name, {}, "")
        vars(secret).update(content)
        secret.replicas = secret.create_replicas(content["replicas"], force_overwrite=True)
        _backend(region).secrets[name] = secret


def keep(memory: AwsMemory, region: str, _action: str, request: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
    """Writes the secret that one of WRITES has changed."""
    secrets = _backend(region).secrets
    name = answer.get("Name") or secrets[request["SecretId"]].name
    secret = secrets.get(name)
    content = None
    if isinstance(secret, FakeSecret):
        content = {**vars(secret), "replicas": [{"Region": each.region} for each in secret.replicas]}
    memory.keep_things(SERVICE, region, {name: content})


def _backend(region: str) -> Any:
    return secretsmanager_backends[DEFAULT_ACCOUNT_ID][region]
