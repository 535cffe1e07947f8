"""libopus, through ctypes: decodes directly to 16 kHz, which saves decoding at 48 kHz."""

import ctypes
from collections.abc import Iterator
from ctypes.util import find_library
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from weakref import finalize

from sessions_app.core.audio import SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.downmix import Downmix

MAX_PACKET_SAMPLES = SAMPLE_RATE * 120 // 1000
"""The longest packet of Opus: 120 ms (RFC 6716, 2.1.4)."""
USUAL_PACKET_SAMPLES = SAMPLE_RATE * 20 // 1000
"""The length that is concealed for a lost packet if no other came before: 20 ms."""
MOST_LOST = 100
"""How many packets in a row may be lost, usually two seconds: a worse stream is no Opus."""
_SET_GAIN = 4034  # OPUS_SET_GAIN_REQUEST in opus_defines.h


@cache
def load_libopus() -> ctypes.CDLL | None:
    """Return libopus: the system's, or the one in PyAV's wheel; None: there is neither."""
    for name in _names():
        try:
            return _declare(ctypes.CDLL(name))
        except (OSError, AttributeError):  # it is not there, or is another library
            continue
    return None


class OpusDecoder:
    """Decodes the packets of one stream, in order. Freed when closed or garbage-collected.

    ``gain`` is the header's output gain, in 1/256 dB. libopus would average two ``channels``, in
    which they may cancel each other, so they are mixed here.

    Raises:
        DecodeError: libopus refuses.
    """

    def __init__(self, library: ctypes.CDLL, *, gain: int = 0, channels: int = 1) -> None:
        self._library = library
        self._lock = Lock()
        self._channels = channels
        self._downmix = Downmix()
        self._pcm = (ctypes.c_int16 * (MAX_PACKET_SAMPLES * channels))()
        self._last_samples = USUAL_PACKET_SAMPLES
        self._lost = 0
        failed = ctypes.c_int(0)
        self._state = library.opus_decoder_create(SAMPLE_RATE, channels, ctypes.byref(failed))
        if failed.value or not self._state:
            raise DecodeError("No Opus decoder could be made.")
        self._destroy = finalize(self, library.opus_decoder_destroy, self._state)
        if gain:
            library.opus_decoder_ctl(self._state, _SET_GAIN, ctypes.c_int(gain))

    def decode(self, packet: bytes) -> bytes:
        """Return the 16 kHz mono s16le PCM of ``packet``; a damaged one is concealed.

        An empty packet stands for a lost one.

        Raises:
            DecodeError: too many in a row are damaged, or the decoder is closed.
        """
        with self._lock:
            samples = self._decode(packet, MAX_PACKET_SAMPLES) if packet else 0
            if samples > 0:
                self._lost, self._last_samples = 0, samples
            else:
                samples = self._conceal()
            return self._taken(samples)

    def samples_of(self, packet: bytes) -> int:
        """Return how many samples ``packet`` decodes to, even if it must be concealed."""
        return samples_in(self._library, packet) or self._last_samples

    def close(self) -> None:
        """Free the decoder. May be called twice."""
        with self._lock:
            self._destroy()
            self._state = None

    def _conceal(self) -> int:
        self._lost += 1
        samples = self._decode(None, self._last_samples)
        if samples <= 0 or self._lost > MOST_LOST:
            raise DecodeError("Packets of the stream are lost or damaged.")
        return samples

    def _decode(self, packet: bytes | None, samples: int) -> int:
        size = len(packet) if packet else 0
        found: int = self._library.opus_decode(self._open(), packet, size, self._pcm, samples, 0)
        return found

    def _taken(self, samples: int) -> bytes:
        pcm = ctypes.string_at(self._pcm, samples * self._channels * SAMPLE_BYTES)
        return pcm if self._channels == 1 else self._downmix.mix(pcm)

    def _open(self) -> int:
        if self._state is None:
            raise DecodeError("The decoder is closed.")
        state: int = self._state
        return state


def samples_in(library: ctypes.CDLL, packet: bytes) -> int:
    """Return how many samples at 16 kHz a packet claims to contain; 0: it is damaged or empty."""
    found: int = library.opus_packet_get_nb_samples(packet, len(packet), SAMPLE_RATE)
    return found if 0 < found <= MAX_PACKET_SAMPLES else 0


def _names() -> Iterator[str]:
    """Yield where libopus may be, cheap guesses first: ``find_library`` starts a process."""
    yield "libopus.so.0"
    pyav = find_spec("av")  # to be found, without importing it
    for package in pyav.submodule_search_locations or () if pyav else ():
        beside_pyav = Path(package).parent / "av.libs"
        yield from (str(path) for path in sorted(beside_pyav.glob("libopus*")))
    found = find_library("opus")
    if found is not None:
        yield found


def _declare(library: ctypes.CDLL) -> ctypes.CDLL:
    pointer, number, text = ctypes.c_void_p, ctypes.c_int, ctypes.c_char_p
    samples = ctypes.POINTER(ctypes.c_int16)
    for name, takes, gives in (
        ("opus_decoder_create", [ctypes.c_int32, number, ctypes.POINTER(number)], pointer),
        ("opus_decoder_destroy", [pointer], None),
        ("opus_decoder_ctl", [pointer, number], number),
        ("opus_packet_get_nb_samples", [text, ctypes.c_int32, ctypes.c_int32], number),
        ("opus_decode", [pointer, text, ctypes.c_int32, samples, number, number], number),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = takes, gives
    return library
