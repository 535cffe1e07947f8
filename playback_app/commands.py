"""What a client may ask of playback, through the session's own socket."""

from functools import partial

from playback_app import service
from playback_app.models import PlaybackWish
from sessions_app import protocol
from sessions_app.live.commands import in_line, teach
from sessions_app.live.session import LiveSession

_WISHES = {
    "pause_playback": PlaybackWish.PAUSE,
    "resume_playback": PlaybackWish.RESUME,
    "stop_playback": PlaybackWish.STOP,
}


def teach_sessions() -> None:
    """Let every session know what to do with the commands of playback."""
    teach(protocol.StartPlayback, start_playback)
    teach(protocol.SteerPlayback, steer_playback)


async def start_playback(session: LiveSession, command: protocol.StartPlayback) -> None:
    """Play a recording into the session."""
    in_line(session, command, partial(service.start, session, command))


async def steer_playback(session: LiveSession, command: protocol.SteerPlayback) -> None:
    """Hold the playback, let it go on, or end it; ending what does not play is fine."""
    in_line(session, command, partial(service.steer, session, _WISHES[command.type]))
