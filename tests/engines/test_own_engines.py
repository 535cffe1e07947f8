"""Engines of one's own: whatever they leave out, they are given the default of it."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sessions_app.engines.base import (
    BOTH_DIRECTIONS,
    BOTH_LANGUAGES,
    Direction,
    EngineBusyError,
    EngineError,
    EngineUnavailableError,
    Transcript,
    Translation,
    TranslationRequest,
)
from sessions_app.engines.choices import EngineChoice, EngineSettings
from sessions_app.engines.loading import Engines, load_engines
from sessions_app.engines.scheduler import Scheduler

HERE = "tests.engines.test_own_engines"
HELLO = TranslationRequest("hola", Direction.ES_TO_EN)
PCM = bytes(32_000)


class BareTranscriber:
    """Has what it must have, and nothing else."""

    __slots__ = ("asked",)

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    async def load(self) -> None: ...

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        self.asked.append(language)
        return Transcript("hello", language or "en")

    async def aclose(self) -> None: ...


class TellingTranscriber(BareTranscriber):
    """Tells Spanish by its sound, and says more of itself."""

    parallel = 2
    why = "It is slow."

    async def language_probabilities(self, pcm: bytes) -> dict[str, float]:
        return {"es": 1.0, "en": 0.0}


class Shouting(ABC):
    """An abstract class of someone else's."""

    @abstractmethod
    async def translate(self, request: TranslationRequest) -> Translation: ...


class BareTranslator(Shouting):
    """Has what it must have, and nothing else."""

    def __init__(self, end: str = "!") -> None:
        self._end = end
        self.is_closed = False

    async def load(self) -> None: ...

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("hello" + self._end)

    async def aclose(self) -> None:
        self.is_closed = True


