"""An administrator and a caller of one running gateway, and its database."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from gwctl.local.data_dir import DataDir
from gwctl.local.database import database_of
from gwctl.stores.sql.database import Database
from support.gateway import Gateway

ANSWERED = {"model": "sample-gpt", "messages": [{"role": "user", "content": "Hello"}]}


class Desk:
    """An administrator and a caller of one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self.data: DataDir = gateway.data
        connection = gateway.connection
        self.admin = httpx.Client(base_url=connection.admin_url, trust_env=False, timeout=20)
        token = gateway.token(connection.admin_client_id, connection.admin_client_secret)
        self.admin.headers["authorization"] = f"Bearer {token}"
        self.edge = httpx.Client(base_url=gateway.url, trust_env=False, timeout=20)

    def put(self, path: str, document: dict[str, Any]) -> Any:
        return self.admin.put(path, json=document, headers={"if-match": "*"}).raise_for_status().json()

    def create(self, path: str, document: dict[str, Any]) -> Any:
        return self.admin.put(path, json=document).raise_for_status().json()

    def new_client(self, team: str) -> tuple[str, str]:
        answer = self.admin.post(f"/teams/{team}/clients", json={"name": "test"}).raise_for_status().json()
        return answer["client_id"], answer["client_secret"]

    def ask(self, headers: dict[str, str], **fields: Any) -> int:
        return self.edge.post("/v1/chat/completions", json={**ANSWERED, **fields}, headers=headers).status_code

    def bearer(self, client: tuple[str, str]) -> dict[str, str]:
        return {"authorization": f"Bearer {self.gateway.token(*client)}"}

    @contextmanager
    def database(self) -> Iterator[Database]:
        """The gateway's database, as its parts see it."""
        found = database_of(self.data)
        yield found
        found.close()

    def pid(self, part: str) -> int:
        pid = next(each.pid for each in self.gateway.status.parts if each.name == part)
        assert pid
        return pid
