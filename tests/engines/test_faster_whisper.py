"""The real faster-whisper on tiny models: languages, where models come from, what goes wrong."""

import asyncio
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path

import faster_whisper  # type: ignore[import-untyped]
import numpy as np
import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Transcript
from sessions_app.engines.speech.faster_whisper import FasterWhisperTranscriber
from sessions_app.engines.speech.whisper_model import (
    LEANING,
    AbandonedError,
    EncodingModel,
    Samples,
    WhisperOptions,
    open_model,
)
from sessions_app.engines.text.log_odds import log_odds, probability_of
from tests.engines.conftest import HEARD
from tests.sounds import say, speech
from tests.tiny.fakehub import FakeHub
from tests.tiny.whisper import Shape, make_whisper

pytestmark = pytest.mark.slow

PCM = say("hola mundo")


async def heard(transcriber: FasterWhisperTranscriber, language: str | None = None) -> Transcript:
    try:
        await transcriber.load()
        return await transcriber.transcribe(PCM, language=language, final=True)
    finally:
        await transcriber.aclose()


async def test_the_language_is_found_among_spanish_and_english(
    spanish_whisper_directory: Path,
) -> None:
    transcript = await heard(FasterWhisperTranscriber(str(spanish_whisper_directory)))
    assert (transcript.text, transcript.language) == ("hola mundo", "es")


@pytest.mark.parametrize("language", ["pt", "hi", "ja", "it"])
async def test_what_is_not_taken_for_english_is_spanish(tmp_path: Path, language: str) -> None:
    """Whisper's probability of Spanish leaks to many languages, that of English does not."""
    strange = make_whisper(tmp_path / "strange", "hola mundo", language)
    transcriber = FasterWhisperTranscriber(str(strange))
    await transcriber.load()
    found = await transcriber.language_probabilities(PCM)
    transcript = await transcriber.transcribe(PCM, language=None, final=True)
    await transcriber.aclose()
    assert found["es"] > 0.9
    assert found["es"] + found["en"] == pytest.approx(1)
    assert transcript.language == "es"


