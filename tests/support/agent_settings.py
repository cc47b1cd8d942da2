"""Settings of an agent without an edge. In: a folder. Out: `AgentSettings` whose paths are all in it."""

from pathlib import Path
from typing import Any

from gwctl.agent.settings import AgentSettings
from gwctl.edge.settings import EdgeSettings


def agent_settings(folder: Path, **more: Any) -> AgentSettings:
    """`more` are further fields."""
    edge = EdgeSettings(
        listen_host="127.0.0.1",
        listen_port=1,
        admin_socket=folder / "no-envoy.sock",
        issuer="https://issuer.test",
        jwks_url="https://issuer.test/jwks",
        xds_dir=folder / "xds",
        secrets_dir=folder / "secrets",
        usage_log=folder / "usage.log",
    )
    return AgentSettings(edge=edge, state_dir=folder, status_path=folder / "status.json", **more)
