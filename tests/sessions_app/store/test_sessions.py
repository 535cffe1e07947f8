"""The store: rows are written once, closed once, and kept whatever an engine says."""

import asyncio
import math
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from sessions_app.core.errors import StoreError
from sessions_app.core.events import Direction, EngineInfo, Exchange, Manner, Mode, Phrase, Speaker
from sessions_app.models import Conversation, Resumption, TranslationSession
from sessions_app.models import Exchange as Row
from sessions_app.pipeline.account import Account
from sessions_app.store import liveness, ownership, recordings, sessions
from sessions_app.store.database.thread import database_thread
from sessions_app.store.recording_facts import NewRecording, SegmentFacts
from sessions_app.store.row_owner import RowOwner
from sessions_app.store.sessions import ExchangePlace

pytestmark = pytest.mark.django_db(transaction=True)

SAID = Exchange(
    utterance_id=1,
    source="hola mundo",
    translated="hello world",
    language="es",
    direction=Direction.ES_TO_EN,
    start_seconds=0.5,
    end_seconds=1.5,
    speaker=Speaker("es", "Ana"),
)


@pytest.fixture(autouse=True)
async def lane_is_closed() -> AsyncIterator[None]:
    yield
    database_thread.close()


async def user_id(name: str = "ana") -> int:
    user, _ = await get_user_model().objects.aget_or_create(username=name)
    return user.pk


async def new_session(boot: str = "boot", name: str = "ana") -> sessions.NewSession:
    manner = Manner(Direction.ES_TO_EN, Mode.CONVERSATION)
    engines = {"transcriber": EngineInfo("fake", ("es",))}
    return sessions.NewSession(uuid.uuid4(), await user_id(name), manner, 1, engines, boot)


def owner(new: sessions.NewSession) -> RowOwner:
    """Return who may write the rows of a session: the process that began it."""
    return RowOwner(new.id, new.boot)


async def test_a_session_begins_in_a_new_conversation() -> None:
    new = await new_session()
    kept = await sessions.begin_session(new, None)
    row = await TranslationSession.objects.aget()
    assert (row.pk, row.conversation_id, row.state) == (new.id, kept.conversation_id, "open")
    assert (row.direction, row.mode, row.boot) == ("es_to_en", "conversation", "boot")
    assert row.engines["transcriber"]["name"] == "fake"


async def test_a_session_goes_on_in_a_conversation_of_its_user_with_its_names() -> None:
    new = await new_session()
    first = await sessions.begin_session(new, None)
    await sessions.rename_speaker(owner(new), first.conversation_id, Speaker("es", "Ana"))
    again = await sessions.begin_session(await new_session(), first.conversation_id)
    assert again == sessions.ConversationRef(first.conversation_id, {"es": "Ana"})


async def test_the_conversation_of_another_is_not_gone_on_with() -> None:
    hers = await sessions.begin_session(await new_session(), None)
    his = await sessions.begin_session(await new_session(name="bob"), hers.conversation_id)
    assert his.conversation_id != hers.conversation_id
    assert await Conversation.objects.acount() == 2


async def test_an_exchange_is_kept_on_the_clock_of_its_session() -> None:
    new = await new_session()
    kept = await sessions.begin_session(new, None)
    pk = await sessions.save_exchange(SAID, ExchangePlace(owner(new), kept.conversation_id, 32_000))
    row = await Row.objects.select_related("speaker", "conversation").aget()
    assert (row.pk, row.source, row.translated) == (pk, "hola mundo", "hello world")
    assert (row.start_seconds, row.end_seconds) == (2.5, 3.5)
    assert row.speaker is not None
    assert (row.speaker.key, row.speaker.name) == ("es", "Ana")
    assert row.conversation.title == "hola mundo"


async def test_the_first_words_are_the_title_cut_where_they_are_long() -> None:
    new = await new_session()
    kept = await sessions.begin_session(new, None)
    for number, words in enumerate(("a" * 200, "hola")):
        said = replace(SAID, utterance_id=number, source=words)
        await sessions.save_exchange(said, ExchangePlace(owner(new), kept.conversation_id))
    assert (await Conversation.objects.aget()).title == "a" * 79 + "…"


async def test_a_title_is_one_line_of_what_is_shown() -> None:
    new = await new_session()
    kept = await sessions.begin_session(new, None)
    said = replace(SAID, source=" hola\n\n\u202emundo\t\x1b[31m ")
    await sessions.save_exchange(said, ExchangePlace(owner(new), kept.conversation_id))
    assert (await Conversation.objects.aget()).title == "hola mundo [31m"


async def test_what_no_database_keeps_is_left_out() -> None:
    new = await new_session()
    kept = await sessions.begin_session(new, None)
    said = replace(
        SAID,
        source="ho\0la \ud83d",
        phrases=(Phrase("\0", "\udc00"),),
        confidence=math.nan,
        transcriber="t" * 500,
        translator="t" * 500,
        failure="f" * 500,
    )
    await sessions.save_exchange(said, ExchangePlace(owner(new), kept.conversation_id))
    row = await Row.objects.aget()
    assert (row.source, row.confidence) == ("hola ?", 0)
    (phrase,) = row.phrases
    assert (phrase["text"], phrase["meaning"], phrase["start"]) == ("", "?", None)
    assert [len(row.transcriber), len(row.translator), len(row.failure)] == [120, 120, 40]


