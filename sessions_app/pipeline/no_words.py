"""Detects speech in which no words are found, and warns the client."""

import asyncio

from sessions_app.core.events import (
    Discarded,
    Emit,
    Event,
    Failure,
    FinalTranscript,
    Notice,
    Partial,
    SpeechStarted,
)

PATIENCE_SECONDS = 20.0
"""How long speech may go on without any words before the client is warned."""


class NoWordsMonitor:
    """Watches events, and warns the client when speech yields neither words nor a verdict.

    The warning is resolved when it does again, or when listening stops.
    """

    def __init__(self, emit: Emit, seconds: float = PATIENCE_SECONDS) -> None:
        self._emit = emit
        self._seconds = seconds
        self._since: float | None = None
        self._speaks = asyncio.Event()
        self._is_told = False

    def note(self, event: Event) -> None:
        """Note ``event``, which is about to be sent."""
        if isinstance(event, SpeechStarted):
            if self._since is None:
                self._since = asyncio.get_running_loop().time()
            self._speaks.set()

    async def note_told(self, event: Event) -> None:
        """Note ``event``, which was sent; resolve the warning if it ends what caused that."""
        if isinstance(event, Partial | FinalTranscript | Discarded) or _stops(event):
            self._calm_down()
            await self._take_back()
        elif isinstance(event, Failure) and isinstance(event.about, int):
            self._calm_down()  # the client has been told why it has no words

    async def run(self) -> None:
        """Watch until cancelled. The session owns the task that runs this."""
        while True:
            await self._speaks.wait()
            left = self._seconds - self._waited()
            if left > 0:
                await asyncio.sleep(left)
            elif self._since is not None:
                self._calm_down()
                self._is_told = True
                await self._emit(
                    Failure(
                        "no_words",
                        f"Speech has come for {self._seconds:.0f} seconds, and no words of it. "
                        "The engine is stuck, or too slow for this machine.",
                        about="audio",
                    )
                )

    async def _take_back(self) -> None:
        if self._is_told:
            self._is_told = False
            await self._emit(Notice("resolved", {"code": "no_words"}))

    def _waited(self) -> float:
        since = self._since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    def _calm_down(self) -> None:
        self._since = None
        self._speaks.clear()


def _stops(event: Event) -> bool:
    return isinstance(event, Notice) and event.type == "listening_stopped"
