"""The JSON of sessions, tickets and exchanges in the REST routes."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, NotRequired
from uuid import UUID

from ninja import Field, Schema
from pydantic import BeforeValidator
from typing_extensions import TypedDict

from sessions_app.core.audio import to_seconds
from sessions_app.core.corrections import CORRECTION, phrase_of

Seconds = Annotated[float, BeforeValidator(to_seconds)]
"""Samples in the row, seconds in JSON."""


class SpeakerOut(Schema):
    """Who spoke: a stable id, and a name that people may change."""

    id: str = Field(validation_alias="key")
    name: str


class PhraseOut(TypedDict):
    """Something noteworthy in what was said; older ones have only the first four fields."""

    text: str
    meaning: str
    kind: str
    literal: str
    region: NotRequired[str]
    """Where an idiom is used: ``ES``, ``LA``, ``US``, ``UK``, separated by commas."""
    register: NotRequired[str]
    start: NotRequired[int | None]
    """Its position in the source, in characters."""
    end: NotRequired[int | None]
    wrong: NotRequired[str]
    """In a correction: what a learner said. ``right`` is the correct form, ``why`` the reason."""
    right: NotRequired[str]
    why: NotRequired[str]


class SessionOut(Schema):
    """A session: when it was, how and why it ended, and what became of its sound."""

    id: UUID
    conversation_id: UUID
    title: str = Field(validation_alias="conversation.title")
    state: str = Field(description="`open` (live), `closed` or `lost`")
    reason: str = Field(description="Why it ended")
    direction: str
    mode: str
    generation: int
    engines: dict[str, Any]
    started_at: datetime
    ended_at: datetime | None
    exchanges: int = Field(validation_alias="exchange_count", description="How many there are")
    received_seconds: Seconds = Field(validation_alias="received_samples")
    speech_seconds: Seconds = Field(validation_alias="speech_samples")
    silence_seconds: Seconds = Field(validation_alias="silence_samples")
    discarded_seconds: Seconds = Field(validation_alias="discarded_samples")
    dropped_seconds: Seconds = Field(validation_alias="dropped_samples")
    unfinished_seconds: Seconds = Field(validation_alias="unfinished_samples")


class TicketOut(Schema):
    """A ticket to read a conversation; its address is returned only when it is created."""

    id: UUID
    conversation_id: UUID
    session_id: UUID | None = Field(description="For which it was made; null: that was deleted")
    created_at: datetime
    expires_at: datetime
    withdrawn_at: datetime | None
    ended_at: datetime | None = Field(description="When a new conversation was begun in its place")
    viewers: int = Field(description="How many read along by it now, within a second or two")

    @staticmethod
    def resolve_viewers(ticket: Any, context: dict[str, Any]) -> int:
        """Return how many have been counted; a new one has none."""
        counts: dict[str, int] = getattr(context["request"], "viewers_by_ticket", {})
        ticket_id = ticket["id"] if isinstance(ticket, dict) else ticket.id
        return counts.get(str(ticket_id), 0)


class NewTicketOut(TicketOut):
    """A ticket that was just created."""

    address: str = Field(description="The page; whoever knows it can read along")
    is_local: bool = Field(
        description="Whether that address is good on the server's own machine only: the request "
        "came from there, and the server knows no other"
    )
    qr: str = Field(description="The address as a QR code: SVG, in a data: address")


class ExchangeOut(Schema):
    """One utterance with its translation."""

    id: int
    session_id: UUID
    conversation_id: UUID
    utterance_id: int
    speaker: SpeakerOut | None
    source: str
    corrected: str = Field(description="The source as it was meant; empty: as it was heard")
    translated: str
    language: str
    direction: str
    said_at: datetime = Field(description="When it was ready to be sent: after it was spoken")
    start_seconds: float = Field(
        description="Where it begins on the session's clock: seconds since the session began, "
        "whether it listened or not (messages count from the beginning of the listening period). "
        "For typed text: when it was typed"
    )
    end_seconds: float = Field(description="Where it ends, on the same clock")
    confidence: float
    phrases: list[PhraseOut]
    transcriber: str = Field(description="Which engine transcribed it; empty: it was typed")
    translator: str
    gist: bool = Field(
        validation_alias="is_gist",
        description="Whether a rule-based engine translated it, good for the gist only",
    )
    failure: str = Field(description="The code of the error that prevented its translation")
    late: bool = Field(
        validation_alias="is_late",
        description="Whether it was transcribed after its session had ended, from recorded sound",
    )
    prompt_tokens: int = Field(description="Tokens that a language model read; 0: none did")
    completion_tokens: int
    cost: float = Field(description="In the currency of HABLA_LLM_PRICES")

    @staticmethod
    def resolve_phrases(exchange: Any) -> list[dict[str, Any]]:
        """Return them as stored, corrections with their own fields."""
        return [
            asdict(phrase_of(kept)) if kept.get("kind") == CORRECTION else kept
            for kept in exchange.phrases
        ]
