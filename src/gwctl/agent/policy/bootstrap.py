"""What the containers beside the agent start with, in a deployment. In: settings. Out: files on the task's volumes.

Envoy's start configuration for the edge, and for Portkey what Node loads before it. They are written before the agent
says that it is well, and the others wait for that. On one machine `gwctl up` passes both on its command lines instead.
"""

import json

from gwctl.agent.settings import AgentSettings
from gwctl.core.files import write_atomically
from gwctl.edge.preload import PRELOAD
from gwctl.edge.render import render_bootstrap

READABLE_BY_ALL = 0o644
"""Nothing in these files is secret, and Portkey runs as another user than the agent."""


def write_start_files(settings: AgentSettings) -> None:
    """Writes those that the settings name. Raises OSError: a volume is missing or not ours."""
    if settings.bootstrap_path is not None:
        bootstrap = json.dumps(render_bootstrap(settings.edge)).encode()
        write_atomically(settings.bootstrap_path, bootstrap, mode=READABLE_BY_ALL)
    if settings.gateway_preload_path is not None:
        write_atomically(settings.gateway_preload_path, PRELOAD.read_bytes(), mode=READABLE_BY_ALL)
