"""Whether one more live session is allowed: in this process, and for this user."""

from collections.abc import Collection

from sessions_app.config.variables import Conf
from sessions_app.core.errors import RefusedError
from sessions_app.live.session import LiveSession
from sessions_app.live.states import EndCause, EndReason, SessionRequest
from sessions_app.protocol import CloseCode


def serving(conf: Conf | None) -> Conf:
    """Return the settings with which this process serves.

    Raises:
        RefusedError: it does not serve sessions: a `runserver`, or another ASGI server (H35).
    """
    if conf is None:
        raise RefusedError(
            "This process shows pages only. `manage.py serve` starts one that has live sessions.",
            code="not_serving",
            close_code=CloseCode.FAILED,
        )
    return conf


def make_room(sessions: Collection[LiveSession], request: SessionRequest, conf: Conf) -> None:
    """Enforce the limits on live sessions, of the process and of each user.

    Where a limit is reached, the session gives way whose client is away for longest: one of the
    same user, or else anybody's.

    Raises:
        RefusedError: ``full``, or ``too_many_sessions`` of this user.
    """
    is_crowded = len(sessions) >= 2 * conf.max_sessions  # those that gave way still finish
    staying = _staying(sessions)
    if is_crowded or len(staying) >= conf.max_sessions:
        own = [session for session in staying if session.user_id == request.user_id]
        if is_crowded or not (_end_longest_away(own) or _end_longest_away(staying)):
            raise RefusedError(
                f"All {conf.max_sessions} places are taken; come back later.",
                code="full",
                close_code=CloseCode.FULL,
            )
    most = conf.sessions_allowed(is_operator=request.is_operator)
    own = [session for session in _staying(sessions) if session.user_id == request.user_id]
    if len(own) >= most and not _end_longest_away(own):
        raise RefusedError(
            f"You have {most} live sessions already; end one of them, or come back later.",
            code="too_many_sessions",
            close_code=CloseCode.FULL,
        )


def _staying(sessions: Collection[LiveSession]) -> list[LiveSession]:
    return [session for session in sessions if not _gave_way(session)]


def _gave_way(session: LiveSession) -> bool:
    return session.ending is not None and session.ending.reason == EndReason.GAVE_WAY


def _end_longest_away(sessions: Collection[LiveSession]) -> bool:
    """End the one whose client is away for longest; return whether there is any."""
    away = {at: each for each in sessions if (at := each.away_since) and each.ending is None}
    if away:
        away[min(away)].end(EndCause(EndReason.GAVE_WAY, is_heard=False))
    return bool(away)
