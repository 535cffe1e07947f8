"""Whether one more live session is allowed: in this process, and for this user."""

from collections.abc import Collection

from sessions_app.config.variables import Conf
from sessions_app.core.errors import RefusedError
from sessions_app.live.session import LiveSession
from sessions_app.live.states import SessionRequest
from sessions_app.protocol import CloseCode


def serving(conf: Conf | None) -> Conf:
    """Return the settings with which this process serves.

    Raises:
        RefusedError: it does not serve sessions: a `runserver`, or another ASGI server (H35).
    """
    if conf is None:
        raise RefusedError(
            "This process shows pages only; live sessions need `manage.py serve`.",
            code="not_serving",
            close_code=CloseCode.FAILED,
        )
    return conf


def refuse_if_taken(sessions: Collection[LiveSession], request: SessionRequest, conf: Conf) -> None:
    """Enforce the limits on live sessions, of the process and of each user.

    Raises:
        RefusedError: ``full``, or ``too_many_sessions`` of this user.
    """
    if len(sessions) >= conf.max_sessions:
        raise RefusedError(
            f"All {conf.max_sessions} places are taken; come back later.",
            code="full",
            close_code=CloseCode.FULL,
        )
    most = conf.sessions_allowed(is_operator=request.is_operator)
    if sum(session.user_id == request.user_id for session in sessions) >= most:
        raise RefusedError(
            f"You have {most} live sessions already; end one of them, or come back later.",
            code="too_many_sessions",
            close_code=CloseCode.FULL,
        )
