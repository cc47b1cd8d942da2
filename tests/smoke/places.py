"""What the smoke suite is aimed at. In: a name. Out: addresses, and a way into its audit log.

A deployed environment is known by what `gwctl deploy` or `gwctl outputs` has kept here. `up` is a gateway of this
machine, started for the suite.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3

from gwctl.core.errors import UserError
from gwctl.environments.deploy import deployed
from gwctl.environments.deploy.applied import Applied
from gwctl.environments.deploy.reach import connection_to
from gwctl.environments.project import Project
from gwctl.local.connection import Connection
from smoke.audit_log import records_in, records_of
from support.gateway import Gateway
from support.gateway import local_gateway as started_gateway

UP = "up"
DELIVERY_SPARE_SECONDS = 60


class MissingError(Exception):
    """Why the suite cannot run: what is missing, and how to get it."""


@dataclass(frozen=True)
class Target:
    """What is tested. `audit_seconds`: how long a record may take there."""

    name: str
    gateway: Gateway
    audit_log: str
    """Where its audit log is, in words."""
    audit_seconds: float
    records: Callable[[str, datetime], list[dict[str, Any]]]
    """The records of a request in what was written since then."""

    @property
    def connection(self) -> Connection:
        """Its addresses and credentials."""
        return self.gateway.connection


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
    return Target(UP, gateway, str(gateway.data.audit), 30, partial(records_in, gateway.data.audit))


def _deployed(name: str, folder: Path) -> Target:
    place = Project.find().place(name)
    applied = Applied.read(place)
    file = folder / "connection.json"
    connection_to(place, applied).write(file)
    delivery = 30 if applied.endpoint else applied.output("audit_delivery_seconds") + DELIVERY_SPARE_SECONDS
    make: Any = boto3.client
    bucket = applied.output("audit_bucket_name")
    records = partial(records_of, make("s3", **deployed.client_options(applied)), bucket)
    return Target(name, Gateway(file), bucket, delivery, records)
