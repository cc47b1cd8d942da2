"""Deletes what is kept no longer: DynamoDB does that by itself, a database has to be told.

In: the moment, and for how many days records of requests are kept. Out: windows, heads and records that are due are
gone. Sums of usage and the policy's history stay.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete

from gwctl.stores.sql.database import Database
from gwctl.stores.sql.records import RequestRecords
from gwctl.stores.sql.schema import heads, windows

HEAD_SECONDS: Final = 800 * 86400


class SqlExpiry:
    """See `gwctl.stores.interfaces.Expiry`."""

    def __init__(self, database: Database, records: RequestRecords, record_days: int) -> None:
        self._database = database
        self._records = records
        self._days = record_days

    def expire(self, now: float) -> None:
        """See `Expiry.expire`. Two DELETEs, and a DROP for each day of records."""
        with self._database.writing() as connection:
            connection.execute(delete(windows).where(windows.c.expires_at < int(now)))
            connection.execute(delete(heads).where(heads.c.at < int(now) - HEAD_SECONDS))
        self._records.drop_before(datetime.fromtimestamp(now, UTC).date() - timedelta(days=self._days))
