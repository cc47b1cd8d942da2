import asyncio
import time


async def test_something():
    # ruleid: no-sleep-in-tests
    time.sleep(1)
    # ruleid: no-sleep-in-tests
    await asyncio.sleep(0.5)
    # ok: no-sleep-in-tests
    await asyncio.sleep(0)
    while not ready():
        # ok: no-sleep-in-tests
        await asyncio.sleep(0.01)
