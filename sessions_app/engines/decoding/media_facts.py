"""What a media file says of the sound in it, as values that need no libav."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Track:
    """What a container says of one track of sound; what it does not say is empty."""

    language: str = ""
    title: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a media file says of the sound in it."""

    seconds: float | None
    """How long it is, on its own clock; None: it does not say, as live recordings."""
    track: int
    """The number of the track that is heard, from 1."""
    tracks: tuple[Track, ...]
