"""The admin API for tests: its stores in an emulated AWS, and calls of its functions with real proxy events.

place = Place.create(dynamodb_url, s3_url, "name")
with place.admin() as admin:
    admin.put("/teams/search", {"id": "search"}).ok()
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urlencode

import boto3
from botocore.config import Config

from gwctl.admin.api import operations
from gwctl.admin.service import runtime
from gwctl.admin.service.changes import Actor
from gwctl.admin.service.runtime import Runtime
from gwctl.core import scopes
from gwctl.local.admin_server.events import HttpRequest, Resources, proxy_event
from gwctl.local.issuer.client_directory import LocalClientDirectory
from gwctl.local.issuer.store import Client
from gwctl.policy.documents import Provider
from gwctl.stores.aws.local_names import client_options
from gwctl.stores.aws.local_resources import table_definition
from gwctl.stores.aws.policy.documents import DynamoDocumentStore
from gwctl.stores.aws.policy.snapshots import S3SnapshotStore
from gwctl.stores.aws.quotas import DynamoQuotaStore
from gwctl.stores.aws.settings import Settings, SnapshotPlace, Tables
from gwctl.stores.aws.usage import DynamoUsageTable
from gwctl.stores.interfaces import ClientDirectory
from gwctl.stores.sql.clients import SqlClientDirectory
from gwctl.stores.sql.database import Database
from gwctl.stores.sql.policy.documents import SqlDocumentStore
from gwctl.stores.sql.policy.snapshots import SqlSnapshotStore
from gwctl.stores.sql.quotas import SqlQuotaStore
from gwctl.stores.sql.usage import SqlUsageTable

PROVIDERS = (
    Provider(id="openai", kind="openai"),
    Provider(id="anthropic", kind="anthropic"),
    Provider(id="bedrock-eu", kind="bedrock", region="eu-central-1"),
)
OPERATOR = Actor("operator", "test")
CONFIG = Config(
    connect_timeout=2, read_timeout=30, retries={"total_max_attempts": 2, "mode": "standard"}, max_pool_connections=60
)


@lru_cache
def aws_client(service: str, url: str) -> Any:
    make: Any = boto3.client
    return make(service, config=CONFIG, **client_options(url))


@dataclass(frozen=True)
class Answer:
    """What a function answered."""

    status: int
    headers: dict[str, str]
    body: Any

    def ok(self) -> Any:
        """The body of a good answer."""
        assert self.status < 300, f"{self.status}: {json.dumps(self.body, indent=1)}"
        return self.body

    def refused(self, status: int, code: str) -> Any:
        """The error of an answer with this status and code."""
        assert self.status == status, f"{self.status}: {json.dumps(self.body, indent=1)}"
        assert self.body.keys() == {"error"}
        assert self.body["error"]["code"] == code
        return self.body["error"]

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


class Admin:
    """The six functions, called as API Gateway calls them; `caller` and `scope` say with which token."""

    def __init__(self, running: Runtime, place: "Place") -> None:
        self.runtime = running
        self.place = place
        self._table = operations.table()
        self._resources = Resources(resource for _, resource in self._table)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
        caller: str = "admin-client",
        scope: str = f"{scopes.ADMIN} {scopes.READ}",
        **query: Any,
    ) -> Answer:
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})} if content else dict(headers or {})
        request = HttpRequest(method, path, urlencode(query), tuple(sent.items()), content, "127.0.0.1")
        match = self._resources.match(path)
        assert match, f"no resource for {path}"
        claims = {"client_id": caller, "scope": scope, "token_use": "access", "exp": 1_795_000_000}
        entry = self._table.get((method, match[0])) or next(e for (_, r), e in self._table.items() if r == match[0])
        answer = entry.handler(json.loads(json.dumps(proxy_event(request, *match, claims))), None)
        headers_sent = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        return Answer(int(answer["statusCode"]), headers_sent, json.loads(answer["body"]))

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, **query)

    def put(self, path: str, body: Any, match: str | None = None, **query: Any) -> Answer:
        return self.call("PUT", path, body, headers={"If-Match": match} if match else None, **query)

    def post(self, path: str, body: Any = None, **query: Any) -> Answer:
        return self.call("POST", path, body, **query)

    def delete(self, path: str, match: str | None = "*", **query: Any) -> Answer:
        return self.call("DELETE", path, headers={"If-Match": match} if match else None, **query)

    def small_policy(self) -> None:
        """Two routes, a team and a budget."""
        self.put("/routing/fast", route("fast")).ok()
        self.put("/routing/smart", route("smart", ("anthropic", "claude-sonnet-4-5"))).ok()
        self.put("/teams/search", {"id": "search", "models": ["fast"]}).ok()
        self.put("/budgets/search-month", budget("search-month")).ok()


def route(alias: str, *targets: tuple[str, str], **fields: Any) -> dict[str, Any]:
    chosen = targets or (("openai", "gpt-4o-mini"),)
    return {"id": alias, "targets": [{"provider": p, "model": m} for p, m in chosen], **fields}


def budget(name: str, team: str = "search", limit_usd: float | str = 100, **fields: Any) -> dict[str, Any]:
    return {"id": name, "team": team, "limit_usd": limit_usd, "period": "month", **fields}


def today() -> date:
    """The day whose prices hold."""
    return datetime.now(UTC).date()


def segment(name: str) -> str:
    """A name as one part of a path."""
    return quote(name, safe="")


@dataclass(frozen=True)
class Place:
    """Where the stores of one test are; its user pool is where its bucket is."""

    dynamodb_url: str
    s3_url: str
    settings: Settings

    @staticmethod
    def named(name: str) -> Settings:
        return Settings(
            deployment="test",
            snapshot=SnapshotPlace(bucket=f"{name}-policy"),
            tables=Tables(**{key: f"{name}-{key}" for key in ("documents", "audit", "usage", "ledger")}),
        )

    @classmethod
    def create(cls, dynamodb_url: str, s3_url: str, name: str) -> "Place":
        settings = cls.named(name)
        place = cls(dynamodb_url, s3_url, settings)
        dynamodb = aws_client("dynamodb", dynamodb_url)
        for table in settings.tables.model_dump().values():
            dynamodb.create_table(**table_definition(table))
        aws_client("s3", s3_url).create_bucket(Bucket=settings.snapshot.bucket)
        return place

    def documents(self) -> DynamoDocumentStore:
        tables = self.settings.tables
        return DynamoDocumentStore(aws_client("dynamodb", self.dynamodb_url), tables.documents, tables.audit)

    def snapshots(self) -> S3SnapshotStore:
        return S3SnapshotStore(aws_client("s3", self.s3_url), self.settings.snapshot.bucket)

    def usage(self) -> DynamoUsageTable:
        return DynamoUsageTable(aws_client("dynamodb", self.dynamodb_url), self.settings.tables.usage)

    def ledger(self) -> DynamoQuotaStore:
        return DynamoQuotaStore(aws_client("dynamodb", self.dynamodb_url), self.settings.tables.ledger or "")

    def directory(self) -> LocalClientDirectory:
        return LocalClientDirectory(lambda: aws_client("cognito-idp", self.s3_url), name=self.settings.snapshot.bucket)

    def app_clients(self) -> dict[str, Client]:
        """The app clients of the user pool, as the token service finds them."""
        cognito, directory = aws_client("cognito-idp", self.s3_url), self.directory()
        pools = (
            pool
            for page in cognito.get_paginator("list_user_pools").paginate(MaxResults=60)
            for pool in page["UserPools"]
        )
        own = [pool["Id"] for pool in pools if pool["Name"] == self.settings.snapshot.bucket]
        listed = [cognito.list_user_pool_clients(UserPoolId=pool)["UserPoolClients"] for pool in own]
        found = [directory.find(client["ClientId"]) for clients in listed for client in clients]
        return {client.client_id: client for client in found if client}

    def runtime(
        self,
        *,
        providers: Sequence[Provider] = PROVIDERS,
        directory: ClientDirectory | None = None,
        snapshots: Callable[[S3SnapshotStore], Any] = lambda store: store,
        ledger: Callable[[DynamoQuotaStore], Any] = lambda store: store,
    ) -> Runtime:
        """A new process's view of the stores: nothing is cached yet. `snapshots` and `ledger` may wrap a store."""
        return runtime.assemble(
            self.settings,
            providers,
            documents=self.documents(),
            snapshots=snapshots(self.snapshots()),
            directory=directory or self.directory(),
            usage=self.usage(),
            ledger=ledger(self.ledger()),
        )

    @contextmanager
    def admin(self, **options: Any) -> Iterator[Admin]:
        own = self.runtime(**options)
        runtime.use(own)
        try:
            yield Admin(own, self)
        finally:
            runtime.use(None)


@dataclass(frozen=True, kw_only=True)
class SqlPlace(Place):
    """The same in a relational database."""

    database: Database

    @classmethod
    def at(cls, database: Database) -> "SqlPlace":
        named = Place.named("sql")
        return cls(dynamodb_url="", s3_url="", settings=named, database=database)

    def documents(self) -> Any:
        return SqlDocumentStore(self.database)

    def snapshots(self) -> Any:
        return SqlSnapshotStore(self.database)

    def usage(self) -> Any:
        return SqlUsageTable(self.database)

    def ledger(self) -> Any:
        return SqlQuotaStore(self.database)

    def directory(self) -> Any:
        return SqlClientDirectory(self.database, scopes.INVOKE)
