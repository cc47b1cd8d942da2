"""What the smoke suite is aimed at. In: a name. Out: addresses, the audit bucket, a way into its AWS.

A deployed environment is known by what `gwctl deploy` or `gwctl outputs` has kept here. `up` is a gateway of this
machine, started for the suite.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from gwctl.core.errors import UserError
from gwctl.environments.deploy import deployed
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.reach import connection_to
from gwctl.environments.project import Project
from gwctl.local.connection import Connection
from gwctl.stores.aws import local_names as aws_names
from gwctl.stores.aws import local_resources as aws_resources
from support.gateway import Gateway
from support.gateway import local_gateway as started_gateway

UP = "up"
DELIVERY_SPARE_SECONDS = 60


class MissingError(Exception):
    """Why the suite cannot run: what is missing, and how to get it."""


@dataclass(frozen=True)
class Target:
    """What is tested. `audit_seconds`: how long a record may take to its bucket."""

    name: str
    gateway: Gateway
    audit_bucket: str
    audit_seconds: float
    client_options: dict[str, str]

    @property
    def connection(self) -> Connection:
        """Its addresses and credentials."""
        return self.gateway.connection

    def client(self, service: str) -> Any:
        """A client of its AWS."""
        make: Any = boto3.client
        return make(service, **self.client_options)


@contextmanager
def target_of(name: str, folder: Path) -> Iterator[Target]:
    """The target of that name; `folder` is for files of ours. Raises MissingError."""
    if name == UP:
        with started_gateway(folder) as gateway:
            yield _up(gateway)
        return
    try:
        yield _deployed(name, folder)
    except UserError as error:
        raise MissingError(str(error)) from error


def _up(gateway: Gateway) -> Target:
    admin = json.loads(gateway.data.admin_config.read_text())
    options = aws_resources.client_options(admin["aws_url"], admin["aws_access_key"])
    return Target(UP, gateway, aws_names.AUDIT_BUCKET, 30, options)


def _deployed(name: str, folder: Path) -> Target:
    place = Project.find().place(name)
    applied = Applied.read(place)
    file = folder / "connection.json"
    connection_to(place, applied).write(file)
    delivery = 30 if applied.endpoint else applied.output("audit_delivery_seconds") + DELIVERY_SPARE_SECONDS
    options = deployed.client_options(applied)
    return Target(name, Gateway(file), applied.output("audit_bucket_name"), delivery, options)
