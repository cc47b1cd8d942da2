"""Runs the agent: `python -m gwctl.agent --config FILE.json` (see `settings`)."""

import argparse
import asyncio
import logging
import signal
from pathlib import Path

from gwctl.agent.settings import AgentSettings
from gwctl.agent.worker import Agent


async def _run(settings: AgentSettings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await Agent(settings).run(stopping)


def main() -> None:
    """Parses the command line and runs until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m gwctl.agent", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="settings, a JSON file")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    asyncio.run(_run(AgentSettings.model_validate_json(arguments.config.read_bytes())))


if __name__ == "__main__":
    main()
