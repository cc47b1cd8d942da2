"""The audit log of a local gateway, out of the file in which its AWS keeps everything. It may run or not.

In: that file (`gwctl.emulated_aws.disk` writes it). Out: what `check` needs: a source, heads, changes of the policy.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from gwctl.audit.chain import DatedHead
from gwctl.audit.policy_changes import AuditRecord
from gwctl.core.errors import UserError
from gwctl.stores.aws import local_names as aws_names
from gwctl.stores.aws.audit.heads import PREFIX, head_of
from gwctl.stores.aws.audit.sent_changes import PLACE

FILE: Final = "aws.sqlite3"


class LocalLog:
    """A `Source`. `directory` is where the local AWS keeps its file. Every method may raise UserError."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE

    def files(self) -> Iterable[str]:
        """See `Source.files`."""
        query = "SELECT key FROM objects WHERE bucket = ? ORDER BY key"
        return [key for (key,) in self._rows(query, aws_names.AUDIT_BUCKET)]

    def read(self, name: str) -> bytes:
        """See `Source.read`."""
        query = "SELECT body FROM objects WHERE bucket = ? AND key = ?"
        return next((body for (body,) in self._rows(query, aws_names.AUDIT_BUCKET, name)), b"")

    def heads(self) -> list[DatedHead]:
        """The heads that the agent wrote down."""
        return [head_of(item) for item in self._items(aws_names.LEDGER_TABLE) if item["pk"]["S"].startswith(PREFIX)]

    def changes(self) -> list[AuditRecord]:
        """The changes of the policy, oldest first."""
        items = self._items(aws_names.AUDIT_TABLE)
        found = [AuditRecord.model_validate_json(item["record"]["S"]) for item in items if "record" in item]
        return sorted(found, key=lambda change: change.version)

    def copied(self) -> int:
        """The version up to which the agent has sent changes of the policy to the log."""
        place = {name: value["S"] for name, value in PLACE.items()}
        found = [item for item in self._items(aws_names.LEDGER_TABLE) if item["pk"]["S"] == place["pk"]]
        return max((int(item["version"]["N"]) for item in found if item["sk"]["S"] == place["sk"]), default=0)

    def _items(self, table: str) -> Iterator[dict[str, Any]]:
        for (item,) in self._rows("SELECT item FROM items WHERE name = ?", table):
            yield json.loads(item)

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if not self._path.exists():
            raise UserError(f"there is no audit log in {self._path.parent}; start a gateway with `gwctl up`")
        try:
            with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as file:
                return file.execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise UserError(f"{self._path} cannot be read ({error})") from error
