"""The rows of one live session, as the process that has it may write them, and no other.

A process that was frozen does not know that another one has claimed its session meanwhile. So each
of its writes is a conditional update of the session's row, which says whose it is.
"""

import asyncio
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from sessions_app.core.errors import ClaimedError, DeletedError
from sessions_app.models import TranslationSession
from sessions_app.store.database.write_behind import behind, belonging_to

R = TypeVar("R")


class RowOwner:
    """Writes what belongs to a session, as long as its row belongs to the process ``boot``.

    ``on_loss`` is called once, when it is known that another process has claimed the session:
    nothing is written any more.
    """

    def __init__(
        self, session_id: uuid.UUID, boot: str, on_loss: Callable[[], None] = lambda: None
    ) -> None:
        self.session_id = session_id
        self.boot = boot
        self.is_lost = False
        """Whether another process has the session."""
        self._on_loss = on_loss

    def post(
        self, work: Callable[[], R], what: str, *parents: QuerySet[Any], is_limited: bool = True
    ) -> "asyncio.Future[R]":
        """Queue ``work`` (write_behind.py); it is done in a transaction, and only by the owner.

        The future raises a ClaimedError where the session is another's by then, a DeletedError
        where it was deleted, or the one row of each of ``parents``. ``is_limited``: whether there
        may be no room for it.

        Raises:
            StoreError: there is no room; it will never be kept.
        """
        owner = self.session_id if is_limited else None
        written = behind.post(partial(self._write, work, parents), what, owner=owner)
        written.add_done_callback(self._look)
        return written

    def note_loss(self) -> None:
        """Note that another process has the session. May be called twice."""
        if not self.is_lost:
            self.is_lost = True
            self._on_loss()

    def _look(self, written: "asyncio.Future[R]") -> None:
        if not written.cancelled() and isinstance(written.exception(), ClaimedError):
            self.note_loss()

    def do_unless_claimed(self, work: Callable[[], R]) -> R:
        """Do ``work`` in a transaction unless another process has the session. Blocks.

        Raises:
            ClaimedError: it has.
        """
        with transaction.atomic():
            self._is_there()
            return work()

    def _write(self, work: Callable[[], R], parents: tuple[QuerySet[Any], ...]) -> R:
        # keys of other tables are checked when the transaction ends
        with belonging_to(*parents), transaction.atomic():
            if not self._is_there():
                raise DeletedError
            return work()

    def _is_there(self) -> bool:
        rows = TranslationSession.objects.filter(pk=self.session_id)
        is_there = bool(rows.filter(boot=self.boot).update(seen_at=Now()))
        if not is_there and rows.exists():
            raise ClaimedError
        return is_there
