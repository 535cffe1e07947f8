"""Several speech servers: one that gave words is well, and is asked in a format it knows."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from http import HTTPStatus

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.engines.speech import openai_audio
from sessions_app.engines.speech.openai_audio import OpenAiTranscriber
from tests.house import eventually
from tests.sounds import say, silence
from tests.tiny.fakeears import FakeEars

PIECES = 6
FAULTS = (
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FOUND,
    HTTPStatus.METHOD_NOT_ALLOWED,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
    "page",
    "cut",
)
"""The answer of a server that finds no words in anything."""


@pytest.fixture
def servers() -> Iterator[tuple[FakeEars, FakeEars]]:
    with ExitStack() as open_ones:
        yield (open_ones.enter_context(FakeEars()), open_ones.enter_context(FakeEars()))


async def heard_by(*servers: FakeEars, pieces: int = PIECES) -> list[str]:
    """Return the transcripts of ``pieces`` pieces, one after the other."""
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()
    try:
        return [
            (await transcriber.transcribe(say("hola"), language="es", final=True)).text
            for _ in range(pieces)
        ]
    finally:
        await transcriber.aclose()


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("position", [0, 1])
async def test_a_server_that_hears_nothing_takes_no_piece_from_one_that_does(
    servers: tuple[FakeEars, FakeEars], fault: HTTPStatus | str, position: int
) -> None:
    servers[position].trouble = fault
    assert await heard_by(*servers) == ["hola"] * PIECES
    formats = [fields.get("response_format") for fields in servers[position].fields]
    assert len(formats) == len(set(formats))  # it was asked for one piece at most


@pytest.mark.parametrize("says", [b"<!-- login --><html>", b"\xff\xfe" * 600_000, b'{"ok": true}'])
async def test_a_server_whose_answers_are_none_is_left_too(
    servers: tuple[FakeEars, FakeEars], says: bytes
) -> None:
    servers[0].says = says
    assert await heard_by(*servers) == ["hola"] * PIECES


@pytest.mark.parametrize("says", [b'{"text": ""}', b'{"text": "", "language": "es"}', b""])
@pytest.mark.parametrize("position", [0, 1])
async def test_a_server_that_finds_no_words_in_anything_takes_no_piece_from_one_that_does(
    servers: tuple[FakeEars, FakeEars], says: bytes, position: int
) -> None:
    servers[position].says = says
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()
    try:
        calls = [transcriber.transcribe(say("hola"), language="es", final=True) for _ in range(6)]
        heard = await asyncio.gather(*calls)
    finally:
        await transcriber.aclose()
    assert [transcript.text for transcript in heard] == ["hola"] * 6


async def test_where_nobody_speaks_no_server_is_blamed(servers: tuple[FakeEars, FakeEars]) -> None:
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()
    try:
        for _ in range(3):
            heard = await transcriber.transcribe(silence(1), language="es", final=True)
            assert heard.text == ""
        for _ in range(3):
            await transcriber.transcribe(say("hola"), language="es", final=True)
        asked = [len(server.fields) for server in servers]
        await transcriber.transcribe(silence(1), language="es", final=True)
    finally:
        await transcriber.aclose()
    # a server that gave words before is believed at once
    assert sum(len(server.fields) for server in servers) == sum(asked) + 1


async def test_words_that_are_sent_as_a_page_are_words() -> None:
    with FakeEars(formats=("text",)) as server:
        server.kind = "text/html; charset=utf-8"  # as Flask does
        assert await heard_by(server, pieces=2) == ["hola"] * 2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("formats", "asked"),
    [
        (("json", "text"), ["verbose_json", "json", "json"]),
        (("text",), ["verbose_json", "json", "text", "text"]),
        (("",), ["verbose_json", "json", "text", None, None]),
    ],
)
@pytest.mark.parametrize(
    "refusal",
    [
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        HTTPStatus.NOT_IMPLEMENTED,
        HTTPStatus.INTERNAL_SERVER_ERROR,
    ],
)
async def test_a_server_is_asked_in_the_best_format_that_it_takes(
    formats: tuple[str, ...], asked: list[str | None], refusal: HTTPStatus
) -> None:
    with FakeEars(formats=formats) as server:
        server.refusal = refusal
        assert await heard_by(server, pieces=2) == ["hola"] * 2
    assert [fields.get("response_format") for fields in server.fields] == asked


async def test_a_format_that_is_answered_by_something_else_is_another_s_turn() -> None:
    with FakeEars(formats=("verbose_json", "json", "text")) as server:
        server.says = b"Hola"  # whatever was asked for
        assert await heard_by(server, pieces=2) == ["Hola"] * 2
    assert [fields["response_format"] for fields in server.fields][-1] == "text"


@pytest.mark.parametrize(
    ("trouble", "message"),
    [
        (HTTPStatus.UNAUTHORIZED, "does not accept the key"),
        (HTTPStatus.NOT_FOUND, "does not know the model"),
        (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "refused this piece"),
        (HTTPStatus.UNPROCESSABLE_ENTITY, "refused this piece"),
        (HTTPStatus.TOO_MANY_REQUESTS, "too much to do"),
        ("page", "a strange answer"),
    ],
)
async def test_what_no_server_takes_is_told_in_words(
    servers: tuple[FakeEars, FakeEars], trouble: HTTPStatus | str, message: str
) -> None:
    for server in servers:
        server.trouble = trouble
    with pytest.raises(EngineError, match=message):
        await heard_by(*servers)


async def test_a_reason_is_told_rather_than_that_another_one_is_away(
    servers: tuple[FakeEars, FakeEars],
) -> None:
    servers[0].trouble, servers[1].trouble = "cut", HTTPStatus.NOT_FOUND
    with pytest.raises(EngineError, match="does not know the model"):
        await heard_by(*servers)


async def test_a_piece_that_all_refuse_is_to_blame_and_no_server(
    servers: tuple[FakeEars, FakeEars],
) -> None:
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()
    for server in servers:
        server.troubles = [HTTPStatus.REQUEST_ENTITY_TOO_LARGE]
    with pytest.raises(EngineError, match="refused"):
        await transcriber.transcribe(say("hola"), language="es", final=True)
    for server in servers:
        server.fields.clear()
    assert (await transcriber.transcribe(say("hola"), language="es", final=True)).text == "hola"
    await transcriber.aclose()
    assert [len(server.fields) for server in servers] == [1, 0]


async def test_a_server_that_failed_is_back_when_it_gives_words_that_nobody_waits_for(
    servers: tuple[FakeEars, FakeEars], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_audio, "LOOK_SECONDS", 0.05)
    servers[0].trouble = HTTPStatus.NOT_FOUND
    servers[0].says = b'{"text": "How much does this cost?"}'
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()

    async def heard() -> str:
        return (await transcriber.transcribe(say("hola"), language="es", final=True)).text

    def languages() -> list[str]:
        return [fields["language"] for fields in servers[0].fields]

    assert await heard() == "hola"
    await eventually(lambda: languages() == ["es", "en", "en"])
    assert await heard() == "hola"
    assert languages().count("es") == 1  # while it gives no words, no person's piece is tried on it
    servers[0].trouble = None
    async with asyncio.timeout(10):
        while await heard() == "hola":
            pass
    assert languages().count("es") == 2
    await transcriber.aclose()


@pytest.mark.parametrize("end", ["", "/", "/v1/", "/v1/audio/transcriptions"])
async def test_an_address_may_lack_its_end_or_have_too_much_of_it(end: str) -> None:
    with FakeEars() as server:
        transcriber = OpenAiTranscriber(server.url.removesuffix("/v1") + end)
        await transcriber.load()
        heard = [
            await transcriber.transcribe(say("hola"), language="es", final=True) for _ in range(2)
        ]
        await transcriber.aclose()
        assert [one.text for one in heard] == ["hola"] * 2
        assert len(server.fields) == 2


async def test_a_server_whose_caller_gave_up_is_asked_behind_the_others(
    servers: tuple[FakeEars, FakeEars], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openai_audio, "GIVEN_UP_SECONDS", 0.0)
    servers[0].trouble = "hang"
    transcriber = OpenAiTranscriber([server.url for server in servers])
    await transcriber.load()
    work = asyncio.create_task(transcriber.transcribe(say("hola"), language="es", final=True))
    await eventually(lambda: len(servers[0].fields) == 1)
    work.cancel()
    await asyncio.wait([work])
    assert (await transcriber.transcribe(say("hola"), language="es", final=True)).text == "hola"
    await transcriber.aclose()
    assert [len(server.fields) for server in servers] == [1, 1]


@pytest.mark.slow
async def test_a_server_that_loads_longer_than_a_piece_may_take_is_left_to_load(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(openai_audio, "LOOK_SECONDS", 0.02)
    with FakeEars() as server, FakeEars() as other:
        server.trouble, other.trouble = "hang", HTTPStatus.NOT_FOUND
        server.says = b'{"text": "How much does this cost?"}'
        transcriber = OpenAiTranscriber([server.url, other.url], timeout_seconds=0.2)
        await transcriber.load()
        with pytest.raises(EngineError):
            await transcriber.transcribe(say("hola"), language="es", final=True)
        await eventually(lambda: [fields["language"] for fields in server.fields] == ["es", "en"])
        tries = len(other.fields)
        await eventually(lambda: len(other.fields) > tries + 2)  # the others are looked at
        await asyncio.sleep(0.5)
        assert len(server.fields) == 2  # it is not asked again, nor left, while it loads
        server.trouble = None
        server.release.set()
        await asyncio.sleep(0.2)
        heard = await transcriber.transcribe(say("hola"), language="es", final=True)
        assert (heard.text, len(server.fields)) == ("How much does this cost?", 3)
        await transcriber.aclose()
