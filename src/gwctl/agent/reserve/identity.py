"""The name under which an agent leases. In: its state directory. Out: the name, the same after every restart.

A restarted agent finds its lease in the ledger under this name, and its `mark` in there counts lines of its usage
log: name and usage log checkpoint belong together. Who loses one must give up the other.

The worked example of `gwctl.ledger.quotas`, step 5: B comes back as `agent` "7c1f…", the same as before, and with a new
`writer`. The lease of $0.50 under "7c1f…" is its own, then. With a new name it would start with no lease, and the $0.50
would stay leased until `gwctl audit reconcile` closes them, two hours after they expired.
"""

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gwctl.core.errors import UserError
from gwctl.core.files import write_atomically

IDENTITY_FILE = "agent.json"
LOCK_FILE = "agent.lock"


@dataclass(frozen=True, slots=True)
class Identity:
    """`agent` names this agent in the ledger, `writer` this very process. `fresh`: the name is new."""

    agent: str
    writer: str
    fresh: bool


@contextmanager
def claimed_identity(state_dir: Path, *, forget: bool = False) -> Iterator[Identity]:
    """The identity kept in the directory, ours alone while the context lasts.

    `forget` makes a new one: the usage log's checkpoint is gone, and with it what the old name's marks count. Raises
    UserError if another process has it, or if the file cannot be read.
    """
    lock = FileLock(state_dir / LOCK_FILE, timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise UserError(f"An agent already runs in {state_dir}; stop it, or give this one another directory") from error
    try:
        if forget:
            forget_identity(state_dir)
        yield _identity(state_dir / IDENTITY_FILE)
    finally:
        lock.release()


def forget_identity(state_dir: Path) -> None:
    """The next agent here gets a new name: this one's leases are closed."""
    (state_dir / IDENTITY_FILE).unlink(missing_ok=True)


def _identity(path: Path) -> Identity:
    writer = secrets.token_hex(4)
    if not path.exists():
        agent = secrets.token_hex(6)
        write_atomically(path, json.dumps({"agent": agent}).encode())
        return Identity(agent, writer, fresh=True)
    try:
        agent = json.loads(path.read_bytes())["agent"]
    except (ValueError, LookupError, TypeError) as error:
        raise UserError(f"{path} is damaged; delete it and the usage log's checkpoint beside it") from error
    return Identity(str(agent), writer, fresh=False)
