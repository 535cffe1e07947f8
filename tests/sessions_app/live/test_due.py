"""What of a recording is to be heard again, once its session has ended."""

import uuid
from datetime import UTC, datetime

from sessions_app.core.events import Direction, Manner, Mode
from sessions_app.live.catching_up.due import examine_recording
from sessions_app.store.catch_up_facts import (
    Examination,
    LateRecording,
    LateSession,
    SpokenExchange,
    is_due,
)
from sessions_app.store.recording_facts import Mark, SegmentFacts, manner_at, offset_at

SPANISH = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)
ENGLISH = Manner(Direction.EN_TO_ES, Mode.CLASSROOM)
OFFSET = 160_000
BEGIN = Mark(0, OFFSET, SPANISH)


def session(*, is_lost: bool = False, unfinished: int = 0) -> LateSession:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return LateSession(uuid.uuid4(), now, uuid.uuid4(), is_lost, is_lost, unfinished)


def recording(
    *, is_salvaged: bool = False, seconds: int = 10, undecided_from: int | None = None
) -> LateRecording:
    return LateRecording(
        uuid.uuid4(),
        "pcm-s16le",
        is_salvaged,
        False,
        True,
        seconds * 16_000,
        undecided_from,
        uuid.uuid4(),
        (BEGIN,),
        BEGIN,
    )


def segment(number: int, start: int, end: int, **became: str) -> SegmentFacts:
    return SegmentFacts(number, start, end, **became)


def spoken(number: int, start: int, end: int) -> SpokenExchange:
    return SpokenExchange(number, OFFSET + start, OFFSET + end, "es", "hola", "hello")


def test_of_a_recording_that_was_finished_the_session_has_noted_what_it_did_not_come_to() -> None:
    cut = [segment(1, 0, 100, text="hola"), segment(2, 200, 300, discarded="unfinished")]
    found = examine_recording(session(unfinished=9), recording(undecided_from=400), cut, (), ())
    assert found == Examination((BEGIN,), undecided_from=400)


def test_of_a_killed_session_what_follows_the_last_known_utterance_is_heard_again() -> None:
    cut = [segment(1, 0, 1_000, text="hola"), segment(2, 2_000, 3_000, discarded="no_speech")]
    found = examine_recording(session(is_lost=True), recording(is_salvaged=True), cut, (), ())
    assert found.undecided_from == 3_000


def test_an_exchange_without_a_row_beside_the_recording_is_known_too() -> None:
    cut = [segment(1, 0, 1_000, text="hola")]
    said = [spoken(1, 0, 1_000), spoken(2, 2_000, 4_000)]
    found = examine_recording(session(is_lost=True), recording(is_salvaged=True), cut, said, {1, 2})
    lacking = segment(2, 2_000, 4_000, language="es", text="hola", translation="hello")
    assert (found.lacking, found.undecided_from) == ((lacking,), 4_000)


def test_no_row_is_made_up_whose_sound_is_not_there() -> None:
    found = examine_recording(
        session(is_lost=True), recording(is_salvaged=True), [], [spoken(1, 0, 1_000)], ()
    )
    assert (found.lacking, found.undecided_from) == ((), 1_000)


def test_what_was_said_in_another_recording_of_the_session_does_not_count() -> None:
    early, late = spoken(1, -OFFSET, -OFFSET + 500), spoken(9, 11 * 16_000, 12 * 16_000)
    found = examine_recording(
        session(is_lost=True), recording(is_salvaged=True), [], [early, late], {1, 9}
    )
    assert (found.lacking, found.undecided_from) == ((), 0)


def test_nothing_is_heard_again_of_a_session_that_had_heard_all_before_its_disk_failed() -> None:
    cut = [segment(1, 0, 1_000, text="hola")]
    found = examine_recording(session(), recording(is_salvaged=True), cut, (), ())
    assert found.undecided_from is None
    found = examine_recording(session(unfinished=1), recording(is_salvaged=True), cut, (), ())
    assert found.undecided_from == 1_000


def test_what_a_killed_session_had_decided_is_accounted_for() -> None:
    cut = [
        segment(1, 1_000, 3_000, text="hola"),
        segment(2, 4_000, 5_000, discarded="hallucination"),
        segment(3, 6_000, 7_000, discarded="engine_failed"),
    ]
    found = examine_recording(session(is_lost=True), recording(is_salvaged=True), cut, (), ())
    counted = {"transcribed": 2_000, "hallucination": 1_000, "engine_failed": 1_000}
    assert found.account == counted | {"silence": 3_000}


def test_a_recording_that_a_killed_session_had_finished_is_accounted_for_as_a_whole() -> None:
    cut = [segment(1, 0, 16_000, text="hola")]
    found = examine_recording(session(is_lost=True), recording(), cut, (), ())
    assert found.account == {"transcribed": 16_000, "silence": 9 * 16_000}


def test_what_an_engine_judged_is_final_and_what_it_failed_at_is_not() -> None:
    judged = ["", "no_speech", "too_short", "hallucination", "language_not_supported"]
    assert [reason for reason in judged if is_due(reason)] == []
    tried_again = ["unfinished", "engine_failed", "engine_busy", "internal", "own_code"]
    assert [reason for reason in tried_again if not is_due(reason)] == []


def test_an_utterance_has_the_manner_and_the_place_that_held_when_it_began() -> None:
    marks = (BEGIN, Mark(16_000, OFFSET, ENGLISH), Mark(32_000, OFFSET + 800, ENGLISH))
    # it is noticed a little later than it starts
    assert [manner_at(marks, at) for at in (0, 10_368, 10_369)] == [SPANISH, SPANISH, ENGLISH]
    assert [offset_at(marks, at) for at in (0, 31_999, 32_000)] == [OFFSET, OFFSET, OFFSET + 800]
    assert Mark.of_json(marks[1].as_json()) == marks[1]
