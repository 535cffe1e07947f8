"""Engines that take no time, and a detector that records when sound reaches it."""

import asyncio
import itertools
import os
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from time import monotonic

from sessions_app.core.audio import FRAME_SAMPLES, SAMPLE_RATE, count_samples
from sessions_app.core.events import Transcript
from sessions_app.engines.speech.silero import SileroDetector, SileroStream

TEXT = (
    "cuando llegamos a la estación el tren ya había salido y tuvimos que esperar otra hora en el "
    "andén mientras llovía sobre la ciudad así que hablamos de lo que haríamos el verano siguiente "
)
WORDS_PER_SECOND = 3
"""As fast as people talk."""
PROBE_VARIABLE = "HABLA_BENCH_PROBE"
"""The environment variable that names the file to which ProbedDetector writes."""
STUCK_VARIABLE = "HABLA_BENCH_STUCK"
"""The environment variable that names the file whose existence makes SlowFinals find no words."""
NOTE = struct.Struct("<iqd")
"""The number of the stream, how many samples of it were judged, and when (monotonic)."""


class InstantTranscriber:
    """Returns three words per second at once, the last being the number of frames it was given.

    That number tells a client exactly which of its frames have led to a caption.
    """

    languages = frozenset({"es", "en"})
    parallel = 4

    async def load(self) -> None:
        """Load nothing."""

    async def aclose(self) -> None:
        """Release nothing."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return as many words as fit in the length of ``pcm``."""
        samples = count_samples(pcm)
        count = samples * WORDS_PER_SECOND // SAMPLE_RATE
        words = itertools.islice(itertools.cycle(TEXT.split()), count)
        return Transcript(" ".join([*words, str(samples // FRAME_SAMPLES)]), language or "es")

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        """Return that it is Spanish."""
        return {"es": 1.0, "en": 0.0}


class SlowFinals(InstantTranscriber):
    """Takes a while for finals, one at a time, or for ever: see ``is_stuck``."""

    parallel = 1
    is_interruptible = True
    seconds = 0.1

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return as many words as fit in the length of ``pcm``."""
        if final:
            await asyncio.sleep(3600 if is_stuck() else self.seconds)
        return await super().transcribe(pcm, language=language, final=final)


def is_stuck() -> bool:
    """Return whether the file is there that makes SlowFinals find no words."""
    return Path(os.environ[STUCK_VARIABLE]).exists()


class FarTranscriber(InstantTranscriber):
    """A slow transcriber on another machine: for what is measured before any recognition."""

    parallel = 2000
    seconds = 15.0
    """How long a hypothesis takes: as long as the longest utterance."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        """Return no words: at once for a final."""
        if not final:
            await asyncio.sleep(self.seconds)
        return Transcript("", language or "es", no_speech_probability=1.0)


class Probe:
    """Records in a file how far each stream has come, and when."""

    def __init__(self) -> None:
        path = os.environ[PROBE_VARIABLE]
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._streams = 0

    def next_stream(self) -> int:
        """Return the number of a new stream: 0, 1, 2, ... in the order of their beginnings."""
        self._streams += 1
        return self._streams - 1

    def note(self, stream: int, samples: int, at: float) -> None:
        """Note that ``samples`` of ``stream`` were judged by ``at`` on the monotonic clock."""
        os.write(self._file, NOTE.pack(stream, samples, at))


class ProbedDetector:
    """The real detector, with a probe."""

    def __init__(self) -> None:
        self._detector = SileroDetector()
        self._probe = Probe()

    def stream(self) -> "ProbedStream":
        """Return the fresh state of one source."""
        return ProbedStream(self._detector.stream(), self._probe)


class ProbedStream:
    """The detector's state for one source, with a probe."""

    def __init__(self, stream: SileroStream, probe: Probe) -> None:
        self._stream = stream
        self._probe = probe
        self._number = probe.next_stream()
        self._samples = 0

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        """Return the speech probability of each frame, and record that it was judged."""
        found = self._stream.probabilities(pcm)
        if found:
            self._samples += len(found) * FRAME_SAMPLES
            self._probe.note(self._number, self._samples, monotonic())
        return found
