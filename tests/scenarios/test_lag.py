"""A client whose words are late is told how late, and when the server has caught up."""

from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence, speech


async def test_long_sentences_are_heard_without_a_word_of_lag(connect: Connect) -> None:
    async with connect() as browser:
        await browser.speak(speech(6) + silence(1) + speech(8, "agua"))
    assert browser.texts() == ["hola", "agua"]
    assert browser.told("lag") == []


async def test_a_server_that_is_behind_says_so_and_takes_it_back(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 1.2})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound((say("hola") + silence(0.8)) * 5)
        await browser.say("stop_listening")
        told = await browser.until("lag")
        over = await browser.until("lag")
    assert 3 <= told["seconds"] < 5
    assert over == {"type": "lag", "seconds": 0.0, "dropped_seconds": 0.0}
    assert len(browser.texts()) >= 4
