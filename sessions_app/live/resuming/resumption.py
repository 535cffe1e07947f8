"""What a session keeps for a client that may come back."""

import asyncio

from sessions_app.core.events import Emit
from sessions_app.live.resuming.command_ledger import CommandLedger
from sessions_app.live.resuming.event_log import EventLog
from sessions_app.live.resuming.kept_sound import KeptSound
from sessions_app.live.resuming.tickets import ResumeTickets

KEPT_SECONDS = 1.0
"""How often a client that is listened to is told what it may forget: its heartbeat, too."""
HURRIED_SECONDS = 0.25
"""The same while much is kept that it does not know of."""


class Resumption:
    """The parts of one session by which its client may attach again, within ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.log = EventLog()
        self.commands = CommandLedger()
        self.tickets = ResumeTickets()

    def offer(self) -> dict[str, str | float]:
        """Issue a ticket; return the field `resume` of `ready` and `resumed`."""
        return {"ticket": self.tickets.issue(), "seconds": self.seconds}


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
