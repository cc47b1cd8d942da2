"""A client of the admin API's directory, for the token service. In: the admin API's configuration, and an id. Out: the
client, wherever that directory is: in the database, or in the user pool of an emulated AWS.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from gwctl.local.issuer.store import Client, StateError


def find_client(admin_config: Path, client_id: str) -> Client | None:
    """A client that may have tokens. Raises StateError."""
    try:
        return _directory_of(admin_config.read_bytes())(client_id)
    except FileNotFoundError:
        return None  # the admin API has not been started yet


@lru_cache(maxsize=1)
def _directory_of(admin_config: bytes) -> Callable[[str], Client | None]:
    config = json.loads(admin_config)
    if config.get("database_url"):
        return _in_database(config["database_url"])
    from gwctl.local.issuer.client_directory import directory_at
    from gwctl.stores.aws import local_names as aws_names

    pool = config.get("settings", {}).get("user_pool_id")
    return directory_at(config["aws_url"], config["aws_access_key"], config.get("region", aws_names.REGION), pool).find


def _in_database(url: str) -> Callable[[str], Client | None]:
    from gwctl.core import scopes
    from gwctl.stores.interfaces import UnavailableError
    from gwctl.stores.sql.clients import SqlClientDirectory
    from gwctl.stores.sql.database import Database

    directory = SqlClientDirectory(Database.at(url), scopes.INVOKE)

    def find(client_id: str) -> Client | None:
        try:
            found = directory.find(client_id)
        except UnavailableError as error:
            raise StateError(f"the app clients cannot be read: {error}") from error
        return found and Client(found.client_id, found.secrets_sha256, tuple(found.scope.split()))

    return find
