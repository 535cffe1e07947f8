"""Words found by another machine, which may not even tell the language."""

import json

from tests.conftest import Connect
from tests.house import House
from tests.sounds import say
from tests.tiny.fakeears import FakeEars


def by(server: FakeEars) -> str:
    return json.dumps({"BACKEND": "openai", "OPTIONS": {"urls": [server.url]}})


async def test_what_another_machine_hears_is_translated_here(
    house: House, connect: Connect
) -> None:
    with FakeEars() as server:
        await house.restart(transcriber=by(server))
        async with connect(direction="auto") as browser:
            await browser.speak(say("hola mundo"))
        assert browser.translations() == ["hello world"]


async def test_a_language_that_is_not_told_is_found_in_the_words(
    house: House, connect: Connect
) -> None:
    with FakeEars(formats=("json",)) as server:
        await house.restart(transcriber=by(server))
        async with connect(direction="auto") as browser:
            await browser.speak(say("hello world"))
        (heard,) = browser.told("transcript")
        assert (heard["text"], heard["language"]) == ("hello world", "en")
