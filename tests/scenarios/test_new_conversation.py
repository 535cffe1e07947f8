"""A new conversation begins: what was in flight stays in the old one, the rest starts over."""

from sessions_app.models import Exchange, TranslationSession
from tests.conftest import Connect
from tests.house import House
from tests.scenarios.engines import RECALLING
from tests.sounds import say


async def test_what_was_in_flight_stays_in_the_old_conversation(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.1}, translator={"delay_seconds": 0.1})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.say("text_input", text="gracias")
        await browser.say("new_conversation")
        await browser.say("text_input", text="agua")
        begun = await browser.until("conversation_started")
        await browser.until("translation")
    old = browser.told("ready")[0]["conversation_id"]
    rows = [(e.source, str(e.conversation_id)) async for e in Exchange.objects.all()]
    assert sorted(rows) == sorted(
        [("hola mundo", old), ("gracias", old), ("agua", begun["conversation_id"])]
    )
    assert old != begun["conversation_id"]


async def test_it_stops_the_listening_first(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo"))
        await browser.say("new_conversation")
        await browser.until("speakers")
        await browser.speak(say("gracias"))
    kinds = [m["type"] for m in browser.heard if m["type"] != "partial"]
    assert kinds[kinds.index("translation") :][:4] == [
        "translation",
        "listening_stopped",
        "conversation_started",
        "speakers",
    ]
    assert browser.texts() == ["hola mundo", "gracias"]


async def test_names_and_context_are_anew_and_ids_go_on(house: House, connect: Connect) -> None:
    await house.restart(translator=RECALLING)
    async with connect() as browser:
        await browser.say("rename_speaker", speaker_id="es", name="Ana")
        await browser.say("text_input", text="hola")
        await browser.say("text_input", text="mundo")
        await browser.say("new_conversation")
        await browser.say("text_input", text="agua")
        await browser.until("translation", utterance_id=3)
    assert browser.translations() == [
        "conversation Ana []",
        "conversation Ana [hola]",
        "conversation Spanish speaker []",
    ]
    assert [s["name"] for s in browser.told("speakers")[-1]["speakers"]] == [
        "Spanish speaker",
        "English speaker",
    ]


async def test_a_name_given_right_after_it_belongs_to_the_new_conversation(
    connect: Connect,
) -> None:
    async with connect() as browser:
        await browser.say("new_conversation")
        await browser.say("rename_speaker", speaker_id="es", name="Eva")
        await browser.say("text_input", text="hola")
        told = await browser.until("translation")
    assert told["speaker"]["name"] == "Eva"
    row = await Exchange.objects.select_related("speaker").aget()
    assert row.speaker is not None
    assert row.speaker.conversation_id == row.conversation_id


async def test_it_stays_one_session(connect: Connect) -> None:
    async with connect() as browser:
        for _ in range(3):
            await browser.say("new_conversation")
            await browser.until("conversation_started")
    ids = {m["conversation_id"] for m in browser.told("conversation_started")}
    assert len(ids) == 3
    assert await TranslationSession.objects.acount() == 1
