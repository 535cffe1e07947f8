"""The exchange that an utterance becomes once it is translated, or cannot be."""

from sessions_app.core.corrections import as_correction
from sessions_app.core.errors import BadTranslationError, EngineError
from sessions_app.core.events import Exchange, Failure, FinalTranscript, Translation
from sessions_app.pipeline.idioms.book import IdiomBook
from sessions_app.pipeline.utterance import Utterance


def exchange_of(
    utterance: Utterance,
    final: FinalTranscript,
    translation: Translation,
    failure: Failure | None,
    transcriber: str,
    idioms: IdiomBook,
) -> Exchange:
    """Return the exchange, not stored yet; ``transcriber`` names the engine that heard it."""
    return Exchange(
        utterance_id=utterance.id,
        source=final.text,
        translated=translation.text,
        language=final.language,
        direction=final.direction,
        start_seconds=final.start_seconds,
        end_seconds=final.end_seconds,
        corrected=translation.corrected,
        speaker=final.speaker,
        phrases=idioms.noticed(
            tuple(map(as_correction, translation.phrases)), final.text, final.language
        ),
        confidence=min(final.confidence, translation.confidence),
        transcriber="" if utterance.text else transcriber,
        translator=translation.engine,
        failure=failure.code if failure else "",
        usage=translation.usage,
        passed_over=translation.passed_over,
        is_gist=translation.is_gist,
    )


def untranslated(utterance: Utterance, error: EngineError | TimeoutError) -> Failure:
    """Return the failure to report for an utterance whose translation failed with ``error``."""
    message = str(error)
    if isinstance(error, TimeoutError):
        message = "The translator did not answer in time."
    fault = error.fault if isinstance(error, BadTranslationError) else ""
    return Failure("translation_failed", message, utterance.id, fault=fault)
