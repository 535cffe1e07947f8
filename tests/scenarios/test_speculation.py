"""Speculative recognition in a whole session: one final each, and nothing left over."""

from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence

PAUSE = silence(0.4)


async def test_pauses_inside_sentences_bring_no_second_final(connect: Connect) -> None:
    sentence = say("hola") + PAUSE + say("mundo") + PAUSE + say("la casa") + silence(1)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        for _ in range(3):
            await browser.send_sound(sentence, 0.1)
            await browser.until("translation")
        await browser.say("stop_listening")
        await browser.until("listening_stopped")
    assert browser.texts() == ["hola mundo la casa"] * 3
    ended = [m["utterance_id"] for m in browser.told("transcript")]
    assert ended == [m["utterance_id"] for m in browser.told("speech_started")]
    for utterance_id in ended:
        kinds = [m["type"] for m in browser.heard if m.get("utterance_id") == utterance_id]
        assert "partial" not in kinds[kinds.index("speech_ended") :]
        assert kinds.count("transcript") == kinds.count("translation") == 1


async def test_leaving_while_words_are_looked_for_ends_that_too(
    house: House, connect: Connect
) -> None:
    """The fixture checks what is left over."""
    await house.restart(transcriber={"delay_seconds": 30})
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await browser.send_sound(say("hola mundo") + PAUSE, 0.1)
        assert await browser.still_works()
    assert browser.told("transcript") == []


async def test_the_final_of_one_waits_for_no_guess_of_another(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"delay_seconds": 0.05})
    async with connect() as pausing, connect() as speaking:
        for browser in (pausing, speaking):
            await browser.say("start_listening", encoding="pcm-s16le")
        await pausing.send_sound(say("hola mundo") + PAUSE, 0.1)
        await speaking.send_sound(say("gracias") + silence(1), 0.1)
        await speaking.until("transcript")
        await pausing.send_sound(say("la casa") + silence(1), 0.1)
        await pausing.until("transcript")
    assert speaking.texts() == ["gracias"]
    assert pausing.texts() == ["hola mundo la casa"]
