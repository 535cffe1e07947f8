"""What a session keeps for a client that may come back."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sessions_app.core.events import Emit
from sessions_app.live.resuming.checkpoint import Checkpoint
from sessions_app.live.resuming.command_ledger import CommandLedger
from sessions_app.live.resuming.event_log import EventLog
from sessions_app.live.resuming.kept_sound import KeptSound
from sessions_app.live.resuming.restored import RestoredSession
from sessions_app.live.resuming.tickets import ResumeTickets
from sessions_app.pipeline.utterance import Utterance

KEPT_SECONDS = 1.0
"""How often a client that is listened to is told what it may forget: its heartbeat, too."""
HURRIED_SECONDS = 0.25
"""The same while much is kept that it does not know of."""


@dataclass(frozen=True, slots=True)
class ResumeOffer:
    """A ticket, as the client gets it: the field `resume` of `ready` and `resumed`."""

    ticket: str = field(repr=False)
    seconds: float
    """How long it is good after the connection is lost."""


class ResumeState:
    """The parts of one session by which its client may attach again, within ``seconds``.

    ``checkpoint`` returns from where another process would go on.
    """

    def __init__(
        self,
        seconds: float,
        log: EventLog,
        kept: KeptSound,
        checkpoint: Callable[[], Checkpoint],
    ) -> None:
        self.seconds = seconds
        self.log = log
        self.commands = CommandLedger()
        self.tickets = ResumeTickets()
        self.kept = kept
        self._checkpoint = checkpoint

    def offer(self) -> ResumeOffer:
        """Issue a ticket."""
        return ResumeOffer(self.tickets.issue(), self.seconds)

    def restore(self, restored: RestoredSession) -> None:
        """Go on where another process was."""
        checkpoint = restored.checkpoint
        self.log.go_on(restored.newest_event, restored.missed)
        self.commands = CommandLedger(checkpoint.command, checkpoint.undone)
        self.tickets = ResumeTickets(restored.ticket_hash)

    def note_stored(self, utterance: Utterance) -> tuple[int, dict[str, Any]]:
        """Note that the exchange of an utterance is being stored, with what this returns.

        That is the number with which the client is told of it, and the checkpoint after it.
        """
        number = self.log.reserve(utterance.id)
        self.kept.note_stored(utterance.id)
        self.commands.finish(utterance.command)
        return number, self._checkpoint().as_json()


async def keep_telling(kept: KeptSound, emit: Emit) -> None:
    """Tell the client what it may forget of its sound, until cancelled."""
    while True:
        waited = 0.0
        while waited < KEPT_SECONDS and not (waited and kept.is_owing):
            await asyncio.sleep(HURRIED_SECONDS)
            waited += HURRIED_SECONDS
        notice = kept.notice()
        if notice is not None:
            await emit(notice)
