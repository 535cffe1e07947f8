"""Silence where the clock of a live stream says that nothing was sent: declared, not stored."""

from collections import deque
from dataclasses import dataclass

from sessions_app.core.audio import FRAME_SAMPLES, SAMPLE_BYTES, SAMPLE_RATE, to_samples

EDGE_SAMPLES = SAMPLE_RATE
"""How much of a gap is real silence at either end, the rest is only counted: speech ends in it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Silence in a gap; ``samples`` at 16 kHz."""

    samples: int
    is_heard: bool = True
    """Whether it is given as PCM, as at the ends of a gap; else whole frames are only counted."""

    def pcm(self) -> bytes:
        """Return it as 16 kHz mono s16le."""
        return bytes(self.samples * SAMPLE_BYTES)


Part = bytes | Silence
"""PCM, 16 kHz mono s16le, or silence instead of it."""


def with_silence(seconds: float) -> list[Part]:
    """Return the parts that fill a gap of this many seconds."""
    samples = to_samples(seconds)
    counted = (samples - 2 * EDGE_SAMPLES) // FRAME_SAMPLES * FRAME_SAMPLES
    if counted <= 0:
        return [Silence(samples)] if samples else []
    after = samples - EDGE_SAMPLES - counted
    return [Silence(EDGE_SAMPLES), Silence(counted, is_heard=False), Silence(after)]


class Runs:
    """The decoded parts of a stream, returned run by run."""

    def __init__(self) -> None:
        self._parts: deque[Part] = deque()
        self.silence_samples = 0
        """How much silence, only counted, follows the run that was returned last."""

    def __bool__(self) -> bool:
        """Return whether there are more."""
        return bool(self._parts)

    def add(self, part: Part) -> None:
        """Add the next part."""
        self._parts.append(part)

    def next(self) -> bytes:
        """Return PCM up to the next gap, or some of the silence in one."""
        run: list[bytes] = []
        self.silence_samples = 0
        while self._parts:
            part = self._parts.popleft()
            if isinstance(part, bytes):
                run.append(part)
            elif part.is_heard:
                return b"".join([*run, part.pcm()])
            else:
                self.silence_samples = part.samples
                break
        return b"".join(run)
