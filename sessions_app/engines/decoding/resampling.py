"""Decoded sound of any format, resampled to 16 kHz mono, even if the format changes."""

import av
import numpy as np
from av import AudioFrame, AudioResampler

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.engines.decoding.downmix import Downmix

_Kind = tuple[int, str, str]
"""Rate, format and layout of a frame."""


class Resampler:
    """Turns frames of any rate, layout and format into 16 kHz mono s16le."""

    def __init__(self) -> None:
        self._kind: _Kind | None = None
        self._resampler: AudioResampler | None = None
        self._channels = 1
        self._downmix = Downmix()

    def take(self, frame: AudioFrame | None) -> bytes:
        """Return the PCM that ``frame`` completes; None ends the sound and returns the rest.

        A frame of another format continues where those before it ended, and so does one after the
        end.

        Raises:
            FFmpegError: nothing can be made of such a frame.
        """
        if frame is None:
            return self._end()
        if _is_unknown(frame):
            frame = _paired(frame)
        kind = (frame.sample_rate, frame.format.name, frame.layout.name)
        tail = b"" if kind == self._kind else self._end()
        resampler = self._resampler or self._begin(kind, frame.layout.nb_channels)
        # PyAV applies the time of the first frame to all, and nothing here needs it
        frame.pts = None
        return tail + self._join(resampler.resample(frame))

    def _begin(self, kind: _Kind, channels: int) -> AudioResampler:
        self._kind = kind
        self._channels = 1 if channels == 1 else 2
        layout = "mono" if channels == 1 else "stereo"
        self._resampler = av.AudioResampler(format="s16", layout=layout, rate=SAMPLE_RATE)
        return self._resampler

    def _end(self) -> bytes:
        resampler, self._resampler, self._kind = self._resampler, None, None
        return b"" if resampler is None else self._join([*resampler.resample(None)])

    def _join(self, frames: "list[AudioFrame | None] | list[AudioFrame]") -> bytes:
        # PyAV returns the None at the end if there was nothing to resample
        size = self._channels * SAMPLE_BYTES
        pcm = b"".join(bytes(f.planes[0])[: f.samples * size] for f in frames if f is not None)
        return pcm if self._channels == 1 else self._downmix.mix(pcm)


def _is_unknown(frame: AudioFrame) -> bool:
    """Return whether it is unspecified what each of several channels is.

    libav would take one of six for the low-frequency channel, and leave it out.
    """
    channels = frame.layout.nb_channels
    return channels > 2 and frame.layout.name == f"{channels} channels"


def _paired(frame: AudioFrame) -> AudioFrame:
    """Return ``frame``, which has several channels, as two: the odd and the even ones."""
    samples = frame.to_ndarray()
    is_planar = frame.format.is_planar
    planes = samples if is_planar else samples.reshape(-1, frame.layout.nb_channels).T
    two = np.ascontiguousarray(planes[:2])
    two[0], two[1] = planes[0::2].mean(axis=0), planes[1::2].mean(axis=0)
    name = frame.format.name if is_planar else f"{frame.format.name}p"
    paired = AudioFrame.from_ndarray(
        two,  # type: ignore[arg-type]  # of the type that a frame gave
        format=name,
        layout="stereo",
    )
    paired.sample_rate = frame.sample_rate
    return paired
