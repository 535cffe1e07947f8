"""Recordings for tests: rows and files, as the recorder would have stored them."""

from pathlib import Path
from typing import Any

from django.contrib.auth.models import User

from sessions_app.access.authentication import owner
from sessions_app.core.audio import Encoding, count_samples, to_seconds
from sessions_app.models import RecordedSegment, Recording, RecordingState
from sessions_app.recording import files
from sessions_app.store.database.thread import database_thread
from tests import sounds

ENCODED = {
    Encoding.WEBM_OPUS: sounds.webm,
    Encoding.OGG_OPUS: sounds.ogg,
    Encoding.MP4_AAC: sounds.mp4,
    Encoding.PCM_S16LE: sounds.wav,
}


async def record(pcm: bytes, encoding: Encoding = Encoding.PCM_S16LE, **fields: Any) -> Recording:
    """Return a recording of ``pcm`` that belongs to the owner, or to ``user``."""
    return await database_thread.run(recorded, pcm, encoding, **fields)


def recorded(
    pcm: bytes,
    encoding: Encoding = Encoding.PCM_S16LE,
    *,
    raw: bytes | None = None,
    segments: tuple[str, ...] = (),
    user: User | None = None,
    **fields: Any,
) -> Recording:
    """Do the same from a thread that may use the database. ``raw``: what the file holds instead."""
    recording = Recording.objects.create(
        **{
            "user": user or owner(),
            "state": RecordingState.COMPLETE,
            "encoding": encoding,
            "duration_seconds": to_seconds(count_samples(pcm)),
            "has_sound": True,
            **fields,
        }
    )
    sound = ENCODED[encoding](pcm) if raw is None else raw
    _write(files.new_sound_path(recording.pk, encoding), sound)
    for number, text in enumerate(segments, 1):
        _cut(recording, number, text)
    return recording


def _cut(recording: Recording, number: int, text: str) -> None:
    pcm = sounds.say(text)
    RecordedSegment.objects.create(
        recording=recording,
        utterance_id=number,
        start_sample=number * 16_000,
        end_sample=number * 16_000 + count_samples(pcm),
        language="es",
        text=text,
    )
    place = files.folder(recording.pk) / "segments" / f"{number}.wav"
    _write(place, sounds.wav(pcm))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
