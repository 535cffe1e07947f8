"""What a listener sees of each clip, and when: from the messages of a live session."""

from collections.abc import Iterator
from dataclasses import dataclass

from benches.quality.streams import Spoken, Stream
from benches.quality.words import compared, erased_words
from benches.talking import Message, Talker

EARLY_SECONDS = 0.6
LATE_SECONDS = 0.3
"""By how much an utterance may begin before a clip, or after its end, and still belong to it."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What was seen of one clip; times are in seconds after its first or its last sound."""

    spoken: Spoken
    text: str
    first_partial: float | None
    """Seconds after the first sound of the voice; None: there was none."""
    final: float | None
    """Seconds after the last sound of the voice."""
    translation: float | None
    erased: int
    """How many words were shown and taken back, also by the final."""
    words: int
    """How many words its finals have."""

    @property
    def seconds(self) -> float:
        """Return how long the voice spoke."""
        return self.spoken.end_seconds - self.spoken.begin_seconds


def sightings(stream: Stream, client: Talker, microphone_at: float) -> list[Sighting]:
    """Return what ``client`` saw of each clip of ``stream``.

    ``microphone_at`` is when the stream's first sample was spoken, on the client's clock.
    """
    return [_sighting(spoken, client, microphone_at) for spoken in stream.spoken]


def _sighting(spoken: Spoken, client: Talker, microphone_at: float) -> Sighting:
    ids = {
        message["utterance_id"]
        for _, message in client.of("speech_started")
        if spoken.holds(message["at_seconds"], -max(EARLY_SECONDS, LATE_SECONDS))
        and message["at_seconds"] < spoken.end_seconds + LATE_SECONDS
    }
    partials = list(_of(client, "partial", ids))
    finals = list(_of(client, "transcript", ids))
    translations = list(_of(client, "translation", ids))
    begun_at, ended_at = (
        microphone_at + seconds for seconds in (spoken.begin_seconds, spoken.end_seconds)
    )
    language = spoken.clip.language
    versions = [_versions(one, partials, finals, language) for one in sorted(ids)]
    return Sighting(
        spoken,
        " ".join(message["text"] for _, message in finals),
        partials[0][0] - begun_at if partials else None,
        finals[-1][0] - ended_at if finals else None,
        translations[-1][0] - ended_at if translations else None,
        sum(map(erased_words, versions)),
        sum(len(compared(message["text"], language)) for _, message in finals),
    )


def _of(client: Talker, kind: str, ids: set[int]) -> Iterator[tuple[float, Message]]:
    return ((at, message) for at, message in client.of(kind) if message["utterance_id"] in ids)


def _versions(
    utterance_id: int,
    partials: list[tuple[float, Message]],
    finals: list[tuple[float, Message]],
    language: str,
) -> list[list[str]]:
    shown = [
        f"{message['stable']} {message['unstable']}"
        for _, message in partials
        if message["utterance_id"] == utterance_id
    ]
    shown += [message["text"] for _, message in finals if message["utterance_id"] == utterance_id]
    return [compared(text, language) for text in shown]
