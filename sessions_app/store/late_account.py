"""The account of an ended session, changed by what is heard of it afterwards."""

from sessions_app.models import TranslationSession
from sessions_app.pipeline.account import Account
from sessions_app.store.catch_up_facts import UNFINISHED

TRANSCRIBED, SILENCE = "transcribed", "silence"
COLUMNS = (
    "received_samples",
    "speech_samples",
    "silence_samples",
    "discarded_samples",
    "dropped_samples",
    "unfinished_samples",
    "losses",
)


class LateAccount:
    """The account in a session's row, which the caller has locked. ``save`` writes it.

    At any time it balances: ``received == transcribed + silence + discarded + dropped +
    unfinished``.
    """

    def __init__(self, row: TranslationSession) -> None:
        self._row = row
        self._losses: dict[str, int] = dict(row.losses)

    def begin(self, known: Account, unfinished_samples: int) -> None:
        """Begin with what is known to have become of the sound, and how much of it is left."""
        row = self._row
        row.received_samples = known.received - known.unfinished
        row.speech_samples = known.transcribed
        row.silence_samples = known.silence
        row.discarded_samples = known.discarded.total()
        row.dropped_samples = known.dropped.total()
        self._losses = dict(known.discarded + known.dropped)
        row.unfinished_samples = 0
        self.correct(unfinished_samples)

    def move(self, samples: int, *, of: str, to: str) -> None:
        """Count samples as ``to`` that counted as ``of``.

        ``of`` is ``unfinished`` or the reason for which they were discarded; ``to`` is
        ``transcribed``, ``silence`` or such a reason. What did not count so far, since the server
        died before it wrote the account, is received now.
        """
        if of == to:
            return
        known = min(samples, self._losses.get(of, 0))
        self._note_loss(of, -known)
        self._row.received_samples += samples - known
        if to == TRANSCRIBED:
            self._row.speech_samples += samples
        elif to == SILENCE:
            self._row.silence_samples += samples
        else:
            self._note_loss(to, samples)

    def correct(self, samples: int) -> None:
        """Correct the estimate of what was unfinished by ``samples``, which may be negative."""
        change = max(samples, -self._losses.get(UNFINISHED, 0))
        self._row.received_samples += change
        self._note_loss(UNFINISHED, change)

    def save(self) -> None:
        """Write it."""
        self._row.losses = {reason: count for reason, count in self._losses.items() if count}
        self._row.save(update_fields=COLUMNS)

    def _note_loss(self, reason: str, samples: int) -> None:
        self._losses[reason] = self._losses.get(reason, 0) + samples
        if reason == UNFINISHED:
            self._row.unfinished_samples += samples
        else:
            self._row.discarded_samples += samples
