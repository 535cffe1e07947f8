"""Engines that anybody might write, named in settings by their dotted path."""

import asyncio
import math
from typing import Any, ClassVar

from sessions_app.core.errors import EngineError
from sessions_app.core.events import Phrase, Transcript, Translation, TranslationRequest, Usage
from sessions_app.engines.fake import FakeDetector, FakeDetectorStream, FakeTranscriber

RECALLING = "tests.scenarios.engines.RecallingTranslator"
FAULTY = "tests.scenarios.engines.FaultyTranslator"
FAULTY_EAR = "tests.scenarios.engines.FaultyTranscriber"
FAULTY_DETECTOR = "tests.scenarios.engines.FaultyDetector"
RULE_BASED = "tests.scenarios.engines.RuleBasedTranslator"
REFUSING = "tests.scenarios.engines.RefusingTranslator"
CARELESS = "tests.scenarios.engines.CarelessTranslator"
RUDE = "tests.scenarios.engines.RudeTranslator"
STRANGE = "tests.scenarios.engines.StrangeTranslator"
FOREIGN = "tests.scenarios.engines.ForeignTranscriber"


class RecallingTranslator:
    """Returns what it was given: the mode, the speaker, and what was said before."""

    async def load(self) -> None:
        """Load nothing."""

    async def translate(self, request: TranslationRequest) -> Translation:
        before = ",".join(said.source for said in request.context)
        return Translation(f"{request.mode} {request.speaker} [{before}]", engine="recalling")

    async def aclose(self) -> None:
        """Hold nothing."""


class FaultyTranslator(RecallingTranslator):
    """Has a bug that shows at the word agua, with a secret in it."""

    async def translate(self, request: TranslationRequest) -> Translation:
        if "agua" in request.text:
            raise KeyError("/srv/secret")
        return Translation(request.text.upper(), engine="faulty")


class CarelessTranslator(RecallingTranslator):
    """Returns text that no database stores and no WebSocket carries."""

    async def translate(self, request: TranslationRequest) -> Translation:
        phrase = Phrase("ho\0la", "half \ud83d")
        name = "careless" * 100
        return Translation("hel\0lo \ud83d", "", (phrase,), math.nan, name)


class StrangeTranslator(RecallingTranslator):
    """Returns a translation, and beside it, by the word, what no field is declared to hold."""

    ODD: ClassVar[dict[str, dict[str, Any]]] = {
        "hola": {"usage": Usage(cost=math.nan)},
        "mundo": {"usage": Usage(2**70, -1, -0.5)},
        "gracias": {"usage": None, "passed_over": None},
        "agua": {"phrases": (Phrase("a", "b", start=math.nan), {"text": "x"})},  # type: ignore[arg-type]
        "casa": {"phrases": None, "confidence": None},
        "roja": {"phrases": ({"text": "x"},), "confidence": None, "corrected": None},
        "es": {"confidence": 7, "engine": None},
    }

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation(**{"text": "fine", "engine": "strange", **self.ODD[request.text]})


class RuleBasedTranslator(RecallingTranslator):
    """Says that it translates by rules."""

    is_rule_based = True

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation("hello world")


class RefusingTranslator(RecallingTranslator):
    """Cannot be loaded, and raises an engine's own error."""

    async def load(self) -> None:
        raise EngineError("The refusing translator wants a key.")


class RudeTranslator(RecallingTranslator):
    """Cannot be loaded, and raises an error that is not one of ours."""

    async def load(self) -> None:
        await asyncio.sleep(0)
        raise OSError("/srv/secret")


class FaultyTranscriber(FakeTranscriber):
    """Has a bug that shows at the word agua, with a secret in it."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        transcript = await super().transcribe(pcm, language=language, final=final)
        if "agua" in transcript.text and final:
            raise KeyError("/srv/secret")
        return transcript


class ForeignTranscriber(FakeTranscriber):
    """Answers in a language that nobody asked for."""

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        transcript = await super().transcribe(pcm, language=language, final=final)
        return Transcript(transcript.text, "fr")


class FaultyDetectorStream(FakeDetectorStream):
    """Fails at the first sound that is loud."""

    def probabilities(self, pcm: bytes) -> list[float]:
        found = list(super().probabilities(pcm))
        if 1.0 in found:
            raise EngineError("The detector failed.")
        return found


class FaultyDetector(FakeDetector):
    """Makes streams that fail."""

    def stream(self) -> FakeDetectorStream:
        return FaultyDetectorStream()


class EchoingTranslator(RecallingTranslator):
    """Returns the text that it is given."""

    async def translate(self, request: TranslationRequest) -> Translation:
        return Translation(request.text, engine="echoing")