async def test_a_row_is_closed_by_the_first_who_closes_it() -> None:
    new = await new_session()
    await sessions.begin_session(new, None)
    account = Account(received=10, transcribed=4, silence=3)
    account.discarded["too_short"] = 2
    assert await sessions.end_session(owner(new), "client_left", account) is True
    assert await sessions.end_session(owner(new), "server_quits", Account()) is False
    row = await TranslationSession.objects.aget()
    assert (row.state, row.reason, row.close_count) == ("closed", "client_left", 1)
    assert (row.received_samples, row.speech_samples, row.silence_samples) == (10, 4, 3)
    assert (row.discarded_samples, row.unfinished_samples) == (2, 1)
    assert row.losses == {"too_short": 2, "unfinished": 1}
    assert row.ended_at is not None


async def test_a_row_that_is_not_there_is_not_closed() -> None:
    assert (
        await sessions.end_session(RowOwner(uuid.uuid4(), "boot"), "client_left", Account())
        is False
    )


async def states() -> dict[uuid.UUID, tuple[str, int]]:
    rows = TranslationSession.objects.all()
    return {row.pk: (row.state, row.close_count) async for row in rows}


async def test_open_rows_of_an_earlier_server_of_this_directory_are_lost() -> None:
    old, now, elsewhere = [sessions.new_boot(directory) for directory in ("here", "here", "there")]
    gone, ours, ended, other = [await new_session(boot) for boot in (old, now, old, elsewhere)]
    for new in (gone, ours, ended, other):
        await sessions.begin_session(new, None)
    await sessions.end_session(owner(ended), "client_left", Account())
    assert await ownership.mark_lost(now) == 1
    assert await ownership.mark_lost(now) == 0
    assert await states() == {
        gone.id: ("lost", 1),
        ours.id: ("open", 0),
        ended.id: ("closed", 1),
        other.id: ("open", 0),
    }


async def test_rows_of_a_server_elsewhere_that_fell_silent_are_lost() -> None:
    elsewhere = await new_session(sessions.new_boot("there"))
    await sessions.begin_session(elsewhere, None)
    silent_since = timezone.now() - timedelta(seconds=liveness.SILENT_SERVER_SECONDS + 1)
    await TranslationSession.objects.aupdate(seen_at=silent_since)
    assert await ownership.mark_lost(sessions.new_boot("here")) == 1
    assert await states() == {elsewhere.id: ("lost", 1)}


async def test_open_rows_that_their_own_server_has_forgotten_are_lost(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(liveness, "SILENT_SERVER_SECONDS", liveness.LAG_SECONDS + 0.2)
    boot = sessions.new_boot("here")
    forgotten, live, left, mute = [await new_session(boot) for _ in range(4)]
    for new in (forgotten, live, left, mute):
        await sessions.begin_session(new, None)
    await Resumption.objects.acreate(
        session_id=left.id, ticket_hash="hash", seconds=120, is_handed_over=True
    )
    assert await ownership.mark_lost(boot) == 0
    await asyncio.sleep(0.3)
    await sessions.poll_sessions([live.id], boot, is_beat=True)
    # a process that was held up gave no sign of life, and has its sessions all the same
    assert await ownership.mark_lost(boot, [live.id, mute.id]) == 1
    assert await states() == {
        forgotten.id: ("lost", 1),
        live.id: ("open", 0),
        left.id: ("open", 0),
        mute.id: ("open", 0),
    }
    assert "1 open sessions of this server were forgotten by it" in caplog.text


async def test_a_new_conversation_belongs_to_the_same_user() -> None:
    new = await new_session()
    first = await sessions.begin_session(new, None)
    second, written = sessions.begin_conversation(owner(new), new.user_id, first.conversation_id)
    await written
    assert second.conversation_id != first.conversation_id
    assert second.names == {}
    row = await Conversation.objects.aget(pk=second.conversation_id)
    assert row.user_id == new.user_id
    session = await TranslationSession.objects.aget()
    places = session.conversation_id, session.current_conversation_id
    assert places == (first.conversation_id, second.conversation_id)


async def test_what_belongs_to_something_that_was_deleted_is_not_kept_and_said_in_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    gone, user = uuid.uuid4(), await user_id()
    kept = await sessions.begin_session(new := await new_session(), None)
    listening = NewRecording(uuid.uuid4(), user, gone, "pcm-s16le", 16_000, new.manner, "")
    for refused in (
        sessions.save_exchange(SAID, ExchangePlace(RowOwner(gone, "boot"), kept.conversation_id)),
        sessions.save_exchange(SAID, ExchangePlace(owner(new), gone)),
        sessions.rename_speaker(owner(new), gone, Speaker("es", "Ana")),
        sessions.begin_conversation(owner(new), user + 1, kept.conversation_id)[1],
        recordings.begin_recording(RowOwner(gone, "boot"), listening),
        recordings.save_segments(owner(new), gone, [SegmentFacts(1, 0, 9)]),
    ):
        with pytest.raises(StoreError):
            await refused
    assert await Row.objects.acount() == 0
    assert len(caplog.messages) == 6
    assert all(message.endswith("was deleted") for message in caplog.messages)
    assert [record.exc_info for record in caplog.records] == [None] * 6
    await sessions.save_exchange(SAID, ExchangePlace(owner(new), kept.conversation_id))
