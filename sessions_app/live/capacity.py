"""Whether there is a place for one more live session: in this process, and of this user's."""

from collections.abc import Collection

from sessions_app.config.variables import Conf
from sessions_app.core.errors import RefusedError
from sessions_app.live.session import LiveSession
from sessions_app.live.states import SessionRequest
from sessions_app.protocol import CloseCode


def serving(conf: Conf | None) -> Conf:
    """Return the settings that this process serves with.

    Raises:
        RefusedError: it is a runserver, or another server of ASGI applications (H35).
    """
    if conf is None:
        raise RefusedError(
            "This process shows pages only; live sessions need `manage.py serve`.",
            code="not_serving",
            close_code=CloseCode.FAILED,
        )
    return conf


def refuse_if_taken(sessions: Collection[LiveSession], request: SessionRequest, conf: Conf) -> None:
    """Let nobody have more than their share.

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
