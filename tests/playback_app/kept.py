"""Recordings, stored as the recorder would have stored them."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User

from sessions_app.core.audio import to_samples
from sessions_app.models import RecordedSegment, Recording, RecordingState, SessionState
from sessions_app.recording.files import folder
from tests.sessions_app.kept import BEGAN_AT, keep_conversation, keep_session, the_owner
from tests.sounds import silence, wav


def keep_recording(
    user: User, *said: str, after_seconds: float = 0, sound: bytes | None = None, **fields: Any
) -> Recording:
    """Store a recording with a segment of a second every two seconds, each ``text|translation``."""
    fields = {"state": RecordingState.COMPLETE, "encoding": "pcm-s16le"} | fields
    recording = Recording.objects.create(
        user=user,
        started_at=BEGAN_AT + timedelta(seconds=after_seconds),
        has_sound=sound is not None,
        duration_seconds=2 * len(said),
        bytes=len(sound or b""),
        **fields,
    )
    for number, words in enumerate(said):
        keep_segment(recording, number, words)
    if sound is not None:
        folder(recording.pk).mkdir(parents=True)
        (folder(recording.pk) / "sound.wav").write_bytes(sound)
    return recording


def keep_segment(recording: Recording, number: int, words: str) -> RecordedSegment:
    """Store one segment of a recording."""
    text, _, translation = words.partition("|")
    return RecordedSegment.objects.create(
        recording=recording,
        utterance_id=number + 1,
        start_sample=to_samples(2 * number),
        end_sample=to_samples(2 * number + 1),
        language="es",
        text=text,
        translation=translation,
        discarded="" if text else "no_speech",
    )


def some_sound(seconds: float = 1.0) -> bytes:
    """Return a WAV file of silence."""
    return wav(silence(seconds))


def left_by(boot: str, state: SessionState = SessionState.LOST) -> Recording:
    """Store a recording that a server was making when it died."""
    session = keep_session(keep_conversation(the_owner()), state=state)
    type(session).objects.filter(pk=session.pk).update(boot=boot)
    return keep_recording(
        the_owner(), session=session, state=RecordingState.RECORDING, sample_rate=16_000
    )
