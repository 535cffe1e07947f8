"""Those whose pages are Spanish are told in Spanish what goes wrong, with names and numbers."""

import pytest
from asgiref.sync import sync_to_async

from tests.conftest import Connect
from tests.house import Client, House
from tests.scenarios.test_watching import viewer
from tests.sessions_app.kept import at_home
from tests.sounds import say

SPANISH = {"accept-language": "es"}


def problems_told(browser: Client) -> list[str]:
    return [message["message"] for message in browser.told("error")]


async def test_a_viewer_who_is_refused_is_told_why_in_spanish(house: House) -> None:
    async with viewer("nobody", language="es") as reader:
        assert await reader.close_code() == 4410
    assert problems_told(reader) == ["En esta dirección no se puede leer nada."]


async def test_each_client_is_told_in_the_language_of_its_pages(
    house: House, connect: Connect
) -> None:
    await house.restart(transcriber={"failing_word": "agua"}, max_sessions=1)
    told = {}
    for language in ("en", "es"):
        sent = {"accept-language": language}
        async with connect(headers=sent) as browser:
            async with connect(headers=sent, is_ready=False) as late:
                await late.close_code()
            await browser.speak(say("quiero agua"))
            await browser.say("text_input", text="x" * 2_001)
            await browser.until("error", about="text_input")
        told[language] = problems_told(late) + problems_told(browser)
    assert told == {
        "en": [
            "All 1 places are taken; come back later.",
            "The fake transcriber was told to fail on this word.",
            "text: String should have at most 2000 characters",
        ],
        "es": [
            "Todos los lugares (1) están ocupados; vuelva más tarde.",
            "Al transcriptor de pruebas se le dijo que fallara con esta palabra.",
            "text: Como mucho puede tener 2000 caracteres",
        ],
    }


async def test_what_is_loaded_and_cannot_be_loaded_is_told_by_its_name(
    house: House, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 0.3}, translator="opus-mt")
    async with connect(headers=SPANISH, is_ready=False) as browser:
        loading = await browser.until("loading")
        assert await browser.close_code() == 4011
    assert loading["message"] == "cargando el transcriptor fake"
    assert problems_told(browser) == [
        "No hay ningún modelo de OPUS-MT en esta máquina. "
        "Descárguelo con: manage.py fetch_models opus-mt-es-en opus-mt-en-es"
    ]
    caplog.clear()


@sync_to_async
def shown(address: str) -> str:
    return at_home().get(address, headers={"accept-language": "es"}).text


async def test_a_page_and_a_route_tell_in_spanish_why_an_engine_is_used(house: House) -> None:
    await house.restart(translator="none")
    why = "HABLA_TRANSLATOR es none: lo que se dice queda sin traducir."
    assert why in await shown("/settings/")
    assert why in await shown("/api/status")
