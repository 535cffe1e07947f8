"""What Habla is compared with, as a server: the usual way, and a bare echo.

The usual way is an ffmpeg process for each session and one call of the ONNX detector for each frame
of 32 ms, on the event loop. `daphne benches.baseline:application` serves both.
"""

import asyncio
import json
import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime  # type: ignore[import-untyped]
from channels.exceptions import StopConsumer
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.urls import path

from benches.engines import Probe
from benches.serving import THREADS_VARIABLE
from sessions_app.core.audio import FRAME_BYTES, FRAME_SAMPLES
from sessions_app.pipeline.endpointing.segmenter import SegmentEnded, Segmenter, SegmenterOptions

if not settings.configured:
    settings.configure(DEBUG=False, ALLOWED_HOSTS=["*"], INSTALLED_APPS=[], CHANNEL_LAYERS={})

FFMPEG = (
    *("ffmpeg", "-loglevel", "fatal", "-threads", "1", "-fflags", "nobuffer"),
    *("-probesize", "32", "-analyzeduration", "0", "-f", "matroska", "-i", "pipe:0"),
    *("-f", "s16le", "-ar", "16000", "-ac", "1", "-flush_packets", "1", "pipe:1"),
)


CONTEXT_SAMPLES = 64
"""Samples of the previous frame, which the detector sees before each frame."""


def load_detector() -> onnxruntime.InferenceSession:
    """Return the Silero model that faster-whisper ships."""
    spec = find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("faster-whisper is not installed")
    path = Path(spec.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
    options = onnxruntime.SessionOptions()
    # 0: as many as onnxruntime chooses, which is its default
    options.intra_op_num_threads = int(os.environ.get(THREADS_VARIABLE, "0"))
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


class FrameByFrame:
    """The detector's state for one source, asked for each frame."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session
        self._state = [np.zeros((1, 1, 128), np.float32)] * 2
        self._context: npt.NDArray[np.float32] = np.zeros(CONTEXT_SAMPLES, np.float32)

    def probability(self, frame: bytes) -> float:
        """Return the probability that ``frame`` holds speech."""
        samples = np.frombuffer(frame, "<i2").astype(np.float32) / np.float32(32768)
        sound = np.concatenate([self._context, samples])[None]
        self._context = samples[-CONTEXT_SAMPLES:]
        feeds = {"input": sound, "h": self._state[0], "c": self._state[1]}
        output, *self._state = self._session.run(None, feeds)
        return float(output.item())


class Echo(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Answers each frame with its length: the least that any server on Daphne must cost."""

    channel_layer_alias = "none"

    async def dispatch(self, message: Mapping[str, Any]) -> None:
        """Answer one message, without the hop of Channels through a thread."""
        if message["type"] == "websocket.receive":
            await self.send(text_data=json.dumps({"type": "echo", "bytes": len(message["bytes"])}))
        elif message["type"] == "websocket.connect":
            await self.accept()
        else:
            raise StopConsumer


class Usual(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels has no types
    """Decodes by a process of its own, and detects frame by frame."""

    channel_layer_alias = "none"
    detector = load_detector()
    probe: Probe | None = None

    async def connect(self) -> None:
        """Start the session's ffmpeg and its reader."""
        type(self).probe = self.probe or Probe()
        self.ffmpeg = await asyncio.create_subprocess_exec(
            *FFMPEG, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        self.reading = asyncio.create_task(self._read())
        await self.accept()
        await self.send(text_data=json.dumps({"type": "ready"}))

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None) -> None:
        """Pass a chunk to ffmpeg."""
        if bytes_data and self.ffmpeg.stdin is not None:
            self.ffmpeg.stdin.write(bytes_data)
            await self.ffmpeg.stdin.drain()

    async def disconnect(self, code: int) -> None:
        """End the process and its reader."""
        self.reading.cancel()
        self.ffmpeg.kill()
        await self.ffmpeg.wait()

    async def _read(self) -> None:
        if self.ffmpeg.stdout is None or self.probe is None:
            return
        stream, segmenter = FrameByFrame(self.detector), Segmenter(SegmenterOptions())
        number, frames = self.probe.next_stream(), 0
        while frame := await self.ffmpeg.stdout.readexactly(FRAME_BYTES):
            events = segmenter.push(frame, [stream.probability(frame)])
            frames += 1
            self.probe.note(number, frames * FRAME_SAMPLES, monotonic())
            for event in events:
                kind = "speech_ended" if isinstance(event, SegmentEnded) else "speech_started"
                await self.send(text_data=json.dumps({"type": kind}))


application = ProtocolTypeRouter(
    {
        "websocket": URLRouter(
            [path("ws/echo/", Echo.as_asgi()), path("ws/session/", Usual.as_asgi())]
        )
    }
)
