"""The tracks of sound in a container: which there are, and which one is decoded."""

import re
from collections.abc import Collection

from av import AudioCodecContext, AudioStream
from av.container import InputContainer
from av.stream import Disposition

from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.media_facts import Facts, Track

MOST_TRACKS = 64
"""How many are described, each with ..."""
MOST_CHARACTERS = 80
"""... a title of at most so many characters."""
CUT_OFF_SECONDS = 1.0
"""How much too short a file must be to count as cut off: lengths are rounded and padded."""
_COUNTED = frozenset(("mov,mp4,m4a,3gp,3g2,mj2", "flac"))
"""libav's names of containers that state the length of their sound; others allow an estimate."""
_MATROSKA = "matroska,webm"
"""Its tracks may have a tag that states when they end."""
_CLOCK = re.compile(r"(\d{1,4}):(\d\d):(\d\d(?:\.\d+)?)", re.ASCII)
_FOR_SOME = Disposition.hearing_impaired | Disposition.visual_impaired
"""Sound for people with special needs, such as a description of the pictures."""


def track_of(
    container: InputContainer, number: int | None = None, codecs: Collection[str] | None = None
) -> AudioStream:
    """Return a track of sound in ``container`` that one of ``codecs`` decodes; None: any codec.

    ``number`` counts all its tracks of sound, from 1. None: the one that is marked as default, as
    libav's `av_find_best_stream` ranks them.

    Raises:
        DecodeError: there is none.
    """
    streams = container.streams.audio
    if number is not None and not 1 <= number <= len(streams):
        raise _no_such(number, len(streams))
    wanted = streams if number is None else (streams[number - 1],)
    heard = [stream for stream in wanted if _is_decoded(stream, codecs)]
    if heard:
        return max(heard, key=_rank)  # the first of several that rank the same
    if number is None:
        raise DecodeError("There is no sound in it.")
    raise DecodeError(f"Its track {number} of sound cannot be decoded here.")


def facts_of(container: InputContainer, number: int | None, begins_seconds: float) -> Facts:
    """Return what ``container`` says about its sound, and about the track with this number.

    ``begins_seconds`` is what its clock shows at its beginning.

    Raises:
        DecodeError: there is none.
    """
    stream = track_of(container, number)
    tracks = container.streams.audio
    told = tuple(Track(_told(one, "language"), _told(one, "title")) for one in tracks[:MOST_TRACKS])
    seconds = _ends_seconds(container, stream, begins_seconds)
    return Facts(seconds, tracks.index(stream) + 1, told)


def refuse_if_cut_off(
    container: InputContainer, stream: AudioStream, reached_seconds: float
) -> None:
    """Compare the length that a file states with what its clock ``reached_seconds``.

    Raises:
        DecodeError: it ended before.
    """
    length = _stated_seconds(container, stream)
    if length is None:
        return
    first = float((stream.start_time or 0) * (stream.time_base or 0))
    ends = length if container.format.name == _MATROSKA else first + length
    if ends - reached_seconds > CUT_OFF_SECONDS:
        raise DecodeError(f"It is cut off: it says that its sound lasts {length:.1f} s.")


def _stated_seconds(container: InputContainer, stream: AudioStream) -> float | None:
    """Return the length of a track that its container states; None: it states none."""
    if container.format.name in _COUNTED and stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.format.name != _MATROSKA:
        return None
    stated = _CLOCK.fullmatch(stream.metadata.get("DURATION", ""))
    if stated is None:
        return None
    hours, minutes, seconds = map(float, stated.groups())
    return 3600 * hours + 60 * minutes + seconds


def _ends_seconds(
    container: InputContainer, stream: AudioStream, begins_seconds: float
) -> float | None:
    if stream.duration is not None and stream.time_base is not None:
        first = float((stream.start_time or 0) * stream.time_base)
        return max(0.0, first - begins_seconds) + float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / 1e6


def _is_decoded(stream: AudioStream, codecs: Collection[str] | None) -> bool:
    context: AudioCodecContext | None = stream.codec_context  # None: libav knows no decoder
    return context is not None and (codecs is None or context.codec.canonical_name in codecs)


def _rank(stream: AudioStream) -> int:
    is_for_all = not stream.disposition & _FOR_SOME
    return is_for_all + bool(stream.disposition & Disposition.default)


def _told(stream: AudioStream, name: str) -> str:
    return stream.metadata.get(name, "")[:MOST_CHARACTERS]


def _no_such(number: int, count: int) -> DecodeError:
    if not count:
        return DecodeError("There is no sound in it.")
    has = "one track" if count == 1 else f"{count} tracks"
    return DecodeError(f"There is no track {number} of sound in it: it has {has}.")
