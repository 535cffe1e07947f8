"""Up to which byte a stream has become words that the client was told."""

from collections import deque

from sessions_app.core.audio import SAMPLE_BYTES, Encoding


class ToldPosition:
    """Follows one stream from bytes to samples, and from utterances to their outcome.

    A position is in samples of the stream, at 16 kHz. For a container it lies one chunk behind,
    since a decoder keeps a piece of what it was given.
    """

    def __init__(self, encoding: Encoding) -> None:
        self._is_exact = encoding is Encoding.PCM_S16LE
        self._chunks: deque[tuple[int, int]] = deque([(0, 0)])
        """The stream's bytes and samples after each chunk that is not told yet, and one before."""
        self._open: dict[int, int] = {}
        """Where each utterance begins that has no outcome yet, by its id."""

    def reach(self, taken_bytes: int, samples: int) -> None:
        """Note that ``taken_bytes`` of the stream have been decoded into ``samples``."""
        self._chunks.append((taken_bytes, samples))

    def begin(self, utterance_id: int, start_sample: int) -> None:
        """Note that an utterance was cut out of the stream."""
        self._open[utterance_id] = start_sample

    def end(self, utterance_id: int) -> None:
        """Note that the client was told what became of an utterance."""
        self._open.pop(utterance_id, None)

    def told_sample(self, undecided: int) -> int:
        """Return up to which sample everything was told.

        ``undecided`` is where that begins of which the segmenter has not decided what it is.
        """
        return min(undecided, *self._open.values()) if self._open else undecided

    @property
    def earliest_sample(self) -> int:
        """Where the sound lies at the earliest that begins at ``told_bytes``."""
        return self._chunks[0][1]

    def told_bytes(self, undecided: int) -> int:
        """Return up to which byte everything was told."""
        sample = self.told_sample(undecided)
        while len(self._chunks) > 1 and self._chunks[1][1] <= sample:
            if not self._is_exact and (len(self._chunks) == 2 or self._chunks[2][1] > sample):
                break
            self._chunks.popleft()
        taken, samples = self._chunks[0]
        if not self._is_exact or len(self._chunks) == 1 or sample <= samples:
            return taken
        next_taken, next_samples = self._chunks[1]
        part = (sample - samples) * (next_taken - taken) // (next_samples - samples)
        return taken + part // SAMPLE_BYTES * SAMPLE_BYTES
