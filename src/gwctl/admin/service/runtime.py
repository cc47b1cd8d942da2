"""What the functions share: settings from the environment, and the objects made from them once for each process.

In: `GWCTL_ADMIN_SETTINGS` (JSON: `deployment`, `scope_prefix`, `snapshot` with `bucket` and `key`, `tables` with
`documents`, `audit`, `usage` and `ledger`, `user_pool_id`) and `GWCTL_PROVIDERS` (JSON: a list of provider documents).
Out: a `Runtime`. The local server puts one of its own in its place.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import TypeAdapter, ValidationError

from gwctl.admin.service.app_clients import AppClients
from gwctl.admin.service.apply import PolicyApply
from gwctl.admin.service.changes import PolicyService
from gwctl.admin.service.current import CurrentState
from gwctl.admin.service.history import PolicyHistory
from gwctl.admin.service.publisher import Publisher
from gwctl.admin.service.virtual_keys import VirtualKeys
from gwctl.core import scopes
from gwctl.ledger.quotas.store import WindowReader
from gwctl.policy.documents import Provider
from gwctl.stores.aws.settings import SETTINGS, Settings, SettingsError
from gwctl.stores.interfaces import ClientDirectory, DocumentStore, SnapshotStore, UsageReports
from gwctl.stores.requests import RequestLog

if TYPE_CHECKING:
    from gwctl.stores.sql.database import Database

PROVIDERS = "GWCTL_PROVIDERS"


@dataclass(frozen=True)
class Runtime:
    """The objects that operations work with."""

    scope_prefix: str
    service: PolicyService
    clients: AppClients
    keys: VirtualKeys
    applier: PolicyApply
    history: PolicyHistory
    publisher: Publisher
    documents: DocumentStore
    snapshots: SnapshotStore
    usage: UsageReports
    ledger: WindowReader | None = None
    requests: RequestLog | None = None


def providers_from(environment: Mapping[str, str]) -> list[Provider]:
    """The deployment's providers. Raises SettingsError."""
    try:
        return TypeAdapter(list[Provider]).validate_json(environment.get(PROVIDERS) or "[]")
    except ValidationError as error:
        raise SettingsError(f"{PROVIDERS}: {error}") from error


class Named(Protocol):
    """What a runtime is told of its deployment."""

    @property
    def deployment(self) -> str:
        """Begins the names of its app clients."""
        ...

    @property
    def scope_prefix(self) -> str:
        """Begins the names of its scopes."""
        ...


@dataclass(frozen=True)
class Deployment:
    """See `Named`."""

    deployment: str = "local"
    scope_prefix: str = scopes.RESOURCE_SERVER


def assemble(
    settings: Named,
    providers: Sequence[Provider],
    *,
    documents: DocumentStore,
    snapshots: SnapshotStore,
    directory: ClientDirectory,
    usage: UsageReports,
    ledger: WindowReader | None = None,
    requests: RequestLog | None = None,
) -> Runtime:
    """A runtime over any stores."""
    current = CurrentState(documents, snapshots)
    publisher = Publisher(snapshots, providers, lambda: datetime.now(UTC).date())
    service = PolicyService(documents, current, publisher)
    return Runtime(
        scope_prefix=settings.scope_prefix,
        service=service,
        clients=AppClients(service, directory, settings.deployment),
        keys=VirtualKeys(service),
        applier=PolicyApply(service, documents, directory),
        history=PolicyHistory(service, documents, snapshots, publisher),
        publisher=publisher,
        documents=documents,
        snapshots=snapshots,
        usage=usage,
        ledger=ledger,
        requests=requests,
    )


def on_aws(
    settings: Settings,
    providers: Sequence[Provider],
    directory: ClientDirectory | None = None,
    published: Callable[[], None] | None = None,
    **client: Any,
) -> Runtime:
    """A runtime over DynamoDB, S3 and, unless `directory` is given, Cognito.

    `published` is called after each publication. `client` goes to every boto3 client: `endpoint_url`, `region_name`.
    Raises SettingsError.
    """
    from gwctl.stores.aws.clients import PATIENT, connect
    from gwctl.stores.aws.cognito import CognitoClientDirectory
    from gwctl.stores.aws.policy.documents import DynamoDocumentStore
    from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
    from gwctl.stores.aws.quotas import DynamoQuotaStore
    from gwctl.stores.aws.usage import DynamoUsageTable

    dynamodb = connect("dynamodb", PATIENT, **client)
    if directory is None:
        if settings.user_pool_id is None:
            raise SettingsError(f"{SETTINGS}: user_pool_id is missing")
        directory = CognitoClientDirectory(
            lambda: connect("cognito-idp", PATIENT, **client), settings.user_pool_id, _invoke(settings.scope_prefix)
        )
    return assemble(
        settings,
        providers,
        documents=DynamoDocumentStore(dynamodb, settings.tables.documents, settings.tables.audit),
        snapshots=S3SnapshotStore(
            connect("s3", PATIENT, **client), settings.snapshot.bucket, settings.snapshot.key, published
        ),
        directory=directory,
        usage=DynamoUsageTable(dynamodb, settings.tables.usage),
        ledger=DynamoQuotaStore(dynamodb, settings.tables.ledger) if settings.tables.ledger else None,
    )


def on_database(
    database: "Database",
    providers: Sequence[Provider],
    settings: Named | None = None,
    *,
    directory: ClientDirectory,
    published: Callable[[], None] | None = None,
) -> Runtime:
    """A runtime over a relational database whose tables are there. `published` is called after each publication."""
    from gwctl.stores.sql.policy.documents import SqlDocumentStore
    from gwctl.stores.sql.policy.snapshots import SqlSnapshotStore
    from gwctl.stores.sql.quotas import SqlQuotaStore
    from gwctl.stores.sql.request_log import SqlRequestLog
    from gwctl.stores.sql.usage import SqlUsageTable

    return assemble(
        settings or Deployment(),
        providers,
        documents=SqlDocumentStore(database),
        snapshots=SqlSnapshotStore(database, published),
        directory=directory,
        usage=SqlUsageTable(database),
        ledger=SqlQuotaStore(database),
        requests=SqlRequestLog(database),
    )


def _invoke(prefix: str) -> str:
    return f"{prefix}/{scopes.INVOKE.partition('/')[2]}"


_own: Runtime | None = None


def use(runtime: Runtime | None) -> None:
    """Puts a runtime in place of the environment's; None goes back to that."""
    global _own
    _own = runtime


def get() -> Runtime:
    """The runtime of this process. Raises SettingsError."""
    return _own or _from_environment()


@lru_cache(maxsize=1)
def _from_environment() -> Runtime:
    return on_aws(Settings.from_environment(os.environ), providers_from(os.environ))
