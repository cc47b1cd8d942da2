"""The audit log of a local gateway, which may run or not: files, and what its database knows of them.

In: the data directory. Out: what `check` needs: a source, heads, changes of the policy.
"""

from collections.abc import Iterable

from gwctl.audit.chain import DatedHead
from gwctl.audit.policy_changes import AuditRecord
from gwctl.audit.verify.reading import Directory
from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir
from gwctl.local.database import database_of
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql.audit import SqlHeads, SqlSentMark
from gwctl.stores.sql.policy.documents import SqlDocumentStore


class LocalLog:
    """A `Source`, with what is known of it from elsewhere. Every method may raise UserError."""

    def __init__(self, data: DataDir) -> None:
        self._data = data
        self._directory = Directory(data.audit)

    def files(self) -> Iterable[str]:
        """See `Source.files`."""
        return self._directory.files() if self._data.audit.is_dir() else ()

    def read(self, name: str) -> bytes:
        """See `Source.read`."""
        return self._directory.read(name)

    def elsewhere(self) -> tuple[list[DatedHead], list[AuditRecord], int]:
        """The heads that the agent wrote down, the changes of the policy, and up to which version they are copied."""
        database = database_of(self._data)
        try:
            heads, documents = list(SqlHeads(database).all()), SqlDocumentStore(database)
            changes = documents.records(limit=documents.head().version + 1)
            return heads, changes[::-1], SqlSentMark(database).version()
        except UnavailableError as error:
            raise UserError(f"the audit log cannot be checked ({error})") from error
        finally:
            database.close()
