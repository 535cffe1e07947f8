"""libopus itself, by ctypes: decodes straight to 16 kHz mono, which saves decoding at 48 kHz."""

import ctypes
from collections.abc import Iterator
from ctypes.util import find_library
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from weakref import finalize

from sessions_app.audio import SAMPLE_BYTES, SAMPLE_RATE
from sessions_app.errors import DecodeError

MAX_PACKET_SAMPLES = SAMPLE_RATE * 120 // 1000
"""The longest packet that Opus knows: 120 ms (RFC 6716, 2.1.4)."""
_SET_GAIN = 4034  # OPUS_SET_GAIN_REQUEST in opus_defines.h


@cache
def load_libopus() -> ctypes.CDLL | None:
    """Return libopus: the system's, or the one that PyAV's wheel brings; None: there is neither."""
    for name in _names():
        try:
            return _declare(ctypes.CDLL(name))
        except (OSError, AttributeError):  # it is not there, or is something else
            continue
    return None


class OpusDecoder:
    """Decodes the packets of one stream, in order. Freed when closed, or when nobody holds it.

    ``gain`` is the header's output gain, in 1/256 dB.

    Raises:
        DecodeError: libopus refuses.
    """

    def __init__(self, library: ctypes.CDLL, *, gain: int = 0) -> None:
        self._library = library
        self._lock = Lock()
        self._pcm = (ctypes.c_int16 * MAX_PACKET_SAMPLES)()
        failed = ctypes.c_int(0)
        self._state = library.opus_decoder_create(SAMPLE_RATE, 1, ctypes.byref(failed))
        if failed.value or not self._state:
            raise DecodeError("No Opus decoder could be made.")
        self._destroy = finalize(self, library.opus_decoder_destroy, self._state)
        if gain:
            library.opus_decoder_ctl(self._state, _SET_GAIN, ctypes.c_int(gain))

    def decode(self, packet: bytes) -> bytes:
        """Return the 16 kHz mono s16le PCM of ``packet``.

        Raises:
            DecodeError: it is damaged, or the decoder is closed.
        """
        with self._lock:
            samples = self._library.opus_decode(
                self._open(), packet, len(packet), self._pcm, MAX_PACKET_SAMPLES, 0
            )
            # libopus takes an empty packet for a lost one, and makes up what was in it
            if samples <= 0 or not packet:
                raise DecodeError("A packet of the stream is lost or damaged.")
            return ctypes.string_at(self._pcm, samples * SAMPLE_BYTES)

    def close(self) -> None:
        """Free the decoder. May be called twice."""
        with self._lock:
            self._destroy()
            self._state = None

    def _open(self) -> int:
        if self._state is None:
            raise DecodeError("The decoder is closed.")
        state: int = self._state
        return state


def _names() -> Iterator[str]:
    """Yield where libopus may be; the cheap guesses first, ``find_library`` starts a process."""
    yield "libopus.so.0"
    pyav = find_spec("av")  # to be found, and not loaded
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
        ("opus_decode", [pointer, text, ctypes.c_int32, samples, number, number], number),
    ):
        function = getattr(library, name)
        function.argtypes, function.restype = takes, gives
    return library
