"""A client in a process of its own, to be frozen: `python -m tests.lifecycle.frozen ADDRESS`."""

import asyncio
import sys

from tests.server.visitor import visitor
from tests.sounds import speech


async def main(address: str) -> None:
    """Listen and speak for ever, and say when that has begun."""
    async with visitor(address) as guest:
        await guest.say("start_listening", encoding="pcm-s16le")
        await guest.until("listening_started")
        sys.stdout.write("speaking\n")
        sys.stdout.flush()
        while True:
            await guest.send_sound(speech(0.1))
            await asyncio.sleep(0.1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
