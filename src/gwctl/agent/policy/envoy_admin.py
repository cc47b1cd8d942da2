"""Envoy's admin interface on its Unix socket: what it accepted, what it rejected, and reopening its logs."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import httpx

from gwctl.edge.envoy.filters import KEYS_FILTER, POLICY_FILTER

_CDS = "cluster_manager.cds"
_ECDS = tuple(f"extension_config_discovery.http_filter.{name}" for name in (KEYS_FILTER, POLICY_FILTER))
_STATS = f"^({'|'.join((_CDS, *_ECDS))})\\.|^cluster_manager\\.warming_clusters$"


class EnvoyUnavailableError(Exception):
    """Envoy's admin interface does not answer: it is starting, restarting or gone."""


@dataclass(frozen=True)
class ConfigState:
    """What Envoy says of its dynamic configuration.

    A file that Envoy rejects may still move the version text, so acceptance is a version together with counters of
    failures that did not grow.
    """

    cds_version: str
    cds_rejected: int
    warming: int
    ecds_versions: tuple[str, ...]
    ecds_rejected: int

    @classmethod
    def none(cls) -> Self:
        """The state of an Envoy that has not read anything yet."""
        return cls.of({})

    @classmethod
    def of(cls, stats: Mapping[str, str]) -> Self:
        """Reads the state from Envoy's statistics, name → value."""

        def count(name: str) -> int:
            return int(stats.get(name, "0"))

        return cls(
            cds_version=stats.get(f"{_CDS}.version_text", "").strip('"'),
            cds_rejected=count(f"{_CDS}.update_rejected"),
            warming=count("cluster_manager.warming_clusters"),
            ecds_versions=tuple(stats.get(f"{name}.version_text", "").strip('"') for name in _ECDS),
            ecds_rejected=sum(count(f"{name}.{kind}") for name in _ECDS for kind in ("update_rejected", "config_fail")),
        )


class EnvoyAdmin:
    """A client of the admin interface at `socket`. Every method raises EnvoyUnavailableError."""

    def __init__(self, socket: Path) -> None:
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://envoy", timeout=5.0)

    async def config_state(self) -> ConfigState:
        """The state of the dynamic configuration at this moment."""
        response = await self._request("GET", "/stats", {"filter": _STATS})
        lines = (line.partition(": ") for line in response.content.decode().splitlines())
        return ConfigState.of({name: value for name, _, value in lines})

    async def lost_writes(self) -> int:
        """How often Envoy could not write to a log file; it does not try again."""
        failed = (await self._request("GET", "/stats", {"filter": r"^filesystem\.write_failed$"})).content.decode()
        return int(failed.partition(": ")[2] or 0)

    async def reopen_logs(self) -> None:
        """Makes Envoy write to the usage log's path again, after the file there was moved away."""
        await self._request("POST", "/reopen_logs")

    async def close(self) -> None:
        """Closes the connection."""
        await self._client.aclose()

    async def _request(self, method: str, path: str, params: Mapping[str, str] | None = None) -> httpx.Response:
        try:
            response = await self._client.request(method, path, params=params)
            return response.raise_for_status()
        except httpx.HTTPError as error:
            raise EnvoyUnavailableError(f"Envoy's admin interface: {error or type(error).__name__}") from error
