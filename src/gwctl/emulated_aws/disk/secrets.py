"""Secrets of the emulated AWS as data. In: what a request has changed in moto's Secrets Manager. Out: rows of the file.

A row is a secret with all its versions, their stages, and the date at which it is deleted. What moto would rotate or
replicate later is refused; nothing of the gateway does.
"""

import json
from typing import Any, Final

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.secretsmanager.models import FakeSecret, secretsmanager_backends

from gwctl.emulated_aws.call import Call
from gwctl.emulated_aws.disk.file import AwsFile

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


def restore(file: AwsFile) -> None:
    """Fill moto's backends, which must be empty."""
    for region, name, content in file.things(SERVICE):
        secret: Any = FakeSecret(DEFAULT_ACCOUNT_ID, region, name, {}, "")
        vars(secret).update(content)
        secret.replicas = secret.create_replicas(content["replicas"], force_overwrite=True)
        _backend(region).secrets[name] = secret


def keep(file: AwsFile, call: Call, answer: bytes) -> None:
    """Write the secret that one of WRITES has changed."""
    secrets = _backend(call.region).secrets
    name = json.loads(answer or b"{}").get("Name") or secrets[call.request["SecretId"]].name
    secret = secrets.get(name)
    content = None
    if isinstance(secret, FakeSecret):
        content = {**vars(secret), "replicas": [{"Region": each.region} for each in secret.replicas]}
    file.keep_things(SERVICE, call.region, {name: content})


def _backend(region: str) -> Any:
    return secretsmanager_backends[DEFAULT_ACCOUNT_ID][region]
