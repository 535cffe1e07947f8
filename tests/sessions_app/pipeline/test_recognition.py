"""From sound to words: which language the engine is given, and which answers are believed."""

import math
from collections.abc import Mapping

import pytest

from sessions_app.core.audio import count_samples
from sessions_app.core.errors import EngineError
from sessions_app.core.events import Direction, DiscardReason, Manner, Mode, Transcript
from sessions_app.engines.base import Transcriber
from sessions_app.engines.scheduler import Scheduler
from sessions_app.pipeline.recognition.recognizer import Recognizer
from sessions_app.pipeline.utterance import Utterance
from tests.sounds import say

PCM = say("hola mundo")
BOTH = frozenset({"es", "en"})


class Ears(Transcriber):
    """An engine that returns given words, by the language that it is asked for."""

    def __init__(self, **heard: str | tuple[str, float]) -> None:
        self.heard = heard
        self.asked: list[str | None] = []

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        self.asked.append(language)
        heard = self.heard[language or "found"]
        text, log_probability = heard if isinstance(heard, tuple) else (heard, -0.1)
        confidence = math.exp(log_probability)
        told = language or self.heard.get("language", "")
        return Transcript(text, str(told), confidence, average_log_probability=log_probability)


class Linguist(Ears):
    """An engine that identifies languages by the sound: ``english`` is the probability."""

    english = 0.5

    async def language_probabilities(self, pcm: bytes) -> Mapping[str, float]:
        return {"es": 1 - self.english, "en": self.english}


def utterance(
    direction: Direction = Direction.AUTO, pcm: bytes = PCM, *, number: int = 1
) -> Utterance:
    manner = Manner(direction, Mode.CONVERSATION)
    return Utterance(number, manner, pcm=pcm, end_sample=count_samples(pcm))


async def heard(ears: Ears, direction: Direction = Direction.AUTO) -> tuple[str, str]:
    recognizer = Recognizer(Scheduler(ears).seat(), ears.languages)
    finding = await recognizer.hear(utterance(direction))
    assert finding.transcript is not None
    assert finding.reason is None
    return finding.transcript.language, finding.transcript.text


async def test_english_that_sounds_spanish_is_known_by_its_words() -> None:
    ears = Linguist(es=("Thank you.", -0.5), en=("Thank you.", -0.2))
    ears.english = 0.3
    assert await heard(ears) == ("en", "Thank you.")
    assert ears.asked == ["es", "en"]


async def test_spanish_that_sounds_english_is_known_by_its_words() -> None:
    ears = Linguist(
        en=("Por favor ingrese su clave", -0.6), es=("Por favor, ingrese su clave", -0.2)
    )
    ears.english = 0.7
    assert await heard(ears) == ("es", "Por favor, ingrese su clave")


async def test_words_of_the_other_language_stay_where_it_hears_worse() -> None:
    ears = Linguist(es=("Please and thank you", -0.3), en=("Bees and tank", -0.9))
    ears.english = 0.3
    assert await heard(ears) == ("es", "Please and thank you")


async def test_the_other_language_is_not_taken_where_its_own_words_contradict_it() -> None:
    ears = Linguist(es=("Thank you", -0.3), en=("gracias a todos", -0.2))
    ears.english = 0.3
    assert await heard(ears) == ("es", "Thank you")


async def test_words_that_are_of_the_chosen_language_or_of_none_are_heard_once() -> None:
    for text in ("Buenos días a todos", "Madrid", "12", "no", ""):
        ears = Linguist(es=text)
        ears.english = 0.1
        recognizer = Recognizer(Scheduler(ears).seat(), ears.languages)
        await recognizer.hear(utterance())
        assert ears.asked == ["es"]


async def test_a_language_that_people_chose_is_not_doubted() -> None:
    ears = Linguist(es="Thank you so much")
    ears.english = 0.99
    assert await heard(ears, Direction.ES_TO_EN) == ("es", "Thank you so much")
    assert ears.asked == ["es"]


async def test_an_engine_with_one_language_is_not_asked_for_another() -> None:
    ears = Linguist(en="gracias a todos")
    ears.languages = frozenset({"en"})
    assert await heard(ears) == ("en", "gracias a todos")


@pytest.mark.parametrize("told", ["pt", "it", "gl", "hi"])
async def test_a_server_that_takes_spanish_for_its_neighbours_hears_it_again(told: str) -> None:
    ears = Ears(found="boa noite", language=told, es="buenas noches")
    assert await heard(ears) == ("es", "buenas noches")
    assert ears.asked == [None, "es"]


async def test_a_server_that_does_not_tell_the_language_is_believed_by_its_words() -> None:
    assert await heard(Ears(found="good evening to all of you")) == (
        "en",
        "good evening to all of you",
    )


async def test_what_was_said_before_is_evidence_for_what_is_said_next() -> None:
    ears = Linguist(es="Madrid", en="Madrid")
    recognizer = Recognizer(Scheduler(ears).seat(), ears.languages)
    ears.english = 0.55
    for language in ("es", "en"):
        recognizer.note(utterance(), language)
        finding = await recognizer.hear(utterance(number=2))
        assert finding.transcript is not None
        assert finding.transcript.language == language


async def test_the_language_of_speech_that_goes_on_is_found_in_its_sound() -> None:
    recognizer = Recognizer(None, BOTH)
    assert recognizer.language_of_speech(None) is None
    recognizer.note(utterance(), "es")
    assert recognizer.language_of_speech(None) == "es"
    assert recognizer.language_of_speech({"es": 0.05, "en": 0.95}) == "en"


async def test_where_no_engine_hears_it_is_told() -> None:
    with pytest.raises(EngineError, match="No engine here"):
        await Recognizer(None, frozenset()).hear(utterance())


async def test_what_is_too_short_is_not_heard_at_all() -> None:
    ears = Ears()
    recognizer = Recognizer(Scheduler(ears).seat(), BOTH)
    short = Utterance(1, Manner(Direction.AUTO, Mode.CONVERSATION), pcm=PCM, too_short=True)
    assert (await recognizer.hear(short)).reason is DiscardReason.TOO_SHORT
    assert ears.asked == []
