"""Up to which sample a stream's words are in the rows, and the account of that much."""

from dataclasses import dataclass
from typing import NamedTuple

from sessions_app.pipeline.account import Account
from sessions_app.pipeline.utterance import Utterance

HEARD = ""
"""The outcome of an utterance in which words were found; else it is why there are none."""


class _Outcome(NamedTuple):
    start_sample: int
    end_sample: int
    reason: str


@dataclass(frozen=True, slots=True)
class SeamState:
    """Where the seam is now."""

    sample: int
    account: Account
    """The session's account if it had received nothing of the stream after the seam."""


class Seam:
    """Follows the utterances of one stream until each is in the rows, or came to nothing.

    Another process that goes on with the stream hears again what lies behind the seam. ``before``
    is the session's account when the stream began.
    """

    def __init__(self, before: Account, sample: int = 0, known: Account | None = None) -> None:
        self.before = before
        self._first = sample
        self._account = (known or before).copy()
        """Without the silence: what is neither is silence."""
        self._open: dict[int, tuple[int, int]] = {}
        self._ended: list[_Outcome] = []

    def cut(self, utterance: Utterance) -> None:
        """Note that an utterance was cut out of the stream."""
        self._open[utterance.id] = utterance.start_sample, utterance.end_sample

    def end(self, utterance_id: int, reason: str = HEARD) -> None:
        """Note that its exchange is being stored, or that it comes to nothing for ``reason``."""
        if (place := self._open.pop(utterance_id, None)) is not None:
            self._ended.append(_Outcome(*place, reason))

    def state(self, undecided: int, now: Account) -> SeamState:
        """Return where the seam is.

        ``undecided`` is where that begins of which the segmenter has not decided what it is;
        ``now`` is the session's account at this moment.
        """
        seam = min([undecided, *(start for start, _ in self._open.values())])
        behind = [outcome for outcome in self._ended if outcome.end_sample > seam]
        for outcome in self._ended:
            if outcome.end_sample <= seam:
                self._count(outcome)
        self._ended = behind
        account = self._account.copy()
        account.dropped = now.dropped.copy()
        missed = now.dropped.total() - self.before.dropped.total()
        account.received = self.before.received + seam + missed
        account.silence += account.unfinished
        return SeamState(seam, account)

    def _count(self, outcome: _Outcome) -> None:
        samples = outcome.end_sample - outcome.start_sample
        if outcome.reason == HEARD:
            self._account.transcribed += samples
            self._account.utterances += 1
        else:
            self._account.discarded[outcome.reason] += samples
