"""The data directory of a local gateway: in comes its root, out come the paths of everything below it.

connection.json  policy.yaml  usage-events.jsonl
state/    what must survive: database, audit log, snapshot, issuer key and clients, secrets, checkpoints, tokens
xds/      what the agent writes for the edge
secrets/  the edge's secrets (0700)
logs/     one file a part, and usage.log
run/      of this run only: lock, process ids, ports, status, configuration of the parts
"""

import os
import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from gwctl.core.errors import UserError

DEFAULT = Path(".gwctl/local")
KEPT = "aws.before-sql"
"""The name that the directory of the format before gets once its content is in the database."""
PARTS = ("issuer", "sample", "gateway", "admin", "agent", "edge")
"""The parts in the order in which they start; they stop in the opposite one."""


@dataclass(frozen=True)
class DataDir:
    """A data directory; `root` is absolute."""

    root: Path

    @classmethod
    def find(cls, given: str | Path | None) -> "DataDir":
        """The given directory; else the nearest `.gwctl/local` upwards from here; else a new one here."""
        if given:
            return cls(Path(given).expanduser().absolute())
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / DEFAULT / "connection.json").is_file():
                return cls(folder / DEFAULT)
        return cls(here / DEFAULT)

    def create(self) -> None:
        """Make the directories, readable by the owner alone, and keep them out of version control. Raises UserError."""
        try:
            for folder in (self.root, self.state, self.xds, self.secrets, self.logs, self.run, self.tokens):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                folder.chmod(0o700)
            ignore = self.root / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n")
        except OSError as error:
            raise UserError(
                f"the data directory {self.root} cannot be used ({error.strerror}: {error.filename}); "
                "choose another one with --data-dir"
            ) from error

    @cached_property
    def connection(self) -> Path:  # noqa: D102 - the names say it, here and below
        return self.root / "connection.json"

    @cached_property
    def policy(self) -> Path:  # noqa: D102
        return self.root / "policy.yaml"

    @cached_property
    def usage_events(self) -> Path:  # noqa: D102
        return self.root / "usage-events.jsonl"

    @cached_property
    def state(self) -> Path:  # noqa: D102
        return self.root / "state"

    @cached_property
    def snapshot(self) -> Path:  # noqa: D102
        return self.state / "snapshot.json"

    @cached_property
    def gateway_notes(self) -> Path:
        """What Portkey notes for the case that the edge dies."""
        return self.state / "gateway-notes.jsonl"

    @cached_property
    def provider_secrets(self) -> Path:
        """Provider id → its secret fields."""
        return self.state / "secrets.json"

    @cached_property
    def providers(self) -> Path:
        """The provider documents that the environment gave rise to, without their secrets."""
        return self.state / "providers.json"

    @cached_property
    def tokens(self) -> Path:
        """The cache of `gwctl token`."""
        return self.state / "tokens"

    @cached_property
    def issuer(self) -> Path:
        """The issuer's own state directory."""
        return self.state / "issuer"

    @cached_property
    def aws(self) -> Path:
        """What a gateway of the format before kept; see `gwctl.local.adoption`."""
        return self.state / "aws"

    @cached_property
    def database(self) -> Path:
        """Policy, clients, spend and records, unless `--database` names another place."""
        return self.state / "gateway.sqlite3"

    @cached_property
    def database_note(self) -> Path:
        """Which database was used last."""
        return self.state / "database.json"

    @cached_property
    def audit(self) -> Path:
        """The audit log's files."""
        return self.state / "audit"

    @cached_property
    def xds(self) -> Path:  # noqa: D102
        return self.root / "xds"

    @cached_property
    def secrets(self) -> Path:
        """The edge's secret files."""
        return self.root / "secrets"

    @cached_property
    def logs(self) -> Path:  # noqa: D102
        return self.root / "logs"

    @cached_property
    def usage_log(self) -> Path:  # noqa: D102
        return self.logs / "usage.log"

    @cached_property
    def run(self) -> Path:  # noqa: D102
        return self.root / "run"

    @cached_property
    def lock(self) -> Path:
        """Held by the supervisor for as long as it lives."""
        return self.run / "lock"

    @cached_property
    def processes(self) -> Path:
        """The supervisor and its parts: process ids and creation times."""
        return self.run / "processes.json"

    @cached_property
    def ports(self) -> Path:
        """Part → its port, so that it gets the same one next time."""
        return self.run / "ports.json"

    @cached_property
    def status(self) -> Path:  # noqa: D102
        return self.run / "status.json"

    @cached_property
    def admin_config(self) -> Path:
        """The configuration of the admin API; holds the keys of this run."""
        return self.run / "admin.json"

    @cached_property
    def agent_status(self) -> Path:
        """Written by the agent."""
        return self.run / "agent-status.json"

    def log_of(self, part: str) -> Path:
        """The log of a part, or of the supervisor."""
        return self.logs / f"{part}.log"

    def command(self, *words: str) -> str:
        """`gwctl WORDS` as one pastes it into a shell here: with `--data-dir` only where it would not be found."""
        return shlex.join(["gwctl", *words, *self.option_here()])

    def option_here(self) -> list[str]:
        """The option that a command needs in this directory to find this one, as short as it can be."""
        if DataDir.find(os.environ.get("GWCTL_DATA_DIR")) == self:
            return []
        try:
            return ["--data-dir", str(self.root.relative_to(Path.cwd()))]
        except ValueError:
            return self.command_option()

    def command_option(self) -> list[str]:
        """The option that makes a command find this directory from anywhere."""
        return ["--data-dir", os.fspath(self.root)]
