"""Recognition on other machines: the least busy one is used, and another when one fails."""

import asyncio
import math
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus

import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError, SettingsError
from sessions_app.core.events import Transcript
from sessions_app.engines.choices import EngineChoice, check_choice
from sessions_app.engines.speech.openai_audio import OpenAiTranscriber
from sessions_app.engines.speech.server_pool import LONGEST_REST_SECONDS, PooledServer, ServerPool
from tests.house import eventually
from tests.sounds import say
from tests.tiny.fakeears import FakeEars


@pytest.fixture
def servers() -> Iterator[tuple[FakeEars, FakeEars]]:
    with ExitStack() as open_ones:
        yield (open_ones.enter_context(FakeEars()), open_ones.enter_context(FakeEars()))


async def hear_with(*servers: FakeEars, pcm: bytes = say("hola"), **options: object) -> Transcript:
    transcriber = OpenAiTranscriber([server.url for server in servers], **options)  # type: ignore[arg-type]
    await transcriber.load()
    try:
        return await transcriber.transcribe(pcm, language=None, final=True)
    finally:
        await transcriber.aclose()


async def test_the_servers_own_language_and_certainty_are_taken(
    servers: tuple[FakeEars, FakeEars],
) -> None:
    heard = await hear_with(servers[0], model="tones", key="secret")
    assert (heard.text, heard.language) == ("hola", "es")
    assert heard.confidence == pytest.approx(math.exp(-0.1))
    assert servers[0].keys == ["Bearer secret"]
    assert servers[0].fields == [
        {"model": "tones", "response_format": "verbose_json", "temperature": "0"}
    ]


async def test_one_connection_is_kept_for_all_pieces(servers: tuple[FakeEars, FakeEars]) -> None:
    transcriber = OpenAiTranscriber(servers[0].url)
    await transcriber.load()
    for _ in range(3):
        await transcriber.transcribe(say("hola"), language="es", final=True)
    await transcriber.aclose()
    assert servers[0].connections == 1
    assert [fields["language"] for fields in servers[0].fields] == ["es"] * 3


async def test_a_format_that_a_server_does_not_know_is_asked_for_once() -> None:
    with FakeEars(formats=("json",)) as server:
        transcriber = OpenAiTranscriber(server.url)
        await transcriber.load()
        heard = [
            await transcriber.transcribe(say("hola"), language=None, final=True) for _ in range(2)
        ]
        await transcriber.aclose()
    assert [(h.text, h.language) for h in heard] == [("hola", "")] * 2
    asked = [fields["response_format"] for fields in server.fields]
    assert asked == ["verbose_json", "json", "json"]


@pytest.mark.parametrize(
    "trouble", [HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS, "cut", "hang"]
)
async def test_when_one_fails_another_hears_the_piece(
    servers: tuple[FakeEars, FakeEars], trouble: HTTPStatus | str
) -> None:
    servers[0].troubles = [trouble]
    heard = await hear_with(*servers, timeout_seconds=0.3)
    assert heard.text == "hola"
    assert [len(server.fields) for server in servers] == [1, 1]


async def test_one_that_failed_is_asked_last_until_it_is_back(
    servers: tuple[FakeEars, FakeEars],
) -> None:
    servers[0].troubles = [HTTPStatus.BAD_GATEWAY]
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()
    for _ in range(3):
        await transcriber.transcribe(say("hola"), language="es", final=True)
    await transcriber.aclose()
    assert [len(server.fields) for server in servers] == [1, 3]


async def test_pieces_at_once_go_to_different_servers(
    servers: tuple[FakeEars, FakeEars],
) -> None:
    transcriber = OpenAiTranscriber([server.url for server in servers])
    assert transcriber.parallel == 2
    await transcriber.load()
    for server in servers:
        server.troubles = ["hang"]
    work = [
        asyncio.create_task(transcriber.transcribe(say("hola"), language="es", final=True))
        for _ in range(2)
    ]
    await eventually(lambda: [len(server.fields) for server in servers] == [1, 1])
    for server in servers:
        server.release.set()
    assert [heard.text for heard in await asyncio.gather(*work)] == ["hola"] * 2
    await transcriber.aclose()


async def test_all_of_them_failing_is_told(servers: tuple[FakeEars, FakeEars]) -> None:
    for server in servers:
        server.troubles = [HTTPStatus.BAD_GATEWAY]
    with pytest.raises(EngineError, match="speech recognition failed"):
        await hear_with(*servers)


async def test_one_server_that_is_there_is_enough(
    servers: tuple[FakeEars, FakeEars], free_port: int
) -> None:
    urls = [f"http://127.0.0.1:{free_port}/v1", servers[0].url]
    transcriber = OpenAiTranscriber(urls)
    await transcriber.load()
    assert (await transcriber.transcribe(say("agua"), language="es", final=True)).text == "agua"
    await transcriber.aclose()


async def test_none_that_is_there_is_told_without_a_password(free_port: int) -> None:
    transcriber = OpenAiTranscriber(f"http://me:secret@127.0.0.1:{free_port}/v1")
    with pytest.raises(EngineUnavailableError) as told:
        await transcriber.load()
    assert f"127.0.0.1:{free_port}" in str(told.value)
    assert "secret" not in str(told.value)


def test_a_server_that_fails_again_is_left_alone_for_longer_up_to_a_limit() -> None:
    listener = PooledServer("http://127.0.0.1:1/v1")
    rests = []
    for _ in range(7):
        listener.failed()
        rests.append(listener.rest_seconds)
    assert rests == [1, 2, 4, 8, 16, LONGEST_REST_SECONDS, LONGEST_REST_SECONDS]
    listener.gave_words()
    assert (listener.is_healthy, listener.is_resting) == (True, False)


def test_the_least_busy_is_first() -> None:
    one, two = PooledServer("http://a/v1"), PooledServer("http://b/v1")
    with one.at_work():
        assert ServerPool([one, two]).in_order() == [two, one]
    assert ServerPool([one, two]).in_order() == [one, two]


def test_an_address_that_is_none_is_a_wrong_setting() -> None:
    with pytest.raises(ValueError, match="http"):
        OpenAiTranscriber("whisper.local")
    choice = EngineChoice("openai", {"url": "http://a/v1"})
    with pytest.raises(SettingsError, match="urls"):
        check_choice(choice, variable="HABLA_TRANSCRIBER")
