"""Halves of an emoji are joined, however they arrive, and a half alone does no harm."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.core.events import Direction, Phrase, TranslationRequest
from sessions_app.engines.llm.answers import parse_chat_answer
from sessions_app.engines.llm.replies import ReplyPieces, read_reply
from sessions_app.engines.text.whole_text import split_half, whole
from tests.engines.chat import llm_at
from tests.tiny.fakechat import FakeChat

SMILE = "\N{GRINNING FACE}"
FIRST, SECOND = "\ud83d", "\ude00"
HELLO = TranslationRequest("hola mundo", Direction.ES_TO_EN)


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


@pytest.mark.parametrize(
    ("halves", "text"),
    [
        (f"a{FIRST}{SECOND}b", f"a{SMILE}b"),
        (f"a{FIRST}b", "ab"),
        (f"{SECOND}{FIRST}", ""),
        (f"{FIRST}{FIRST}{SECOND}{SECOND}", SMILE),
        (f"ñ{SMILE}你", f"ñ{SMILE}你"),
    ],
)
def test_halves_join_and_lone_ones_go(halves: str, text: str) -> None:
    assert whole(halves) == text


@pytest.mark.slow
@given(st.text(st.characters(codec=None), max_size=20))
def test_whatever_it_was_it_can_be_written(text: str) -> None:
    whole(text).encode()


def told_of(*contents: str) -> list[str]:
    pieces = ReplyPieces()
    events = [json.dumps({"choices": [{"delta": {"content": text}}]}) for text in contents]
    return [pieces.feed(f"data: {event}\n\n") for event in events]


def test_halves_that_come_one_by_one_are_told_as_one() -> None:
    assert told_of("a", FIRST, SECOND, "b") == ["a", "", SMILE, "b"]
    assert told_of(f"a{FIRST}", f"{SECOND}b") == ["a", f"{SMILE}b"]
    assert told_of(f"a{FIRST}", " b", SECOND) == ["a", " b", ""]
    assert split_half("a") == ("a", "")


def test_an_answer_holds_no_halves() -> None:
    said = {"translated": f"Hi {FIRST}{SECOND}{FIRST}", "phrases": [f"a{FIRST}: b{SECOND}"]}
    body = json.dumps({"choices": [{"message": {"content": json.dumps(said)}}]})
    answer = parse_chat_answer(read_reply(body.encode()).content, "hola")
    assert (answer.translated, answer.phrases) == (f"Hi {SMILE}", (Phrase("a", "b"),))
    body = json.dumps({"choices": [{"message": {"content": f"Hi {FIRST}"}}]})
    assert read_reply(body.encode()).content == "Hi "


async def test_a_translation_with_a_lone_half_is_told_without_it(server: FakeChat) -> None:
    server.troubles = [json.dumps({"translated": f"{FIRST} Hi {SMILE}"}), f"{FIRST}Hi {SMILE} all"]
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    async with llm_at(server) as llm:
        assert (await llm.translate(HELLO)).text == f"Hi {SMILE}"
        await llm.draft(HELLO, tell)
    assert told[-1] == f"Hi {SMILE} all"
