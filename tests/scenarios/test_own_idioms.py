"""The owner's idioms: what the rows hold is found after `reload_settings`, in live sessions too."""

import logging

import pytest

from sessions_app.models import Exchange, IdiomPattern
from sessions_app.server.owner_idioms import read_idioms
from tests.conftest import Connect
from tests.house import Client, House

TEXT = "Hoy vamos a tope"


async def phrases_of(browser: Client, text: str = TEXT) -> list[str]:
    await browser.say("text_input", text=text)
    said = await browser.until("translation", source=text)
    return [phrase["meaning"] for phrase in said["phrases"]]


async def test_an_idiom_that_is_added_is_found_in_the_next_utterance_after_a_reload(
    house: House, connect: Connect
) -> None:
    async with connect() as browser:
        assert await phrases_of(browser) == []
        await IdiomPattern.objects.acreate(pattern="~ir a tope", meaning="to go all out")
        assert await read_idioms(house.registry) == 1
        assert await phrases_of(browser) == ["to go all out"]
    async with connect() as browser:
        assert await phrases_of(browser) == ["to go all out"]
    kept = [e.phrases async for e in Exchange.objects.order_by("pk")]
    assert [[phrase["text"] for phrase in said] for said in kept] == [
        [],
        ["vamos a tope"],
        ["vamos a tope"],
    ]


async def test_an_idiom_that_is_deleted_is_not_found_after_a_reload(
    house: House, connect: Connect
) -> None:
    idiom = await IdiomPattern.objects.acreate(pattern="~ir a tope", meaning="to go all out")
    await read_idioms(house.registry)
    await idiom.adelete()
    async with connect() as browser:
        assert await phrases_of(browser) == ["to go all out"]
        assert await read_idioms(house.registry) == 0
        assert await phrases_of(browser) == []


async def test_the_owners_meaning_counts_before_the_one_that_comes_with_habla(
    house: House, connect: Connect
) -> None:
    await IdiomPattern.objects.acreate(pattern="~meter la pata", meaning="to err")
    await read_idioms(house.registry)
    async with connect() as browser:
        assert await phrases_of(browser, "Ana metió la pata") == ["to err"]


async def test_a_row_that_no_form_has_checked_is_left_out(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await IdiomPattern.objects.acreate(pattern="tope", meaning="top")
    await IdiomPattern.objects.acreate(pattern="~ir a tope", meaning="to go all out")
    assert await read_idioms(house.registry) == 1
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 1
    assert warnings[0].startswith("an idiom of the owner's is left out:")
