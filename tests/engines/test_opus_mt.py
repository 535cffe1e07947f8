"""OPUS-MT translates with real CTranslate2 and SentencePiece, on tiny models."""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Direction, Translation, TranslationRequest
from sessions_app.engines.translation.opus_mt import MarianModel, OpusMtTranslator
from tests.tiny.opusmt import make_opus_mt

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES
Models = dict[str, Path]


@pytest.fixture
async def spanish(opus_directories: Models) -> AsyncIterator[OpusMtTranslator]:
    translator = OpusMtTranslator("nowhere", es_en=opus_directories["es-en"], threads=1)
    await translator.load()
    yield translator
    await translator.aclose()


def models_dir(tmp_path: Path, models: Models) -> Path:
    """A directory of models as fetch_models leaves it."""
    for name, directory in models.items():
        shutil.copytree(directory, tmp_path / f"opus-mt-{name}")
    return tmp_path


async def translate(translator: OpusMtTranslator, text: str, direction: Direction = ES) -> str:
    return (await translator.translate(TranslationRequest(text, direction))).text


async def test_sentences_are_translated_one_by_one_and_joined(spanish: OpusMtTranslator) -> None:
    text = "La casa es roja. El perro es grande. " * 8
    answer = await spanish.translate(TranslationRequest(text, ES))
    expected = " ".join(["The house is red. That dog is big."] * 8)
    assert answer == Translation(text=expected, engine="opus-mt")


async def test_what_the_model_does_not_know_is_copied(spanish: OpusMtTranslator) -> None:
    assert await translate(spanish, "hola Pepe 😀") == "hello Pepe 😀"


async def test_both_models_are_found_where_fetch_models_puts_them(
    tmp_path: Path, opus_directories: Models
) -> None:
    translator = OpusMtTranslator(models_dir(tmp_path, opus_directories), threads=1)
    await translator.load()
    assert translator.directions == {ES, EN}
    assert await translate(translator, "The house", EN) == "La casa"
    await translator.aclose()


async def test_one_model_alone_serves_its_direction(spanish: OpusMtTranslator) -> None:
    assert spanish.directions == {ES}
    with pytest.raises(EngineError, match="no model for this direction"):
        await translate(spanish, "hello", EN)


async def test_a_model_whose_converter_left_the_end_of_sentence_to_us_gets_it(
    tmp_path: Path,
) -> None:
    directory = make_opus_mt(tmp_path / "es-en")
    config = json.loads((directory / "config.json").read_text())
    assert config["add_source_eos"]
    (directory / "config.json").write_text(json.dumps({**config, "add_source_eos": False}))
    translator = OpusMtTranslator("nowhere", es_en=directory, threads=1)
    await translator.load()
    assert await translate(translator, "hola mundo") == "hello world"
    await translator.aclose()


async def test_without_models_it_says_how_to_fetch_them(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailableError, match="fetch_models opus-mt-es-en opus-mt-en-es"):
        await OpusMtTranslator(tmp_path).load()


async def test_a_directory_that_lacks_a_file_is_named_without_its_path(
    tmp_path: Path, opus_directories: Models
) -> None:
    directory = models_dir(tmp_path, opus_directories) / "opus-mt-es-en"
    (directory / "target.spm").unlink()
    with pytest.raises(EngineUnavailableError, match=r"opus-mt-es-en lacks target\.spm") as failure:
        await OpusMtTranslator("nowhere", es_en=directory).load()
    assert str(tmp_path) not in str(failure.value)


@pytest.mark.parametrize("name", ["model.bin", "source.spm", "config.json"])
async def test_a_damaged_file_is_told(tmp_path: Path, opus_directories: Models, name: str) -> None:
    directory = models_dir(tmp_path, opus_directories) / "opus-mt-es-en"
    (directory / name).write_bytes(b"not what it was")
    translator = OpusMtTranslator("nowhere", es_en=directory)
    with pytest.raises(EngineUnavailableError, match="damaged"):
        await translator.load()
    await translator.aclose()


async def test_closing_ends_requests_that_wait_with_an_error_and_not_by_cancelling(
    opus_directories: Models,
) -> None:
    translator = OpusMtTranslator("nowhere", es_en=opus_directories["es-en"], threads=1)
    await translator.load()
    asked = [
        asyncio.create_task(translate(translator, "La casa es roja. " * 80)) for _ in range(20)
    ]
    await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
    await translator.aclose()
    ends = await asyncio.gather(*asked, return_exceptions=True)
    assert {type(end) for end in ends} == {str, EngineError}


class SlowTranslator(OpusMtTranslator):
    """Is slow at each sentence, in its thread."""

    def _translate(self, model: MarianModel, sentences: list[str]) -> str:
        time.sleep(0.2)
        return super()._translate(model, sentences)


@pytest.mark.slow
async def test_the_time_of_a_request_begins_with_its_turn(opus_directories: Models) -> None:
    directory = opus_directories["es-en"]
    translator = SlowTranslator("nowhere", es_en=directory, threads=1, timeout_seconds=0.9)
    await translator.load()
    asked = [translate(translator, "hola") for _ in range(6)]
    assert await asyncio.gather(*asked) == ["hello"] * 6
    await translator.aclose()
