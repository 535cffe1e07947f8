"""The extension of playback: what it plugs into sessions and into the serving process."""

from collections.abc import Collection
from http import HTTPStatus
from typing import Any

from playback_app import service
from playback_app.models import PlaybackWish
from playback_app.protocol import StartPlayback, SteerPlayback
from playback_app.pruning import prune_daily
from sessions_app.extensions import CommandHandler, Extension
from sessions_app.live.session import LiveSession

WISHES = {
    "pause_playback": PlaybackWish.PAUSE,
    "resume_playback": PlaybackWish.RESUME,
    "stop_playback": PlaybackWish.STOP,
}


async def steer(session: LiveSession, command: SteerPlayback) -> None:
    """Pause, resume or stop the playback; to stop none is no error.

    Raises:
        CommandError: nothing is being played.
    """
    await service.steer_playback(session, WISHES[command.type])


def playbacks(sessions: Collection[LiveSession]) -> list[dict[str, Any]]:
    """Return the playbacks of these sessions."""
    return [
        {"id": str(player.job.id), "session_id": str(session.id)}
        for session in sessions
        if (player := service.player_in(session)) is not None
    ]


EXTENSION = Extension(
    name="playback_app",
    commands={
        "start_playback": CommandHandler(StartPlayback, service.start),
        **{kind: CommandHandler(SteerPlayback, steer) for kind in WISHES},
    },
    looks={"playbacks": service.poll_playbacks},
    background={"pruning": lambda _: prune_daily()},
    status={"playbacks": playbacks},
    http_statuses={
        "already_playing": HTTPStatus.CONFLICT,
        "not_playable": HTTPStatus.UNPROCESSABLE_ENTITY,
        "not_playing": HTTPStatus.CONFLICT,
        "too_many_playbacks": HTTPStatus.CONFLICT,
        "unknown_recording": HTTPStatus.NOT_FOUND,
        "unknown_session": HTTPStatus.NOT_FOUND,
    },
)
