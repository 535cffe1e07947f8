"""What a client may ask of playback, through the session's own socket."""

from sessions_app import protocol
from sessions_app.commands import teach
from sessions_app.errors import CommandError
from sessions_app.session import LiveSession


def teach_sessions() -> None:
    """Let every session know what to do with the commands of playback."""
    teach(protocol.StartPlayback, start_playback)
    teach(protocol.SteerPlayback, steer_playback)


async def start_playback(session: LiveSession, command: protocol.StartPlayback) -> None:
    """Play a recording into the session."""
    raise CommandError("There is no such recording.", code="unknown_recording")


async def steer_playback(session: LiveSession, command: protocol.SteerPlayback) -> None:
    """Hold the playback, let it go on, or end it; ending what does not play is fine."""
    if command.type != "stop_playback":
        raise CommandError("Nothing is being played.", code="not_playing")
