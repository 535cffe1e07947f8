"""The commands of playback on a session's WebSocket (docs/protocol.md)."""

from typing import Literal

from pydantic import Field

from sessions_app.protocol import ClientCommand, Words

SLOWEST, FASTEST = 0.25, 16.0
"""The limits of the speed; at 1 it is played as fast as it was spoken."""


class StartPlayback(ClientCommand):
    """Play a recording into the session."""

    writes = True
    is_in_order = False
    type: Literal["start_playback"]
    recording_id: int | str
    mode: Words = Field(default="full", max_length=20)
    speed: float = 1.0
    """Mode and speed are checked when the command's turn comes."""


class SteerPlayback(ClientCommand):
    """Pause, resume or stop the playback."""

    type: Literal["pause_playback", "resume_playback", "stop_playback"]
