"""What was typed before an end stands in the conversation that the commands before it ask for."""

from sessions_app.models import Conversation, Exchange
from sessions_app.protocol import CloseCode
from tests.conftest import Connect
from tests.house import Client, House, eventually
from tests.sounds import say, silence

SLOW = {"delay_seconds": 60}


async def end_with(house: House, connect: Connect, *commands: tuple[str, str]) -> Client:
    """Send commands that wait behind a slow engine, and abort the session."""
    await house.restart(transcriber=SLOW)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola") + silence(1))
        await browser.say("stop_listening")
        for kind, text in commands:
            await browser.say(kind, **({"text": text} if text else {}))
        assert await browser.still_works()
        house.registry.abort()
        assert await browser.close_code() == CloseCode.QUITTING
        await eventually(lambda: not house.registry.sessions)
    return browser


async def words() -> list[list[str]]:
    """Return the words of each conversation, in the order in which those began."""
    conversations = [row async for row in Conversation.objects.order_by("started_at")]
    return [
        [said.source async for said in Exchange.objects.filter(conversation=row).order_by("pk")]
        for row in conversations
    ]


async def test_what_was_typed_behind_a_new_conversation_stands_in_it(
    house: House, connect: Connect
) -> None:
    browser = await end_with(
        house,
        connect,
        ("text_input", "uno"),
        ("new_conversation", ""),
        ("text_input", "dos"),
        ("text_input", "tres"),
        ("new_conversation", ""),
        ("text_input", "agua"),
    )
    assert await words() == [["uno"], ["dos", "tres"], ["agua"]]
    assert ("not_ready", "new_conversation") not in browser.problems()


async def test_a_conversation_in_which_nothing_was_typed_is_not_begun(
    house: House, connect: Connect
) -> None:
    browser = await end_with(house, connect, ("text_input", "uno"), ("new_conversation", ""))
    assert await words() == [["uno"]]
    assert ("not_ready", "new_conversation") in browser.problems()
