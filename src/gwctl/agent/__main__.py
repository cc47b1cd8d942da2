"""Runs the agent: `python -m gwctl.agent [--config FILE.json]`, else with GWCTL_AGENT_SETTINGS (see `settings`)."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

from gwctl.agent.policy.bootstrap import write_start_files
from gwctl.agent.reserve.identity import Identity, claimed_identity
from gwctl.agent.settings import SETTINGS_VARIABLE, AgentSettings
from gwctl.agent.worker import Agent
from gwctl.core.errors import UserError

SWITCH_SECONDS = 0.0005
"""How long a thread of the usage log may keep the event loop from answering the edge."""


async def _run(settings: AgentSettings, identity: Identity) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await Agent(settings, identity).run(stopping)


def main() -> None:
    """Parses the command line and runs until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.agent", description=__doc__)
    parser.add_argument("--config", type=Path, help=f"settings, a JSON file; else they are in {SETTINGS_VARIABLE}")
    arguments = parser.parse_args()
    given = arguments.config.read_bytes() if arguments.config else os.environ.get(SETTINGS_VARIABLE, "")
    if not given:
        parser.error(f"there are no settings; give --config FILE, or set {SETTINGS_VARIABLE}")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = AgentSettings.model_validate_json(given)
    write_start_files(settings)
    settings.state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Without the checkpoint, the marks of the old name in the ledger would count other lines than they mean.
    forget = not settings.checkpoint_path.exists()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        with claimed_identity(settings.state_dir, forget=forget) as identity:
            asyncio.run(_run(settings, identity))
    except UserError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
