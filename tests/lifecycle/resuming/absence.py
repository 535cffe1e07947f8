"""Who is away for so long that the session may have ended, and comes back all the same."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from sessions_app.core.audio import Encoding
from tests.lifecycle.resuming.client import ResumingClient
from tests.lifecycle.resuming.kept import exchanges_of
from tests.lifecycle.resuming.network import Fault, FaultyNetwork, faulty_network
from tests.lifecycle.resuming.sound import sentence, stream_of

SENTENCES = [sentence(number) for number in range(6)]


async def speak_with_an_absence(
    port: int, encoding: Encoding, away_seconds: float
) -> ResumingClient:
    """Say SENTENCES, be away in a pause in the middle of them, and leave; return the client.

    Nothing is said while the network is gone.
    """

    async def be_away(network: FaultyNetwork) -> None:
        network.fail(Fault.RESET, is_refusing=True)
        await asyncio.sleep(away_seconds)
        network.mend()

    return await speak_with_a_pause(port, encoding, be_away)


async def speak_with_a_pause(
    port: int, encoding: Encoding, pause: Callable[[FaultyNetwork], Awaitable[None]]
) -> ResumingClient:
    """Say SENTENCES, with whatever ``pause`` does in the middle of them, and leave."""
    async with faulty_network(port) as network, asyncio.TaskGroup() as tasks:
        client = ResumingClient(f"ws://127.0.0.1:{network.port}/ws/session/")
        tasks.create_task(client.run())
        await client.until("ready")
        stream = await asyncio.to_thread(stream_of, SENTENCES, encoding)
        chunks = list(stream.chunks())
        client.begin(stream.container)
        for number, chunk in enumerate(chunks):
            client.hear(chunk)
            await asyncio.sleep(stream.seconds / len(chunks))
            if number == len(chunks) // 2 - 2:  # in the pause behind the third
                await pause(network)
        client.do("stop_listening")
        await client.until("listening_stopped")
        client.do("leave")
    return client


def problems_of_absence(data_dir: Path, client: ResumingClient, *, is_late: bool) -> list[str]:
    """Return what is wrong with what one who was away was told, and with what is kept of it."""
    greetings = client.told("ready")
    problems = list(client.problems)
    if len(greetings) != 1 + is_late or ("continues" in greetings[-1]) is not is_late:
        problems.append(f"greeted by {greetings}")
    if len({greeting["conversation_id"] for greeting in greetings}) != 1:
        problems.append("it went on in another conversation")
    kept = [source for source, _ in exchanges_of(data_dir, client)]
    if kept != SENTENCES:
        problems.append(f"kept: {kept}")
    return problems + [f"error: {error}" for error in client.told("error")]
