"""Makes the database of a local gateway ready before its parts start: a process of its own, which most starts need not.

In: the data directory and the database's URL. Out: the newest tables; what a gateway of the format before had is in
them. On stdout one JSON object: `adopted`, and `empty`: no policy is in it yet.

Run: `python -m gwctl.local.prepare --data-dir DIR --database URL`.
"""

import argparse
import json
import sys
from pathlib import Path

from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir
from gwctl.local.database import own_url
from gwctl.stores.interfaces import UnavailableError
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.policy.snapshots import SqlSnapshotStore
from gwctl.stores.sql.upkeep.migrate import migrate


def prepare(data: DataDir, url: str) -> dict[str, bool]:
    """See the module. Raises UserError and UnavailableError."""
    adopted = url == own_url(data) and not data.database.exists() and data.aws.exists()
    if adopted:
        from gwctl.local.adoption import adopt

        adopt(data)
    database = Database.at(url)
    try:
        migrate(database)
        return {"adopted": adopted, "empty": SqlSnapshotStore(database).current() is None}
    finally:
        database.close()


def main() -> int:
    """1, with one sentence, when it cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.local.prepare", description="Makes the database ready.")
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--database", required=True)
    options = parser.parse_args()
    try:
        print(json.dumps(prepare(DataDir(options.data_dir), options.database)))
    except (UserError, UnavailableError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
