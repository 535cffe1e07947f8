"""Facts about the sound in a media file, as values that do not need libav."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Track:
    """What a container says about one track of sound; empty where it says nothing."""

    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a media file says about its sound."""

    seconds: float | None
    """Its length by its own clock; None: it does not say, as in live recordings."""
    track: int
    """The number of the track that is decoded, from 1."""
    tracks: tuple[Track, ...]
