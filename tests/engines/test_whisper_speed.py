"""What a benchmark of one Whisper says about the others."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from sessions_app.engines.models.catalogue import MODELS
from sessions_app.engines.speech.faster_whisper import FasterWhisperTranscriber
from sessions_app.engines.speech.whisper_speed import SHAPES, Speed

LAPTOP = Speed("whisper-base", 0.4, 0.01, is_on_graphics_card=False)


def test_every_whisper_that_we_name_has_a_shape() -> None:
    assert SHAPES.keys() == {name for name in MODELS if name.startswith("whisper-")}


def test_a_larger_model_is_behind_by_its_work() -> None:
    assert LAPTOP.own_seconds == pytest.approx(0.4 + 25 * 0.01)
    assert LAPTOP.behind_seconds("whisper-small") == pytest.approx(
        4.01 * 0.4 + 2.86 * 0.25, rel=0.02
    )
    assert LAPTOP.behind_seconds("whisper-tiny") < LAPTOP.own_seconds


def test_what_this_machine_can_carry_is_offered_and_what_not_is_told() -> None:
    assert (LAPTOP.better(), LAPTOP.offered()) == (
        ["whisper-small", "whisper-medium"],
        ["whisper-small"],
    )
    assert LAPTOP.told() == (
        "base is 0.7 s behind here, small would be 2.3 s, medium would be 7.4 s; "
        "manage.py fetch_models small brings it."
    )
    slow = replace(LAPTOP, encode_seconds=2.0)
    assert slow.offered() == []
    assert "fetch_models" not in slow.told()


def test_on_a_graphics_card_the_turbo_is_offered() -> None:
    card = Speed("whisper-base", 0.01, 0.002, is_on_graphics_card=True)
    assert card.offered() == ["whisper-large-v3-turbo", "whisper-large-v3"]
    assert replace(card, model="whisper-large-v3-turbo").better() == [
        "whisper-large-v3",
    ]


async def test_a_real_whisper_is_timed_once(whisper_directory: Path, tmp_path: Path) -> None:
    shutil.copytree(whisper_directory, tmp_path / "whisper-base")
    transcriber = FasterWhisperTranscriber(models_dir=tmp_path)
    await transcriber.load()
    assert transcriber.measured_speed is None
    speed = await transcriber.measure_speed()
    assert speed is not None
    assert (speed.model, speed.is_on_graphics_card) == ("whisper-base", False)
    assert speed.encode_seconds > 0
    assert speed.token_seconds >= 0
    assert await transcriber.measure_speed() is speed
    await transcriber.aclose()


async def test_of_a_whisper_of_ones_own_nothing_is_said(whisper_directory: Path) -> None:
    transcriber = FasterWhisperTranscriber(str(whisper_directory))
    await transcriber.load()
    assert await transcriber.measure_speed() is None
    await transcriber.aclose()
