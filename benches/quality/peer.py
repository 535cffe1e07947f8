"""WhisperLiveKit on the same weights, monologue and machine: word error rate and latency."""

import asyncio
import json
from pathlib import Path
from time import monotonic
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from benches import sounds
from benches.quality import live
from benches.quality.figures import Measured
from benches.quality.peer_server import serving
from benches.quality.speech import VOICES, sentences
from benches.quality.streams import Stream, stream_of
from benches.quality.tools import Tools
from benches.quality.words import error_percent

SENTENCES = 16
PAUSES = (0.55, 0.95, 0.7, 1.4, 0.8)
LATE_SECONDS = 120.0
"""How long to wait for its last words."""


async def measure(tools: Tools) -> list[Measured]:
    """Return its figures beside Habla's.

    Raises:
        UnavailableError: it cannot be had here.
    """
    figures = []
    for language in VOICES:
        stream = stream_of(sentences(language, SENTENCES), PAUSES)
        theirs, their_delay = await _peer(tools.weights, stream, language)
        ours, our_delay = await _habla(tools.weights, stream, language)
        name = f"{language}, monologue of {SENTENCES} sentences"
        figures += [
            Measured(f"{name}: wrong words", _wrong(stream, ours, language), "%"),
            Measured(f"{name}: WhisperLiveKit", _wrong(stream, theirs, language), "%"),
            Measured(f"{name}: end of speech to last words", our_delay, "s"),
            Measured(f"{name}: WhisperLiveKit, likewise", their_delay, "s"),
        ]
    return figures


def _wrong(stream: Stream, text: str, language: str) -> float:
    return error_percent([(stream.text, text)], language)


async def _habla(weights: Path, stream: Stream, language: str) -> tuple[str, float]:
    lived = await live.session(weights, stream, live.DIRECTIONS[language])
    finals = lived.client.of("transcript")
    spoken_at = lived.microphone_at + stream.spoken[-1].end_seconds
    delay = finals[-1][0] - spoken_at if finals else float("nan")
    return " ".join(message["text"] for _, message in finals), delay


async def _peer(weights: Path, stream: Stream, language: str) -> tuple[str, float]:
    async with (
        serving(weights, language) as port,
        connect(f"ws://127.0.0.1:{port}/asr", ping_interval=None) as socket,
    ):
        begin_at = monotonic() + 0.1
        talking = asyncio.create_task(_talk(socket, stream, begin_at), name="bench talker")
        try:
            async with asyncio.timeout(stream.seconds + LATE_SECONDS):
                text, changed_at = await _listen(socket)
        finally:
            talking.cancel()
            await asyncio.wait({talking})
    ended_at = begin_at - sounds.CHUNK_SECONDS + stream.spoken[-1].end_seconds
    return text, changed_at - ended_at


async def _talk(socket: ClientConnection, stream: Stream, begin_at: float) -> None:
    for number, chunk in enumerate(sounds.chunks(stream.pcm)):
        await asyncio.sleep(begin_at + number * sounds.CHUNK_SECONDS - monotonic())
        await socket.send(chunk)
    await socket.send(b"")  # the end of the sound


async def _listen(socket: ClientConnection) -> tuple[str, float]:
    """Return all its words once it is done, and when they last changed."""
    text, changed_at = "", monotonic()
    async for received in socket:
        message: dict[str, Any] = json.loads(received)
        if message.get("type") == "ready_to_stop":
            break
        if "lines" in message and (shown := _shown(message)) != text:
            text, changed_at = shown, monotonic()
    return text, changed_at


def _shown(message: dict[str, Any]) -> str:
    lines = [line.get("text") or "" for line in message["lines"]]
    return " ".join([*lines, message.get("buffer_transcription") or ""]).strip()