class BareDetector:
    """Hears speech in everything."""

    def stream(self) -> "BareDetector":
        return self

    def probabilities(self, pcm: bytes) -> Sequence[float]:
        return [1.0] * (len(pcm) // 1024)


class Closed(type):
    """What nothing else can be inherited beside."""


class ClosedTranslator(BareDetector, metaclass=Closed):
    pass


class BusyTranslator:
    """Translates Spanish only, and asks to be left alone."""

    directions = frozenset({Direction.ES_TO_EN})
    asked = 0

    async def translate(self, request: TranslationRequest) -> Translation:
        self.asked += 1
        raise EngineBusyError("It is too much for it.", rest_seconds=30)


class Quiet(BareTranscriber):
    """Says that it cannot tell languages, though it has the method."""

    can_tell_languages = False

    async def language_probabilities(self, pcm: bytes) -> dict[str, float]:
        raise AssertionError("It said that it cannot tell.")


class NoLines(BareTranscriber):
    parallel = 0


class French(BareTranscriber):
    languages = frozenset({"fr"})


class Speechless(BareTranscriber):
    languages: frozenset[str] = frozenset()


class Bare(BareTranslator):
    directions = ("es_to_en",)


class Needy(BareTranslator):
    """Needs an address and a key, and is given the directory of models."""

    def __init__(self, url: str, *, key: str, models_dir: Path, progress: Any) -> None:
        super().__init__(f" {models_dir}")
        if not url:
            raise ValueError(key)


class WithPhrasebook(BareTranslator):
    """Translates by rules, as it were, and leaves everyday sentences to the phrasebook."""

    needs_phrasebook = True


class RuleBased(WithPhrasebook):
    """Says that it translates by rules."""

    is_rule_based = True


class SometimesByRules(BareTranslator):
    """Falls back on rules of its own where there is a question."""

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("hello" + self._end, is_gist="?" in request.text)


class Careless(BareTranslator):
    """Says that it translates by rules, and returns what is no translation."""

    is_rule_based = True

    async def translate(self, request: TranslationRequest) -> Any:
        return "hello"


class Untranslating(BareTranslator):
    """Says that it translates nothing."""

    translates = False

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("")


class Broken(BareTranslator):
    """Has a bug that shows when it is made, or when it is loaded."""

    def __init__(self, *, waits: bool = False) -> None:
        self._waits = waits
        if not waits:
            raise KeyError("/srv/secret")

    async def load(self) -> None:
        raise OSError("/srv/secret")


def made_translator() -> BareTranslator:
    return BareTranslator()


def likeliest(found: Mapping[str, float] | None) -> str | None:
    return max(found, key=found.__getitem__) if found else None


def settings(
    transcriber: str = "BareTranscriber", translator: str = "BareTranslator"
) -> EngineSettings:
    return EngineSettings(
        transcriber=EngineChoice(f"{HERE}.{transcriber}"),
        translator=EngineChoice(f"{HERE}.{translator}"),
        detector=EngineChoice(f"{HERE}.BareDetector"),
        models_dir=Path("nowhere"),
    )


@pytest.fixture
async def engines(request: pytest.FixtureRequest) -> AsyncIterator[Engines]:
    loaded = await load_engines(settings(getattr(request, "param", "BareTranscriber")))
    yield loaded
    await loaded.aclose()


async def test_a_transcriber_that_says_nothing_of_itself_has_the_defaults(engines: Engines) -> None:
    transcriber: Any = engines.transcriber

    assert (transcriber.languages, transcriber.parallel) == (BOTH_LANGUAGES, 1)
    assert (transcriber.is_interruptible, transcriber.can_tell_languages) == (False, False)
    assert (transcriber.why, transcriber.sample) == (None, b"")
    seat = Scheduler(transcriber).seat()
    assert await seat.language_probabilities(PCM) is None
    assert (await seat.final(PCM, None)).text == "hello"
    assert await seat.partial(lambda: PCM, likeliest) is not None
    assert transcriber.asked == [None, None]


@pytest.mark.parametrize("engines", ["TellingTranscriber"], indirect=True)
async def test_what_it_says_of_itself_is_believed(engines: Engines) -> None:
    transcriber: Any = engines.transcriber
    assert (transcriber.parallel, transcriber.can_tell_languages) == (2, True)
    assert engines.infos["transcriber"].why == "It is slow."
    seat = Scheduler(transcriber).seat()
    assert await seat.language_probabilities(PCM) == {"es": 1.0, "en": 0.0}
    await seat.partial(
        lambda: PCM, lambda found: max(found, key=found.__getitem__) if found else ""
    )
    assert transcriber.asked == ["es"]


async def test_a_translator_that_says_nothing_of_itself_has_the_defaults(engines: Engines) -> None:
    translator = engines.translator
    told: list[str] = []

    async def tell(draft: str) -> None:
        told.append(draft)

    assert (translator.directions, translator.is_cloud) == (BOTH_DIRECTIONS, False)
    assert (translator.corrects, translator.why, translator.remote_model) == (False, None, None)
    assert engines.infos["translator"].languages == ("en", "es")
    assert (await translator.translate(HELLO)).text == "hello!"
    assert await translator.translate_ahead(HELLO) is None
    await translator.draft(HELLO, tell)
    assert told == []
    assert await translator.find_topic((), "weather") == ""


async def test_models_dir_and_progress_are_given_to_who_takes_them() -> None:
    needy = EngineChoice(f"{HERE}.Needy", {"url": "there", "key": "k"})
    engines = await load_engines(replace(settings(), translator=needy))
    assert (await engines.translator.translate(HELLO)).text == "hello nowhere"
    await engines.aclose()


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("Broken", {}, "Broken failed while loading (KeyError in test_own_engines.py, line "),
        ("Broken", {"waits": True}, "Broken failed while loading (OSError in test_own_engines.py,"),
        ("Needy", {"url": "", "key": "k"}, "cannot use a value in its OPTIONS (ValueError in test"),
    ],
)
async def test_a_bug_while_loading_is_told_by_its_place_and_the_log_has_the_rest(
    name: str, options: dict[str, Any], complaint: str, caplog: pytest.LogCaptureFixture
) -> None:
    choice = EngineChoice(f"{HERE}.{name}", options)
    with pytest.raises(EngineUnavailableError) as failure:
        await load_engines(replace(settings(), translator=choice))
    assert complaint in str(failure.value)
    assert "secret" not in str(failure.value)
    assert ("/srv/secret" in caplog.text) is (name == "Broken")


async def test_who_does_not_name_itself_is_named_as_it_was_chosen(engines: Engines) -> None:
    assert (await engines.translator.translate(HELLO)).engine == f"{HERE}.BareTranslator"


async def test_who_asks_for_the_phrasebook_is_not_asked_for_what_it_has() -> None:
    engines = await load_engines(settings(translator="WithPhrasebook"))
    asked = [TranslationRequest(text, Direction.ES_TO_EN) for text in ("¿Cómo estás?", "hola yo")]
    answers = [await engines.translator.translate(request) for request in asked]
    assert [answer.engine for answer in answers] == ["phrasebook", f"{HERE}.WithPhrasebook"]
    await engines.aclose()


