"""A program that ships events until it is ended: `ship.py SETTINGS.json AGENT`."""

import asyncio
import signal
import sys
from pathlib import Path

from gwctl.agent.settings import AgentSettings
from gwctl.agent.sinks.shipper import EventShipper
from gwctl.agent.sinks.status import ShippingStatus


async def main(settings: AgentSettings, agent: str) -> None:
    shipper = EventShipper(settings, ShippingStatus(), agent, pace=0.01)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    print("ready", flush=True)
    await shipper.run(stopping)
    print("drained" if await shipper.drain(60) else "left something", flush=True)


if __name__ == "__main__":
    asyncio.run(main(AgentSettings.model_validate_json(Path(sys.argv[1]).read_bytes()), sys.argv[2]))
