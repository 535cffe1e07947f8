"""Validation of live streams before libav sees them, by libav's name of the container."""

from typing import Protocol

from sessions_app.engines.containers.mp4 import Mp4Guard
from sessions_app.engines.containers.ogg import OggGuard
from sessions_app.engines.containers.webm_guard import WebmGuard


class Guard(Protocol):
    """Knows what browsers send, and rejects everything else."""

    def take(self, chunk: bytes) -> bytes:
        """Take the next chunk; return what of the stream may go on to libav.

        An incomplete part is buffered, within bounds. Takes time in proportion to the chunk.

        Raises:
            DecodeError: no browser sends this; nothing may follow.
        """
        ...


GUARDS: dict[str, type[Guard]] = {"mp4": Mp4Guard, "ogg": OggGuard, "webm": WebmGuard}
