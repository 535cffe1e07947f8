"""After what is no translation the next translator is asked; a bad draft is never shown."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sessions_app.core.errors import BadTranslationError, Fault
from sessions_app.core.events import Direction, PassedOver, Phrase, Translation, TranslationRequest
from sessions_app.engines.base import Tell, Translator
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.none import NoTranslator
from sessions_app.engines.translation.chain import ChainTranslator
from sessions_app.engines.translation.circuit_breaker import FIRST_REST_SECONDS
from sessions_app.engines.translation.judged import judged
from sessions_app.engines.translation.opus_mt import OpusMtTranslator
from tests.tiny.fakechat import FakeChat

ES = Direction.ES_TO_EN
HELLO = TranslationRequest("hola mundo", ES)
HARMONY = (
    "<|channel|>analysis<|message|>They greet.<|end|><|start|>assistant<|channel|>final<|message|>"
)


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


@asynccontextmanager
async def chained(server: FakeChat, *, clock: float = 100.0) -> AsyncIterator[ChainTranslator]:
    """Return a language model at ``server`` with the fake translator behind it."""
    llm = LlmTranslator(server.url, retries=0)
    chain = ChainTranslator([llm, FakeTranslator()], clock=lambda: clock)
    await chain.load()
    try:
        yield chain
    finally:
        await chain.aclose()


def answer(translated: Any, **others: Any) -> str:
    return json.dumps({"corrected": "hola mundo", **others, "translated": translated})


def choice(content: str | None, finish_reason: str, **message: Any) -> dict[str, Any]:
    return {
        "index": 0,
        "finish_reason": finish_reason,
        "message": {"role": "assistant", "content": content, **message},
    }


BAD: list[tuple[str | dict[str, Any], Fault]] = [
    (answer("no, no, no, " * 1500), Fault.LOOP),
    (answer("I'm sorry, but I can't help with that request."), Fault.REFUSAL),
    ("I'm sorry, but I can't help with that.", Fault.REFUSAL),
    (answer("hola mundo"), Fault.ECHO),
    (answer("Hola a todo el mundo"), Fault.LANGUAGE),
    (answer("你好\uff0c世界"), Fault.SCRIPT),
    (answer("<a href='x'>hello</a>"), Fault.MARKUP),
    (choice("hello wor", "length"), Fault.CUT),
    (choice("hello wor", "content_filter"), Fault.CUT),
    (choice('{"corrected": "hola mundo", "translated": "hello wor', "length"), Fault.CUT),
    (choice("", "length", reasoning_content="They greet. " * 100), Fault.EMPTY),
    (choice(None, "stop", refusal="I'm sorry, I can't assist with that."), Fault.REFUSAL),
    (answer(None), Fault.EMPTY),
    ("<think>They greet, so", Fault.EMPTY),
]


@pytest.mark.parametrize(("said", "fault"), BAD, ids=range(len(BAD)))
async def test_what_is_no_translation_goes_to_the_next_and_is_told(
    server: FakeChat, said: str | dict[str, Any], fault: Fault
) -> None:
    server.troubles = [said]
    async with chained(server) as chain:
        made = await chain.translate(HELLO)
        again = await chain.translate(HELLO)
    assert (made.text, made.engine) == ("hello world", "fake")
    assert made.passed_over == (PassedOver("llm", fault),)
    assert (again.engine, again.passed_over) == ("llm", ())


SAFE: list[tuple[str | dict[str, Any], str]] = [
    (answer(0), "0"),
    (answer({"text": "hello world", "lang": "en"}), "hello world"),
    (answer({"es": "hola mundo", "en": "hello world"}), "hello world"),
    (answer(["hello world"]), "hello world"),
    (answer([{"text": "hello"}, {"text": "world"}]), "hello world"),
    (json.dumps({"result": {"data": {"translated": "hello world"}}}), "hello world"),
    (json.dumps({"result": {"text": "hello world"}}), "hello world"),
    (json.dumps({"english": "hello world"}), "hello world"),
    (json.dumps([{"translated": "hello world"}]), "hello world"),
    ('["hello world"]', "hello world"),
    (answer(json.dumps({"translated": "hello world"})), "hello world"),
    ("{'corrected': 'hola', 'translated': 'hello world', 'phrases': None}", "hello world"),
    ("{'corrected': 'hola', 'translated': \"it's the world\", 'phrases': []}", "it's the world"),
    ("{'translated': 'it\\'s the world'}", "it's the world"),
    ('{translated: "hello world", phrases: []}', "hello world"),
    ("<translation>hello world</translation>", "hello world"),
    ("<p>hello <b>world</b></p>", "hello world"),
    ("**hello** world", "hello world"),
    ("[laughs] hello world", "[laughs] hello world"),
    (HARMONY + answer("hello world"), "hello world"),
    (
        f"<tool_call>{json.dumps({'arguments': {'translated': 'hello world'}})}</tool_call>",
        "hello world",
    ),
    (
        choice(None, "tool_calls", tool_calls=[{"function": {"arguments": answer("hello world")}}]),
        "hello world",
    ),
    (
        choice("", "tool_calls", tool_calls=[{"function": {"arguments": {"translated": "hello"}}}]),
        "hello",
    ),
    (choice(None, "function_call", function_call={"arguments": answer("hello")}), "hello"),
    (choice(answer("hello world", phrases=[]), "length"), "hello world"),
    (choice(answer("hello world")[:-1] + ', "phrases": [{"te', "length"), "hello world"),
]


@pytest.mark.slow
@pytest.mark.parametrize(("said", "text"), SAFE, ids=range(len(SAFE)))
async def test_what_can_be_taken_safely_is_taken(
    server: FakeChat, said: str | dict[str, Any], text: str
) -> None:
    server.troubles = [said]
    async with chained(server) as chain:
        made = await chain.translate(HELLO)
    assert (made.text, made.engine, made.passed_over) == (text, "llm", ())


@pytest.mark.parametrize(
    "said",
    [answer(None), answer(True), answer([]), answer({}), '{"error": "no"}', '{"translated": NaN}'],
)
async def test_what_holds_no_words_is_never_shown(server: FakeChat, said: str) -> None:
    server.troubles = [said]
    async with chained(server) as chain:
        assert (await chain.translate(HELLO)).engine == "fake"


async def test_control_characters_are_left_out(server: FakeChat) -> None:
    server.troubles = [answer("hel\0lo\x1b world", corrected="hola\0 Mundo")] * 2
    async with chained(server) as chain:
        made = await chain.translate(HELLO)
    assert (made.text, made.corrected) == ("hello world", "hola Mundo")


async def test_a_correction_that_is_none_is_left_out_and_the_translation_is_kept(
    server: FakeChat,
) -> None:
    server.troubles = [json.dumps({"corrected": "Hello to the world", "translated": "hello world"})]
    async with chained(server) as chain:
        made = await chain.translate(HELLO)
    assert (made.text, made.corrected, made.engine) == ("hello world", "", "llm")


async def test_if_nobody_gives_a_translation_the_reason_is_told_in_words(server: FakeChat) -> None:
    server.troubles = [answer("I'm sorry, but I can't help with that.")] * 5
    async with judging(LlmTranslator(server.url, retries=0)) as alone:
        for _ in range(5):
            with pytest.raises(BadTranslationError, match="spoke of itself") as told:
                await alone.translate(HELLO)
            assert (told.value.fault, told.value.engine) == (Fault.REFUSAL, "llm")
        assert (await alone.translate(HELLO)).text == "hello world"


@asynccontextmanager
async def judging(translator: LlmTranslator) -> AsyncIterator[ChainTranslator]:
    chain = ChainTranslator([translator], clock=lambda: 100.0)
    await chain.load()
    try:
        yield chain
    finally:
        await chain.aclose()


async def test_who_gives_nothing_good_again_and_again_is_left_alone_where_another_can(
    server: FakeChat,
) -> None:
    server.troubles = [answer("hola mundo")] * 3
    async with chained(server) as chain:
        engines = [(await chain.translate(HELLO)).engine for _ in range(5)]
        assert (engines, len(server.asked)) == (["fake"] * 5, 3)
    async with chained(server, clock=100.0 + FIRST_REST_SECONDS) as chain:
        assert (await chain.translate(HELLO)).engine == "llm"


async def test_a_name_or_a_number_may_stay_as_it_is(server: FakeChat) -> None:
    async with chained(server) as chain:
        made = [
            await chain.translate(TranslationRequest(text, ES))
            for text in ("Hotel", "No.", "OK", "María García", "12", "no, no, no")
        ]
    assert [one.engine for one in made] == ["llm"] * 6


async def test_a_model_that_comes_to_no_end_gives_half_a_sentence(
    opus_directories: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sessions_app.engines.translation.opus_mt.MAX_TOKENS", 3)
    opus = OpusMtTranslator("nowhere", es_en=opus_directories["es-en"], threads=1)
    chain = ChainTranslator([opus, FakeTranslator()])
    await chain.load()
    made = await chain.translate(TranslationRequest("La casa es roja. El perro es grande.", ES))
    assert (made.engine, made.passed_over) == ("fake", (PassedOver("opus-mt", Fault.CUT),))
    await chain.aclose()


class Scripted(Translator):
    """Returns given answers, ahead of time too."""

    def __init__(self, text: str) -> None:
        self.made = Translation(text, phrases=(Phrase("a", "b"),), engine="scripted")

    async def translate(self, request: TranslationRequest) -> Translation:
        return self.made

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        return self.made

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        await tell(self.made.text)


async def test_what_is_translated_ahead_is_judged_too() -> None:
    good = ChainTranslator([Scripted("hello world")])
    assert await good.translate_ahead(HELLO) == Scripted("hello world").made
    with pytest.raises(BadTranslationError):
        await ChainTranslator([Scripted("hola mundo")]).translate_ahead(HELLO)


def test_nobody_is_judged_twice_and_who_gives_no_words_on_purpose_is_not() -> None:
    once = judged(Scripted("hello"))
    assert judged(once) is once
    for translator in (NoTranslator(), FakeTranslator(), ChainTranslator([])):
        assert judged(translator) is translator
