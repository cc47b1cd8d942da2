"""The stores of a local gateway that is given no AWS: a database, and files. In: the data directory. Out: what its
admin API and its agent have to know of them.
"""

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gwctl.core.errors import UserError
from gwctl.local.data_dir import DataDir
from gwctl.local.database import own_url

NUDGED_SECONDS = 10.0
"""How often the agent asks for the policy where only this gateway's admin API publishes, and then says so."""


@dataclass(frozen=True)
class OwnStores:
    """`url` is the database's, `audit` where the audit log's files are. `alone`: no other gateway uses the database."""

    url: str
    audit: Path
    alone: bool = True
    variables: Mapping[str, str] = field(default_factory=dict[str, str])
    """For the agent's environment: nothing."""

    @classmethod
    def of(cls, data: DataDir, url: str | None) -> "OwnStores":
        """Those of a data directory; `url` is another database than its own."""
        return cls(url or own_url(data), data.audit, alone=url is None)

    def admin_config(self) -> dict[str, Any]:
        """The fields of the admin server's configuration that say where it keeps what."""
        return {"database_url": self.url}

    def agent_config(self, secrets_file: Path) -> dict[str, Any]:
        """The fields of AgentSettings that name stores. `secrets_file` has the providers' secrets, if it exists."""
        return {
            "database_url": self.url,
            "audit_dir": self.audit,
            "secrets_path": secrets_file,
            **({"snapshot_poll_seconds": NUDGED_SECONDS} if self.alone else {}),
        }


async def prepare(stores: OwnStores, data: DataDir) -> dict[str, bool]:
    """What `gwctl.local.prepare` says. Raises UserError."""
    command = [sys.executable, "-P", "-m", "gwctl.local.prepare", "--data-dir", data.root, "--database", stores.url]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
    try:
        out, err = await process.communicate()
    except BaseException:
        if process.returncode is None:
            process.terminate()
        raise
    if process.returncode == 1:
        raise UserError(err.decode(errors="replace").strip())
    if process.returncode:
        raise RuntimeError(f"gwctl.local.prepare: {err.decode(errors='replace')}")
    return json.loads(out)
