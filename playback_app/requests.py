"""Start and steer a playback from any process, through its row; the one that plays it looks."""

import time
from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.models import User
from django.utils.translation import gettext as _

from playback_app import store
from playback_app.admission import PlaybackRequest, admit
from playback_app.models import ACTIVE, Playback, PlaybackState, PlaybackWish
from sessions_app.bus.notify import rows_changed
from sessions_app.core.errors import CommandError
from sessions_app.store.end_requests import PATIENCE_SECONDS, POLL_SECONDS


def playback_of(user: User, playback_id: UUID) -> Playback:
    """Return one playback of ``user``.

    Raises:
        CommandError: ``not_found``, also where it is another's.
    """
    row = Playback.objects.filter(user=user, pk=playback_id).first()
    if row is None:
        raise CommandError(_("There is no such playback."), code="not_found")
    return row


def request_playback(request: PlaybackRequest, seconds: float = PATIENCE_SECONDS) -> Playback:
    """Begin a playback, and wait until the process that has the session takes it; return its row.

    Raises:
        CommandError: it cannot be played now, or not in this way.
    """
    job = admit(request)
    rows_changed()
    row = _wait(job.id, lambda row: row.state != PlaybackState.STARTING, seconds)
    if row.state == PlaybackState.FAILED and row.reason in ("already_listening", "already_playing"):
        raise CommandError(_("The session listens or plays already."), code=row.reason)
    return row


def request_change(
    user: User, playback_id: UUID, wish: PlaybackWish, seconds: float = PATIENCE_SECONDS
) -> Playback:
    """Pause, resume or stop a playback of ``user``; return its row as it is then.

    To stop one that is over changes nothing. Blocks until the wish is granted, or for ``seconds``.

    Raises:
        CommandError: ``not_found``; ``not_playing``: it is over: nothing to pause or resume.
    """
    row = playback_of(user, playback_id)
    if row.state in ACTIVE:
        store.record_wish(playback_id, wish)
        rows_changed()
        row = _wait(playback_id, lambda row: not row.wish, seconds)
    if row.state not in ACTIVE and wish != PlaybackWish.STOP:
        raise CommandError(_("Nothing is being played."), code="not_playing")
    return row


def _wait(playback_id: UUID, is_done: Callable[[Playback], bool], seconds: float) -> Playback:
    deadline = time.monotonic() + seconds
    while not is_done(row := Playback.objects.get(pk=playback_id)):
        if row.state not in ACTIVE or time.monotonic() >= deadline:
            break
        time.sleep(POLL_SECONDS)  # another process or thread does it, and its row shows it
    return row
