"""Settings become engines: the chosen ones or an error, and with auto the best that is there."""

import asyncio
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from sessions_app.core.errors import EngineError, EngineUnavailableError
from sessions_app.core.events import Direction, EngineInfo, Transcript, TranslationRequest
from sessions_app.engines.automatic import best_translator
from sessions_app.engines.base import Transcriber
from sessions_app.engines.choices import EngineChoice
from sessions_app.engines.fake import FakeDetector, FakeTranscriber, FakeTranslator
from sessions_app.engines.loading import Engines, EngineSettings, load_engines, wanted_downloads
from sessions_app.engines.none import NoTranslator
from sessions_app.engines.translation.apertium import ApertiumTranslator
from tests.engines.test_translators import needs_apertium

Models = dict[str, Path]
FAKE = EngineChoice("fake")
HERE = "tests.engines.test_loading"


class Witness(Transcriber):
    """A transcriber that records what is done with it."""

    languages = frozenset({"es"})
    made: "list[Witness]" = []

    def __init__(self, *, broken: bool = False, sticky: bool = False) -> None:
        self.closed = 0
        self._broken = broken
        self._sticky = sticky
        self.made.append(self)

    async def load(self) -> None:
        if self._broken:
            raise EngineUnavailableError("The witness is broken.")

    async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
        return Transcript("hola", "es")

    async def aclose(self) -> None:
        self.closed += 1
        if self._sticky:
            raise EngineError("The witness does not want to go.")


class SlowTranslator(FakeTranslator):
    """Never becomes ready, and says that it tries."""

    is_loading = asyncio.Event()

    async def load(self) -> None:
        self.is_loading.set()
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def _nobody_made() -> None:
    Witness.made.clear()


@pytest.fixture
def fakes(tmp_path: Path) -> EngineSettings:
    return EngineSettings(transcriber=FAKE, translator=FAKE, detector=FAKE, models_dir=tmp_path)


def put(models_dir: Path, name: str, *files: str) -> None:
    """Create a model's files, with some content, where fetch_models puts them."""
    (models_dir / name).mkdir()
    for file in files:
        (models_dir / name / file).write_bytes(b"x")


def put_whisper(models_dir: Path, name: str) -> None:
    put(models_dir, name, "config.json", "model.bin", "tokenizer.json", "vocabulary.txt")


async def test_chosen_engines_are_loaded_and_described(fakes: EngineSettings) -> None:
    told: list[tuple[str, float | None]] = []
    engines = await load_engines(fakes, lambda step, fraction: told.append((step, fraction)))
    assert isinstance(engines.transcriber, FakeTranscriber)
    assert isinstance(engines.translator, FakeTranslator)
    assert isinstance(engines.detector, FakeDetector)
    assert engines.infos == {
        "transcriber": EngineInfo("fake", ("en", "es")),
        "translator": EngineInfo("fake", ("en", "es")),
        "detector": EngineInfo("fake"),
    }
    assert told == [
        ("loading the detector fake", None),
        ("loading the transcriber fake", None),
        ("loading the translator fake", None),
    ]
    await engines.aclose()
    await engines.aclose()


async def test_a_dotted_path_is_built_with_its_options(fakes: EngineSettings) -> None:
    choice = EngineChoice(f"{HERE}.Witness", {"sticky": False})
    engines = await load_engines(replace(fakes, transcriber=choice))
    assert engines.transcriber is Witness.made[0]
    info = engines.infos["transcriber"]
    assert (info.name, info.languages) == (f"{HERE}.Witness", ("es",))
    await engines.aclose()
    assert Witness.made[0].closed == 1


async def test_what_was_loaded_is_closed_when_a_later_engine_cannot_be(
    fakes: EngineSettings,
) -> None:
    settings = replace(
        fakes,
        transcriber=EngineChoice(f"{HERE}.Witness"),
        translator=EngineChoice("fake", {"broken": True}),
    )
    with pytest.raises(EngineUnavailableError, match="told to be broken"):
        await load_engines(settings)
    assert [witness.closed for witness in Witness.made] == [1]


async def test_an_engine_that_cannot_be_loaded_is_closed_itself(fakes: EngineSettings) -> None:
    broken = EngineChoice(f"{HERE}.Witness", {"broken": True})
    with pytest.raises(EngineUnavailableError, match="The witness is broken"):
        await load_engines(replace(fakes, transcriber=broken))
    assert Witness.made[0].closed > 0


async def test_what_was_loaded_is_closed_when_loading_is_cancelled(fakes: EngineSettings) -> None:
    settings = replace(
        fakes,
        transcriber=EngineChoice(f"{HERE}.Witness"),
        translator=EngineChoice(f"{HERE}.SlowTranslator"),
    )
    loading = asyncio.create_task(load_engines(settings))
    await asyncio.wait_for(SlowTranslator.is_loading.wait(), 5)
    loading.cancel()
    await asyncio.wait([loading])
    assert loading.cancelled()
    assert [witness.closed for witness in Witness.made] == [1]


