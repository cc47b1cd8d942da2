"""Several edges, each with its agent, in front of one Portkey, one provider and one ledger: all of them real processes.

In: a policy. Out: a `Fleet` of `Pair`s to call, kill and restart, and the ledger to look into.
"""

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gateway.edge.kit.edge_process import Edge
from gateway.edge.kit.issuer import ISSUER, Issuer
from gateway.portkey_contract.portkey_process import Portkey
from gwctl.agent.settings import AgentSettings, LedgerTables
from gwctl.agent.status import AgentStatus
from gwctl.core.files import write_atomically
from gwctl.ledger.quotas.store import EMPTY, WindowKey, WindowState
from gwctl.ledger.quotas.windows import window_at
from gwctl.local.supervisor.stack import MAX_HEADER_BYTES, NOTES_VARIABLE, PRELOAD
from gwctl.policy.snapshot import Snapshot
from gwctl.stores.aws.quotas import DynamoQuotaStore
from support.json_lines import whole_lines
from support.ports import free_port
from support.processes import Process, listening, start, wait_until
from support.stores.dynamodb_local import REGION, create_ledger_table, dynamodb_client, running_dynamodb_local
from tools.bench import ROOT

SECRETS = {"provider": {"api_key": "sk-hammer"}}
TABLES = LedgerTables(ledger="hammer-ledger", usage="hammer-usage")


