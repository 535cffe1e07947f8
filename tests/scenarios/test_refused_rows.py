"""What the database takes later, and then refuses: the client is told, and no sound is deleted."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from asgiref.sync import sync_to_async
from django.db import connection

from sessions_app.models import Recording, Speaker
from sessions_app.recording import files, recovery
from tests.conftest import Connect
from tests.house import House
from tests.locked import locked
from tests.sounds import say, silence

HOLA = say("hola mundo") + silence(1.0)
NEXT_BOOT = "next.0001"


def refuse(table: str, condition: str = "true") -> str:
    """Return the statement after which a table takes no new rows for which this holds."""
    refusal = "begin select raise(abort, 'refused by a trigger'); end"
    return f"create trigger refusal before insert on {table} when {condition} {refusal}"


def execute(*statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def take_again() -> None:
    execute("drop trigger if exists refusal")


@pytest.fixture
async def house(
    house: House, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[House]:
    """Return all of Habla; the errors of the database in its log are the test's subject."""
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    yield house
    await house.close()
    await sync_to_async(take_again)()
    told = [r.getMessage() for r in caplog.get_records("call") if r.levelno >= logging.ERROR]
    assert told != []
    caplog.get_records("call").clear()


async def speak_refused(connect: Connect) -> UUID:
    """Say something whose recording the database refuses later; return the recording's id."""
    async with connect() as browser:
        async with locked(refuse("sessions_app_recording")):
            await browser.say("start_listening", encoding="pcm-s16le")
            recording_id = UUID((await browser.until("listening_started"))["recording"])
            await browser.send_sound(HOLA)
            await browser.until("translation")
        await browser.until("error", code="recording_stopped", about="audio")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    await sync_to_async(take_again)()
    return recording_id


async def test_a_recording_whose_row_is_refused_is_kept_for_the_next_start_and_the_client_told(
    house: House, connect: Connect
) -> None:
    recording_id = await speak_refused(connect)
    await house.close()
    assert await Recording.objects.acount() == 0
    assert files.sound_path(recording_id, "pcm-s16le") is not None
    await recovery.recover_at_start(NEXT_BOOT, lambda _: None)
    recording = await Recording.objects.aget()
    assert (recording.pk, recording.state) == (recording_id, "salvaged")
    assert recording.duration_seconds >= 1.0


async def test_one_refused_row_keeps_no_other_recording_from_being_recovered(
    house: House, connect: Connect
) -> None:
    refused, taken = await speak_refused(connect), await speak_refused(connect)
    await house.close()
    again = refuse("sessions_app_recording", f"new.id = '{refused.hex}'")
    await sync_to_async(execute)(again)
    await recovery.recover_at_start(NEXT_BOOT, lambda _: None)
    assert [row.pk async for row in Recording.objects.all()] == [taken]
    assert files.sound_path(refused, "pcm-s16le") is not None
    assert files.sidecar_path(refused).is_file()


async def test_a_name_that_is_refused_later_is_taken_back(house: House, connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("rename_speaker", speaker_id="en", name="Bob")
        await browser.until("speakers")
        async with locked(refuse("sessions_app_speaker")):
            for name in ("Ana", "Eva"):
                await browser.say("rename_speaker", speaker_id="es", name=name)
                assert (await browser.until("speakers"))["speakers"][0]["name"] == name
        for _ in range(2):
            await browser.until("error", code="not_kept", about="rename_speaker")
            told = await browser.until("speakers")
        names = [speaker["name"] for speaker in told["speakers"]]
        assert names == ["Spanish speaker", "Bob"]
        await sync_to_async(take_again)()
        await browser.say("rename_speaker", speaker_id="es", name="Ana")
        await browser.until("speakers")
        assert await browser.still_works()
    stored = [(row.key, row.name) async for row in Speaker.objects.order_by("key")]
    assert stored == [("en", "Bob"), ("es", "Ana")]
