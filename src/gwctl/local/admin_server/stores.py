"""The stores of the local admin API. In: its configuration. Out: a runtime over them, and the policy file's record.

They are a database, or the emulated AWS that a deployment furnished. Each is imported when it is the one.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gwctl.admin.service import runtime
from gwctl.core import scopes
from gwctl.core.errors import UserError
from gwctl.local.issuer.clients import OWN_CLIENTS
from gwctl.policy.documents import Provider
from gwctl.stores.interfaces import FileRecordStore, UnavailableError

if TYPE_CHECKING:
    from gwctl.stores.aws.settings import Settings

Opened = tuple[runtime.Runtime, FileRecordStore]


def on_database(url: str, providers: Sequence[Provider], published: Callable[[], None] | None) -> Opened:
    """Over a database, whose tables are made. Raises UserError."""
    from gwctl.stores.sql.clients import SqlClientDirectory
    from gwctl.stores.sql.database import Database
    from gwctl.stores.sql.policy.snapshots import SqlFileRecordStore
    from gwctl.stores.sql.upkeep.migrate import migrate

    database = Database.at(url)
    try:
        migrate(database)
    except UnavailableError as error:
        raise UserError(f"the database cannot be used: {error}") from error
    directory = SqlClientDirectory(database, scopes.INVOKE, own=tuple(OWN_CLIENTS))
    running = runtime.on_database(database, providers, directory=directory, published=published)
    return running, SqlFileRecordStore(database)


def on_aws(
    settings: "Settings | None",
    providers: Sequence[Provider],
    published: Callable[[], None] | None,
    *,
    url: str,
    access_key: str,
    region: str,
    furnish: bool,
) -> Opened:
    """Over an emulated AWS; `furnish`: what is missing in it is made. Raises UserError."""
    from gwctl.local.issuer.client_directory import directory_at
    from gwctl.stores.aws import local_resources
    from gwctl.stores.aws.clients import AWS_ERRORS, PATIENT, connect
    from gwctl.stores.aws.local_names import client_options
    from gwctl.stores.aws.policy.file import S3FileRecordStore

    settings = settings or local_resources.SETTINGS
    options: dict[str, Any] = client_options(url, access_key) | {"region_name": region}
    try:
        if furnish:
            local_resources.ensure(options, settings)
    except AWS_ERRORS as error:
        raise UserError(f"the local AWS at {url} cannot be used: {error}") from error
    directory = directory_at(url, access_key, region, settings.user_pool_id)
    running = runtime.on_aws(settings, providers, directory, published=published, **options)
    return running, S3FileRecordStore(connect("s3", PATIENT, **options), settings.snapshot.bucket)