async def test_what_is_heard_for_its_language_and_then_for_its_words_is_encoded_once(
    spanish_whisper_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []

    def counted(model: faster_whisper.WhisperModel, features: Samples) -> object:
        encoded.append(features.shape[-1])
        return encode(model, features)

    transcriber = FasterWhisperTranscriber(str(spanish_whisper_directory))
    await transcriber.load()
    encode = faster_whisper.WhisperModel.encode
    monkeypatch.setattr(faster_whisper.WhisperModel, "encode", counted)
    pcm = np.tile(np.frombuffer(PCM, "<i2"), 6).tobytes()  # longer than a word, which is special
    await transcriber.language_probabilities(pcm)
    heard = await transcriber.transcribe(pcm, language="es", final=True)
    await transcriber.aclose()
    assert encoded == [3000]
    assert len(heard.words) == 2


@pytest.mark.parametrize(("seconds", "times"), [(0.9, 2), (1.9, 2), (2.1, 1)])
def test_the_language_of_a_word_is_looked_for_in_three_of_it_too(
    whisper_directory: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, times: int
) -> None:
    runner = open_model(whisper_directory, "cpu", None, 1, workers=1, options=WhisperOptions())
    looked: list[tuple[Samples, float]] = []

    def noted(model: EncodingModel, samples: Samples) -> Sequence[tuple[str, float]]:
        found = languages_in(model, samples)
        looked.append((samples, dict(found)["en"]))
        return found

    languages_in = EncodingModel.languages_in
    monkeypatch.setattr(EncodingModel, "languages_in", noted)
    word = np.resize(spectrum(say("hola")), round(seconds * 16_000))
    found = runner.language_probabilities(word)
    assert len(looked) == times
    expected = looked[0][1]
    if times == 2:
        assert np.array_equal(looked[0][0][: 3 * len(word)], np.tile(word, 3))
        expected = probability_of(sum(log_odds(english) for _, english in looked) / 2 + LEANING)
    assert found["en"] == pytest.approx(expected)
    assert found["es"] + found["en"] == pytest.approx(1)


async def test_a_language_that_is_given_is_not_looked_for(whisper_directory: Path) -> None:
    transcript = await heard(FasterWhisperTranscriber(str(whisper_directory)), "es")
    assert transcript.language == "es"


async def test_an_english_only_model_says_so_and_refuses_spanish(tmp_path: Path) -> None:
    english = make_whisper(tmp_path / "english", HEARD, english_only=True)
    transcriber = FasterWhisperTranscriber(str(english))
    await transcriber.load()
    assert transcriber.languages == {"en"}
    assert await transcriber.language_probabilities(PCM) == {"es": 0.0, "en": 1.0}
    assert (await transcriber.transcribe(PCM, language=None, final=True)).text == HEARD
    with pytest.raises(EngineError, match="English only"):
        await transcriber.transcribe(PCM, language="es", final=True)
    await transcriber.aclose()


async def test_a_model_that_hears_nothing_gives_no_words(tmp_path: Path) -> None:
    silent = make_whisper(tmp_path / "silent", "")
    transcript = await heard(FasterWhisperTranscriber(str(silent)), "en")
    assert (transcript.text, transcript.confidence) == ("", 0.0)


async def test_several_workers_take_several_pieces_at_once(whisper_directory: Path) -> None:
    transcriber = FasterWhisperTranscriber(str(whisper_directory), workers=3, hotwords="Ana")
    await transcriber.load()
    calls = [transcriber.transcribe(PCM, language=None, final=False) for _ in range(9)]
    answers = await asyncio.gather(*calls)
    await transcriber.aclose()
    assert transcriber.parallel == 3
    assert [answer.text for answer in answers] == [HEARD] * 9


async def test_a_model_that_is_not_there_is_fetched_and_then_stays(
    fake_hub: FakeHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    transcriber = FasterWhisperTranscriber(
        "small", models_dir=tmp_path, progress=lambda step, _: told.append(step)
    )
    assert (await heard(transcriber, "en")).text == HEARD
    assert "fetching whisper-small" in told
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    again = FasterWhisperTranscriber("small", models_dir=tmp_path)
    assert (await heard(again, "en")).text == HEARD


async def test_any_repository_of_the_hub_may_be_named(
    fake_hub: FakeHub, spanish_whisper_directory: Path, tmp_path: Path
) -> None:
    fake_hub.repositories["somebody/mi-whisper"] = spanish_whisper_directory
    transcriber = FasterWhisperTranscriber("somebody/mi-whisper", models_dir=tmp_path)
    assert (await heard(transcriber, "es")).text == "hola mundo"
    assert "not verified" in str(transcriber.why)


async def test_a_hub_that_is_out_of_reach_is_found_out_soon_and_told_with_a_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    transcriber = FasterWhisperTranscriber("small", models_dir=tmp_path)
    began = time.monotonic()
    with pytest.raises(EngineUnavailableError, match="fetch_models whisper-small"):
        await transcriber.load()
    assert time.monotonic() - began < 10
    await transcriber.aclose()


async def test_a_directory_that_is_no_model_is_told_with_what_it_lacks(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match=r"config\.json, model\.bin, tokenizer\.json"):
        await heard(FasterWhisperTranscriber(str(tmp_path)))


async def test_a_model_that_is_broken_says_how_to_mend_it(
    whisper_directory: Path, tmp_path: Path
) -> None:
    shutil.copytree(whisper_directory, tmp_path, dirs_exist_ok=True)
    os.truncate(tmp_path / "model.bin", 99)
    with pytest.raises(EngineUnavailableError, match="Fetch it again"):
        await heard(FasterWhisperTranscriber(str(tmp_path)))


@pytest.mark.parametrize(("device", "compute_type"), [("abacus", None), ("cpu", "int7")])
async def test_a_device_or_precision_that_is_not_there_is_told(
    whisper_directory: Path, device: str, compute_type: str | None
) -> None:
    directory = str(whisper_directory)
    transcriber = FasterWhisperTranscriber(directory, device=device, compute_type=compute_type)
    with pytest.raises(EngineUnavailableError, match="does not run here"):
        await heard(transcriber)


async def test_a_cancelled_load_leaves_nothing_that_hinders_closing(
    whisper_directory: Path,
) -> None:
    transcriber = FasterWhisperTranscriber(str(whisper_directory))
    loading = asyncio.create_task(transcriber.load())
    await asyncio.wait([loading], timeout=0.001)
    loading.cancel()
    await asyncio.wait([loading])
    async with asyncio.timeout(5):
        await transcriber.aclose()


def spectrum(pcm: bytes) -> Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float32) / np.float32(32_768)


@pytest.mark.parametrize("seconds", [0.3, 5, 15, 25, 29])
def test_a_partial_of_any_length_is_heard(whisper_directory: Path, seconds: float) -> None:
    runner = open_model(whisper_directory, "cpu", None, 1, workers=1, options=WhisperOptions())
    samples = spectrum(speech(seconds))
    assert runner.transcribe(samples, "en", False).text.startswith(HEARD.split()[0])
    guessed = runner.language_probabilities(samples, False)
    assert guessed["en"] > guessed["es"]


@pytest.mark.parametrize("steps", [0, 1])
def test_what_nobody_waits_for_ends_at_the_next_step(whisper_directory: Path, steps: int) -> None:
    runner = open_model(whisper_directory, "cpu", None, 1, workers=1, options=WhisperOptions())
    left = iter([True] * steps)
    with pytest.raises(AbandonedError):
        runner.transcribe(spectrum(PCM), "en", True, lambda: next(left, False))
    assert runner.transcribe(spectrum(PCM), "en", True).text == HEARD


async def test_who_is_cancelled_comes_back_when_the_engine_is_free(whisper_directory: Path) -> None:
    transcriber = FasterWhisperTranscriber(str(whisper_directory))
    await transcriber.load()
    for moment in (0.0, 0.001, 0.01):
        call = asyncio.create_task(transcriber.transcribe(PCM, language="en", final=True))
        await asyncio.wait([call], timeout=moment)
        call.cancel()
        await asyncio.wait([call])
        assert (await transcriber.transcribe(PCM, language="en", final=True)).text == HEARD
    await transcriber.aclose()


async def test_closing_does_not_wait_for_what_nobody_waits_for(tmp_path: Path) -> None:
    """A self-test, or a benchmark, in the middle of its sound keeps no server from ending."""
    slow = make_whisper(tmp_path / "whisper-base", shape=Shape(512, 8, 6, 2048))
    transcriber = FasterWhisperTranscriber(models_dir=tmp_path, threads=1)
    await transcriber.load()
    began = time.monotonic()
    await transcriber.transcribe(PCM, language="en", final=False)
    whole = time.monotonic() - began
    measuring = asyncio.create_task(transcriber.measure_speed())
    left = asyncio.create_task(transcriber.transcribe(PCM + PCM, language="en", final=True))
    await asyncio.wait({measuring, left}, timeout=whole / 4)
    left.cancel()
    began = time.monotonic()
    await transcriber.aclose()
    assert time.monotonic() - began < whole / 2
    await asyncio.wait({measuring, left})
    assert isinstance(measuring.exception(), EngineError)
    assert slow.is_dir()
