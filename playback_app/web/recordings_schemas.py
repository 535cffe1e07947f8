"""The schemas of what the REST routes return and accept about recordings."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Field, Schema
from pydantic import BeforeValidator

from playback_app.truths import MAX_CHARACTERS
from sessions_app.protocol import Shown
from sessions_app.web.api_schemas import Seconds

Text = Annotated[str, BeforeValidator(lambda value: value or "")]
"""Empty where the row has none."""


class RecordingOut(Schema):
    """The sound of one listening period, or of an imported file."""

    id: UUID
    session_id: UUID | None = Field(description="None: it was imported")
    title: str
    state: str = Field(description="`recording`, `complete` or `salvaged`")
    started_at: datetime
    encoding: str
    sample_rate: int
    direction: str
    mode: str
    duration_seconds: float
    bytes: int
    has_sound: bool = Field(description="Whether the whole stream is kept, and not only segments")
    is_bookmarked: bool = Field(description="Never pruned")
    is_playing: bool = Field(description="Whether a playback of it goes on")
    has_ground_truth: bool = Field(validation_alias="has_truth")
    segments: int = Field(validation_alias="segment_count", description="Those with words")
    words: int = Field(validation_alias="word_count")


class SegmentOut(Schema):
    """One utterance of a recording, and what was really said, if somebody wrote that down."""

    id: int
    utterance_id: int
    start_seconds: Seconds = Field(
        validation_alias="start_sample", description="Where it begins in the recording"
    )
    end_seconds: Seconds = Field(validation_alias="end_sample", description="Where it ends in it")
    language: str
    text: str
    translation: str
    discarded: str
    ground_truth_version: int = Field(validation_alias="truth_version", description="0: none")
    true_transcript: Text
    true_translation: Text


class TruthIn(Schema):
    """What was really said."""

    segment_id: int | None = Field(
        None, ge=0, le=2**63 - 1, description="None: it is that of the whole recording"
    )
    version: int = Field(0, ge=0, le=2**31 - 2, description="The one you saw; 0: there was none")
    transcript: Shown = Field(max_length=MAX_CHARACTERS)
    translation: Shown = Field("", max_length=MAX_CHARACTERS)


class TruthOut(Schema):
    """A version of what was really said."""

    segment_id: int | None
    version: int
    transcript: str
    translation: str
    written_at: datetime


class BookmarkIn(Schema):
    """Whether a recording shall never be pruned."""

    is_bookmarked: bool