@pytest.mark.parametrize(
    ("translator", "expected"),
    [
        ("RuleBased", {"hola yo": True, "¿Cómo estás?": False, "hola yo. ¿Cómo estás?": True}),
        ("SometimesByRules", {"hola yo": False, "¿hola yo?": True}),
        ("BareTranslator", {"hola yo": False}),
    ],
)
async def test_what_is_translated_by_rules_is_marked_as_the_gist(
    translator: str, expected: dict[str, bool]
) -> None:
    engines = await load_engines(settings(translator=translator))
    for text, is_gist in expected.items():
        made = await engines.translator.translate(TranslationRequest(text, Direction.ES_TO_EN))
        assert (text, made.is_gist) == (text, is_gist)
    await engines.aclose()


async def test_rules_that_return_no_translation_are_told_of() -> None:
    engines = await load_engines(settings(translator="Careless"))
    with pytest.raises(EngineError, match="returned str, not a Translation"):
        await engines.translator.translate(HELLO)
    await engines.aclose()


async def test_who_translates_nothing_is_not_judged_for_it() -> None:
    engines = await load_engines(settings(translator="Untranslating"))
    info = engines.infos["translator"]
    assert (info.name, info.languages, info.is_none) == (f"{HERE}.Untranslating", (), True)
    assert "stays untranslated" in (info.why or "")
    assert await engines.translator.translate(HELLO) == Translation("")
    await engines.aclose()


async def test_a_detector_needs_neither_be_loaded_nor_closed(engines: Engines) -> None:
    assert engines.detector.stream().probabilities(bytes(2048)) == [1.0, 1.0]


@pytest.mark.parametrize(
    ("translator", "hint"),
    [
        (
            "BareTranscriber",
            "BareTranscriber is not the class of a translator. It has no translate",
        ),
        ("Shouting", "Shouting is not the class of a translator. It has no translate."),
        ("made_translator", "made_translator is not the class of a translator."),
        ("ClosedTranslator", "ClosedTranslator is not the class of a translator."),
    ],
)
async def test_what_is_no_translator_is_told(translator: str, hint: str) -> None:
    with pytest.raises(EngineUnavailableError, match=hint) as failure:
        await load_engines(settings(translator=translator))
    assert str(failure.value).startswith("HABLA_TRANSLATOR: ")


async def test_a_translator_that_asks_for_rest_has_it_and_is_asked_for_no_other_direction() -> None:
    engines = await load_engines(settings(translator="BusyTranslator"))
    with pytest.raises(EngineError, match="no translator for this direction"):
        await engines.translator.translate(TranslationRequest("hello", Direction.EN_TO_ES))
    with pytest.raises(EngineBusyError, match="too much for it"):
        await engines.translator.translate(HELLO)
    with pytest.raises(EngineError, match="left alone for now"):
        await engines.translator.translate(HELLO)
    assert engines.infos["translator"].languages == ("es",)
    await engines.aclose()


@pytest.mark.parametrize("engines", ["Quiet"], indirect=True)
async def test_who_cannot_tell_languages_is_not_asked_for_them(engines: Engines) -> None:
    transcriber: Any = engines.transcriber
    assert await Scheduler(transcriber).seat().partial(lambda: PCM, likeliest) is not None


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        ({"transcriber": "NoLines"}, "NoLines.parallel is 0; a whole number of at least 1"),
        ({"transcriber": "French"}, "French.languages is frozenset({'fr'}); a frozenset of 'es',"),
        ({"transcriber": "Speechless"}, "Speechless.languages is frozenset(); a frozenset of"),
        ({"translator": "Bare"}, "Bare.directions is ('es_to_en',); a frozenset of Direction.ES_"),
    ],
)
async def test_what_no_engine_can_say_of_itself_is_told(
    chosen: dict[str, str], complaint: str
) -> None:
    with pytest.raises(EngineUnavailableError) as failure:
        await load_engines(settings(**chosen))
    assert complaint in str(failure.value)


async def test_options_are_its_own(engines: Engines) -> None:
    choice = EngineChoice(f"{HERE}.BareTranslator", {"end": "?"})
    other = await load_engines(
        EngineSettings(EngineChoice("none"), choice, EngineChoice("fake"), Path("nowhere"))
    )
    assert (await other.translator.translate(HELLO)).text == "hello?"
    await asyncio.gather(other.aclose(), engines.aclose())
