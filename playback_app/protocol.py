"""What clients may ask of playback through a session's own socket (docs/protocol.md). Pure."""

from typing import Literal

from pydantic import Field

from sessions_app.protocol import ClientCommand, Words

SLOWEST, FASTEST = 0.25, 16.0
"""Of playback; 1 is as fast as it was spoken."""


class StartPlayback(ClientCommand):
    """Play a recording into the session."""

    writes = True
    type: Literal["start_playback"]
    recording_id: int | str
    mode: Words = Field(default="full", max_length=20)
    speed: float = 1.0
    """Whether there is such a mode or speed is looked at in its turn, when it is to be played."""


class SteerPlayback(ClientCommand):
    """Hold the playback, let it go on, or end it."""

    type: Literal["pause_playback", "resume_playback", "stop_playback"]