class Pair:
    """One edge and its agent. `ledger` is the URL of DynamoDB, or None for an agent without one."""

    def __init__(
        self,
        folder: Path,
        issuer: Issuer,
        gateway_port: int,
        ledger: str | None,
        edge: Mapping[str, Any] | None = None,
        notes: Path | None = None,
    ) -> None:
        self._sockets = tempfile.TemporaryDirectory(prefix="gw-", dir="/tmp")  # nosec B108 # a socket's path is short
        reserve_socket = Path(self._sockets.name) / "reserve.sock"
        self.edge = Edge(
            folder / "edge", ISSUER, issuer.jwks_url, gateway_port, reserve_socket=reserve_socket, **(edge or {})
        )
        self.settings = AgentSettings(
            edge=self.edge.settings,
            state_dir=folder / "state",
            status_path=folder / "status.json",
            secrets_path=folder / "secrets.json",
            gateway_notes_path=notes,
            region=REGION,
            tables=TABLES if ledger else None,
        )
        self.settings.state_dir.mkdir()
        (folder / "secrets.json").write_text(json.dumps(SECRETS))
        self.config = folder / "agent-settings.json"
        self.environment = {
            "AWS_ENDPOINT_URL": ledger or "http://127.0.0.1:9",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        self.agent: Process | None = None

    def put_policy(self, snapshot: Snapshot) -> None:
        """Makes it the newest snapshot; `wait_for` waits until it is in force."""
        write_atomically(self.settings.policy_file, snapshot.to_json())

    def wait_for(self, snapshot: Snapshot, seconds: float = 30) -> None:
        wait_until(
            lambda: self.status.applied == snapshot.label, f"the policy {snapshot.label} to be in force", seconds
        )

    def start_agent(self, **changed: Any) -> None:
        """Starts it anew, with the same state and perhaps other settings."""
        self.settings = self.settings.model_copy(update=changed)
        self.config.write_text(self.settings.model_dump_json())
        self.settings.status_path.unlink(missing_ok=True)
        command = [sys.executable, "-P", "-m", "gwctl.agent", "--config", self.config]
        self.agent = start(command, ready=self.settings.status_path.exists, env=self.environment)

    def wait_ready(self) -> None:
        """Until the agent has taken over its leases."""
        wait_until(lambda: self.status.quotas.ready, "the agent to reserve", 20)

    def kill_agent(self) -> None:
        assert self.agent
        self.agent.stop(grace=0)

    def kill_and_start_agent(self) -> None:
        """As a supervisor would after a crash."""
        self.kill_agent()
        self.start_agent()
        self.wait_ready()

    def stop_agent(self) -> None:
        """In order: everything is settled then."""
        assert self.agent
        assert self.agent.stop() == 0, self.agent.output

    @property
    def status(self) -> AgentStatus:
        try:
            return AgentStatus.model_validate_json(self.settings.status_path.read_bytes())
        except FileNotFoundError:
            return AgentStatus()

    def events(self) -> list[dict[str, Any]]:
        """The usage events until now."""
        file = self.settings.events_file
        return whole_lines(file.read_bytes()) if file.exists() else []

    def close(self) -> None:
        if self.agent:
            self.agent.stop(grace=0)
        self.edge.__exit__()
        self._sockets.cleanup()


class Fleet:
    """What the pairs share, and the pairs."""

    def __init__(
        self, issuer: Issuer, provider_port: int, portkey: Portkey, ledger: str, pairs: Sequence[Pair]
    ) -> None:
        self.issuer = issuer
        self.provider_url = f"http://127.0.0.1:{provider_port}"
        self.portkey = portkey
        self.ledger_url = ledger
        self.store = DynamoQuotaStore(dynamodb_client(ledger), TABLES.ledger)
        self.pairs = pairs

    @property
    def ports(self) -> list[int]:
        """Where the edges listen."""
        return [pair.edge.settings.listen_port for pair in self.pairs]

    def put_policy(self, snapshot: Snapshot) -> None:
        """Puts it in force everywhere."""
        for pair in self.pairs:
            pair.put_policy(snapshot)

    def start(self, snapshot: Snapshot, **settings: Any) -> None:
        """Starts everything under this policy, the agents with these settings."""
        self.put_policy(snapshot)
        for pair in self.pairs:
            pair.start_agent(**settings)
            pair.edge.start()
        for pair in self.pairs:
            pair.wait_for(snapshot)
            pair.wait_ready()

    def states(self, snapshot: Snapshot, at: float) -> dict[str, WindowState]:
        """Of each quota what the ledger has in the window of that moment."""
        keys = {
            name: WindowKey(name, quota.unit, window_at(quota.period, quota.timezone, at).id)
            for name, quota in snapshot.quotas.items()
        }
        found = self.store.read(keys.values())
        return {name: found.get(key, EMPTY) for name, key in keys.items()}


@contextmanager
def running_provider() -> Iterator[int]:
    """The port of a provider of its own."""
    port = free_port()
    command = [sys.executable, "-m", "tools.bench.provider", str(port)]
    with start(command, ready=lambda: listening(port), cwd=ROOT):
        yield port


def running_portkey(port: int | None = None, notes: Path | None = None) -> Portkey:
    """As `gwctl up` starts it."""
    options = ("--require", str(PRELOAD), f"--max-http-header-size={MAX_HEADER_BYTES}")
    noting = {NOTES_VARIABLE: str(notes)} if notes else {}
    return Portkey(*options, env={"TRUSTED_CUSTOM_HOSTS": "127.0.0.1", **noting}, port=port)


@contextmanager
def running_fleet(folder: Path, count: int, edge: Mapping[str, Any] | None = None) -> Iterator[Fleet]:
    """A fleet of so many pairs, not started yet; everything ends with the context."""
    with ExitStack() as stack:
        issuer = stack.enter_context(Issuer())
        provider = stack.enter_context(running_provider())
        notes = folder / "gateway-notes.jsonl"
        portkey = stack.enter_context(running_portkey(notes=notes))
        ledger = stack.enter_context(running_dynamodb_local())
        client = dynamodb_client(ledger)
        create_ledger_table(client, TABLES.ledger)
        create_ledger_table(client, TABLES.usage)
        pairs: list[Pair] = []
        for number in range(count):
            place = folder / f"pair-{number}"
            place.mkdir(parents=True)
            # One Portkey notes for one edge.
            pair = Pair(place, issuer, portkey.port, ledger, edge, notes if count == 1 else None)
            stack.callback(pair.close)
            pairs.append(pair)
        yield Fleet(issuer, provider, portkey, ledger, pairs)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its threads until now."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