async def test_options_that_a_class_does_not_take_are_told(fakes: EngineSettings) -> None:
    choice = EngineChoice("fake", {"speed": 3})
    with pytest.raises(EngineUnavailableError, match="HABLA_TRANSLATOR: fake does not take") as no:
        await load_engines(replace(fakes, translator=choice))
    assert "It takes: delay_seconds, failing_word, broken." in str(no.value)


async def test_all_engines_are_closed_even_if_one_fails_at_it(fakes: EngineSettings) -> None:
    sticky = Witness(sticky=True)
    translator = FakeTranslator()
    await Engines(sticky, translator, FakeDetector()).aclose()
    assert sticky.closed == 1
    with pytest.raises(EngineError, match="closed"):
        await translator.translate(TranslationRequest("hola", Direction.ES_TO_EN))


async def test_no_transcriber_and_no_translator_can_be_wanted(fakes: EngineSettings) -> None:
    none = EngineChoice("none")
    engines = await load_engines(replace(fakes, transcriber=none, translator=none))
    assert engines.transcriber is None
    assert isinstance(engines.translator, NoTranslator)
    for kind in ("transcriber", "translator"):
        assert (engines.infos[kind].is_none, engines.infos[kind].languages) == (True, ())
    assert not engines.infos["detector"].is_none
    await engines.aclose()


async def test_auto_translates_by_the_models_that_are_on_the_disk(
    fakes: EngineSettings, opus_directories: Models
) -> None:
    for name, directory in opus_directories.items():
        shutil.copytree(directory, fakes.models_dir / f"opus-mt-{name}")
    engines = await load_engines(replace(fakes, translator=EngineChoice("auto")))
    assert engines.infos["translator"] == EngineInfo("opus-mt", ("en", "es"))
    await engines.aclose()


@pytest.mark.slow
@needs_apertium
async def test_auto_takes_apertium_for_the_direction_that_has_no_model(
    fakes: EngineSettings, opus_directories: Models
) -> None:
    shutil.copytree(opus_directories["es-en"], fakes.models_dir / "opus-mt-es-en")
    engines = await load_engines(replace(fakes, translator=EngineChoice("auto")))
    info = engines.infos["translator"]
    assert (info.name, info.languages) == ("opus-mt, apertium", ("en", "es"))
    assert "English → Spanish" in (info.why or "")
    spanish = TranslationRequest("hola mundo", Direction.ES_TO_EN)
    english = TranslationRequest("The house is red.", Direction.EN_TO_ES)
    answers = [await engines.translator.translate(each) for each in (spanish, english)]
    assert [answer.engine for answer in answers] == ["opus-mt", "apertium"]
    await engines.aclose()


@pytest.mark.slow
@needs_apertium
async def test_auto_falls_back_to_apertium_with_a_phrasebook_and_says_what_is_better(
    fakes: EngineSettings,
) -> None:
    engines = await load_engines(replace(fakes, translator=EngineChoice("auto")))
    info = engines.infos["translator"]
    assert (info.name, info.languages) == ("apertium", ("en", "es"))
    assert "fetch_models opus-mt-es-en opus-mt-en-es" in (info.why or "")
    known = TranslationRequest("Nice to meet you.", Direction.EN_TO_ES)
    assert (await engines.translator.translate(known)).text == "Encantado de conocerte."
    await engines.aclose()


async def test_auto_leaves_untranslated_what_nothing_can_translate(tmp_path: Path) -> None:
    async def load(kind: str, choice: EngineChoice) -> object:
        apertium = ApertiumTranslator(modes_dir=tmp_path)
        await apertium.load()
        return apertium

    translator, info = await best_translator(load, tmp_path)
    assert isinstance(translator, NoTranslator)
    assert (info.name, info.languages, info.is_none) == ("none", (), True)
    assert "apt install apertium-eng-spa" in (info.why or "")


def test_auto_wants_the_models_that_would_be_better(fakes: EngineSettings) -> None:
    auto = replace(fakes, transcriber=EngineChoice("auto"), translator=EngineChoice("auto"))
    assert wanted_downloads(fakes) == []
    assert wanted_downloads(auto) == ["whisper-base", "opus-mt-es-en", "opus-mt-en-es"]
    put_whisper(auto.models_dir, "whisper-medium")
    opus = ["config.json", "model.bin", "shared_vocabulary.json", "source.spm", "target.spm"]
    put(auto.models_dir, "opus-mt-es-en", *opus)
    assert wanted_downloads(auto) == ["opus-mt-en-es"]


def test_no_heavy_library_is_imported_before_an_engine_is_loaded() -> None:
    heavy = ("ctranslate2", "faster_whisper", "onnxruntime", "sentencepiece", "av")
    program = (
        f"import sys, sessions_app.engines.loading; "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stdout == b"[]\n"
