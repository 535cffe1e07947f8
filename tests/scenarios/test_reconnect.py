"""A client reconnects and continues its conversation, but never another user's."""

from django.contrib.auth import get_user_model

from sessions_app.models import Conversation, Exchange, TranslationSession
from tests.conftest import Connect
from tests.sounds import say


async def test_a_conversation_goes_on_with_its_names(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("rename_speaker", speaker_id="es", name="Ana")
        await browser.speak(say("hola mundo"))
    conversation_id = browser.told("ready")[0]["conversation_id"]
    async with connect(conversation=conversation_id, direction="auto") as again:
        await again.speak(say("gracias"))
    ready = again.told("ready")[0]
    assert ready["conversation_id"] == conversation_id
    assert ready["session_id"] != browser.told("ready")[0]["session_id"]
    assert {s["id"]: s["name"] for s in ready["speakers"]}["es"] == "Ana"
    assert again.told("transcript")[0]["speaker"]["name"] == "Ana"
    assert again.problems() == []
    rows = Exchange.objects.filter(conversation=conversation_id)
    assert [row.source async for row in rows] == ["hola mundo", "gracias"]
    assert await TranslationSession.objects.acount() == 2
    assert await Conversation.objects.acount() == 1


async def test_the_newest_conversation_of_a_session_goes_on(connect: Connect) -> None:
    async with connect() as browser:
        await browser.say("new_conversation")
        begun = await browser.until("conversation_started")
        await browser.say("rename_speaker", speaker_id="en", name="Bob")
        await browser.until("speakers")
        await browser.until("speakers")
    async with connect(conversation=begun["conversation_id"]) as again:
        pass
    assert {s["id"]: s["name"] for s in again.told("ready")[0]["speakers"]}["en"] == "Bob"


async def test_the_conversation_of_another_user_is_not_to_be_had(connect: Connect) -> None:
    eve = await get_user_model().objects.acreate_user("eve", password="a long word")
    hers = await Conversation.objects.acreate(user=eve)
    async with connect(conversation=str(hers.pk)) as browser:
        await browser.speak(say("hola mundo"))
    assert browser.problems() == [("unknown_conversation", "query")]
    assert browser.told("ready")[0]["conversation_id"] != str(hers.pk)
    assert await Exchange.objects.filter(conversation=hers).acount() == 0


async def test_two_windows_may_share_a_conversation(connect: Connect) -> None:
    async with connect() as first:
        conversation_id = first.told("ready")[0]["conversation_id"]
        async with connect(conversation=conversation_id) as second:
            await first.speak(say("hola"))
            await second.speak(say("mundo"))
    rows = Exchange.objects.filter(conversation=conversation_id)
    assert [row.source async for row in rows] == ["hola", "mundo"]
