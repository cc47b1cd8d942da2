"""The local admin API as processes: token keys, HTTP server, and its database.

with running_admin(tmp_path) as admin:
    admin.http.get("/teams", headers=admin.bearer(scopes.READ))
"""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from gwctl.core import scopes
from gwctl.local.issuer.store import load_or_create_key
from gwctl.local.issuer.tokens import access_claims, sign
from gwctl.policy.documents import Provider
from gwctl.stores.sql.clients import SqlClientDirectory
from gwctl.stores.sql.database import Database
from support.ports import free_port
from support.processes import Process, answers, start
from support.replay_provider import Answer, ReplayProvider

ISSUER = "http://127.0.0.1:9/issuer"


@dataclass(frozen=True)
class RunningAdmin:
    """A local admin API, and the issuer's key to make tokens with."""

    url: str
    database: Database
    http: httpx.Client
    key: RSAKey
    server: Process

    @property
    def app_clients(self) -> SqlClientDirectory:
        """Its clients, as the token service finds them."""
        return SqlClientDirectory(self.database, scopes.INVOKE)

    def token(self, scope: str, client: str = "tester", **claims: Any) -> str:
        content = {**access_claims(ISSUER, client, scope, int(time.time())), **claims}
        return sign(self.key, {name: value for name, value in content.items() if value is not None})

    def bearer(self, scope: str, client: str = "tester", **claims: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(scope, client, **claims)}"}

    def forged(self, scope: str, algorithm: str = "RS256") -> dict[str, str]:
        """A token signed by somebody else."""
        key = RSAKey.generate_key(2048, auto_kid=False)
        header = {"kid": self.key.kid, "alg": algorithm}
        claims = access_claims(ISSUER, "tester", scope, int(time.time()))
        return {"Authorization": f"Bearer {jwt.encode(header, claims, key, algorithms=[algorithm])}"}


def start_aws(directory: Path, port: int) -> Process:
    command = [sys.executable, "-m", "gwctl.emulated_aws", "--port", str(port), "--data-dir", str(directory)]
    return start(command, ready=lambda: answers(f"http://127.0.0.1:{port}/healthz"), seconds=60)


@contextmanager
def running_admin(directory: Path, **more: Any) -> Iterator[RunningAdmin]:
    """Starts everything; the processes end with the context. `more` goes into the server's configuration."""
    port = free_port()
    key = load_or_create_key(directory / "issuer")
    url, database_url = f"http://127.0.0.1:{port}", f"sqlite:///{directory}/gateway.sqlite3"
    with ExitStack() as stack:
        keys = stack.enter_context(ReplayProvider())
        keys.on("/jwks.json", Answer.json({**KeySet([key]).as_dict(private=False)}))
        config = directory / "admin.json"
        config.write_text(
            json.dumps(
                {
                    "port": port,
                    "issuer": ISSUER,
                    "jwks_url": f"{keys.url}/jwks.json",
                    **({} if "aws_url" in more else {"database_url": database_url}),
                    "providers": [Provider(id="openai", kind="openai").model_dump()],
                    **more,
                }
            )
        )
        command = [sys.executable, "-m", "gwctl.local.admin_server.server", "--config", str(config)]
        server = start(command, ready=lambda: answers(f"{url}/healthz"), seconds=60)
        stack.enter_context(server)
        client = stack.enter_context(httpx.Client(base_url=url, trust_env=False, timeout=30))
        database = Database.at(database_url)
        stack.callback(database.close)
        yield RunningAdmin(url, database, client, key, server)
