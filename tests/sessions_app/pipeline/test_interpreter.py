"""The interpreter: utterances become exchanges in the order in which they were spoken."""

import math
from dataclasses import replace

import pytest

from sessions_app.core.errors import EngineError
from sessions_app.core.events import (
    Direction,
    Exchange,
    Failure,
    FinalTranscript,
    Manner,
    Mode,
    Said,
    Transcript,
    Translation,
    TranslationRequest,
)
from sessions_app.engines.base import Encoding, Tell
from sessions_app.engines.fake import FakeTranscriber, FakeTranslator
from sessions_app.pipeline import interpreter as room
from tests.house import eventually
from tests.sessions_app.pipeline.assembled import assembled
from tests.sounds import say, silence


class AskingTranslator(FakeTranslator):
    """A translator that records its requests; the first answer takes longest."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[TranslationRequest] = []

    async def translate(self, request: TranslationRequest) -> Translation:
        self.asked.append(request)
        return await super().translate(request)


class DraftingTranslator(AskingTranslator):
    """A translator that records also which drafts it was asked for, and makes none."""

    def __init__(self) -> None:
        super().__init__()
        self.drafted: list[TranslationRequest] = []

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        self.drafted.append(request)


async def test_finals_and_translations_keep_the_order_in_which_things_were_said() -> None:
    async with assembled(FakeTranscriber(delay_seconds=0.02)) as pipeline:
        await pipeline.hear([(say("hola") + silence(1)) * 2])
        await pipeline.type("gracias")
        await pipeline.interpreter.join()
    kinds = (FinalTranscript, Exchange)
    ids = [(type(e), e.utterance_id) for e in pipeline.told if isinstance(e, kinds)]
    assert [i for kind, i in ids if kind is FinalTranscript] == [1, 2, 3]
    assert [i for kind, i in ids if kind is Exchange] == [1, 2, 3]
    assert [e.exchange_id for e in pipeline.told if isinstance(e, Exchange)] == [1, 2, 3]


async def test_a_translator_is_given_what_was_said_before() -> None:
    translator = AskingTranslator()
    async with assembled(translator=translator) as pipeline:
        pipeline.session.manner = Manner(Direction.ES_TO_EN, Mode.CLASSROOM)
        for text in ("hola", "mundo"):
            await pipeline.type(text)
        await pipeline.interpreter.join()
    name = "Spanish speaker"
    assert translator.asked == [
        TranslationRequest("hola", Direction.ES_TO_EN, (), Mode.CLASSROOM, name),
        TranslationRequest(
            "mundo",
            Direction.ES_TO_EN,
            (Said("hola", "hello", Direction.ES_TO_EN, name),),
            Mode.CLASSROOM,
            name,
        ),
    ]


async def test_a_draft_is_asked_for_like_the_translation_that_follows_it() -> None:
    translator = DraftingTranslator()
    async with assembled(translator=translator, has_partials=True) as pipeline:
        pipeline.session.manner = Manner(Direction.ES_TO_EN, Mode.CLASSROOM)
        listener = await pipeline.assembly.open_listener(Encoding.PCM_S16LE)
        await listener.hear(say("hola mundo agua"))
        await eventually(lambda: translator.drafted != [])
        await listener.finish()
        await pipeline.interpreter.join()
    drafted, final = translator.drafted[0], translator.asked[-1]
    assert replace(drafted, text=final.text) == final
    assert (final.mode, final.speaker) == (Mode.CLASSROOM, "Spanish speaker")


async def test_a_translator_is_given_no_more_than_the_last_six() -> None:
    translator = AskingTranslator()
    async with assembled(translator=translator) as pipeline:
        for _ in range(9):
            await pipeline.type("hola")
        await pipeline.interpreter.join()
    assert [len(request.context) for request in translator.asked] == [0, 1, 2, 3, 4, 5, 6, 6, 6]


async def test_what_is_forgotten_is_no_context() -> None:
    translator = AskingTranslator()
    async with assembled(translator=translator) as pipeline:
        await pipeline.type("hola")
        await pipeline.interpreter.join()
        pipeline.interpreter.reset()
        await pipeline.type("mundo")
        await pipeline.interpreter.join()
    assert translator.asked[1].context == ()


async def test_what_will_never_be_kept_is_told_all_the_same_and_that_it_is_not_kept() -> None:
    async with assembled() as pipeline:
        pipeline.is_full = True
        await pipeline.type("hola")
        await pipeline.interpreter.join()
        pipeline.is_full = False
        await pipeline.type("gracias")
        await pipeline.interpreter.join()
    assert [(f.code, f.about) for f in pipeline.told if isinstance(f, Failure)] == [("not_kept", 1)]
    said = [(e.source, e.exchange_id) for e in pipeline.told if isinstance(e, Exchange)]
    assert said == [("hola", None), ("gracias", 1)]


async def test_a_translator_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "TRANSLATION_SECONDS", 0.05)
    async with assembled(translator=FakeTranslator(delay_seconds=60)) as pipeline:
        await pipeline.type("hola")
        await pipeline.interpreter.join()
    assert [f for f in pipeline.told if isinstance(f, Failure)] == [
        Failure("translation_failed", "The translator did not answer in time.", about=1)
    ]
    assert [(e.source, e.translated, e.failure) for e in pipeline.kept] == [
        ("hola", "", "translation_failed")
    ]


async def test_a_word_that_cannot_be_heard_is_discarded_by_its_reason() -> None:
    async with assembled(FakeTranscriber(failing_word="agua")) as pipeline:
        await pipeline.hear([say("quiero agua") + silence(1) + say("hola")])
    assert pipeline.texts == ["hola"]
    assert set(pipeline.account.discarded) == {"engine_failed"}
    assert pipeline.account.unfinished == 0


async def test_nothing_waits_any_more_once_it_is_drained() -> None:
    async with assembled() as pipeline:
        await pipeline.hear([(say("hola") + silence(1)) * 3])
        interpreter = pipeline.interpreter
        assert (interpreter.transcribing.is_idle, interpreter.translating.is_idle) == (True, True)
        assert interpreter.lateness.seconds == 0


async def test_an_error_is_fit_to_be_shown() -> None:
    class Secretive(FakeTranslator):
        async def translate(self, request: TranslationRequest) -> Translation:
            raise EngineError("The translator is out.") from OSError("/secret")

    async with assembled(translator=Secretive()) as pipeline:
        await pipeline.type("hola")
        await pipeline.interpreter.join()
    assert [f.message for f in pipeline.told if isinstance(f, Failure)] == [
        "The translator is out."
    ]


async def test_words_are_kept_where_the_translator_has_a_bug_and_if_not_that_is_told() -> None:
    class Broken(FakeTranslator):
        async def translate(self, request: TranslationRequest) -> Translation:
            raise KeyError(request.text)

    async with assembled(translator=Broken()) as pipeline:
        await pipeline.type("hola")
        await pipeline.interpreter.join()
        pipeline.is_full = True
        await pipeline.type("mundo")
        await pipeline.interpreter.join()
    assert [(e.source, e.failure) for e in pipeline.kept] == [("hola", "internal")]
    told = [(f.code, f.about) for f in pipeline.told if isinstance(f, Failure)]
    assert told == [("internal", 1), ("internal", 2), ("not_kept", 2)]


async def test_a_confidence_that_is_no_number_counts_as_none() -> None:
    class Unsure(FakeTranscriber):
        async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
            heard = await super().transcribe(pcm, language=language, final=final)
            return replace(heard, confidence=math.nan)

    async with assembled(Unsure()) as pipeline:
        await pipeline.hear([say("hola") + silence(1)])
    assert [(e.source, e.translated, e.confidence) for e in pipeline.kept] == [
        ("hola", "hello", 0.0)
    ]
