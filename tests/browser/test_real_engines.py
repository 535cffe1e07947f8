"""Real speech into a real browser, through the real engines that need no download."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import jiwer
import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.chromium import launch
from tests.browser.conftest import OpenPage, Serve
from tests.engines.spoken import BROADCAST, read_pcm
from tests.sounds import silence, wav

FLITE = shutil.which("flite")
SENTENCES = "My sister has two children and a dog. The children are playing in the garden."
ENGINES = {
    "HABLA_TRANSCRIBER": "pocketsphinx",
    "HABLA_TRANSLATOR": "apertium",
    "HABLA_DETECTOR": "silero",
}
WORD_ERROR_RATE = 0.3
"""Of clean speech, through the browser's noise suppression and Opus."""
OPENING = {"all", "my", "fellow", "american"}
"""What was read of "and so my fellow Americans" in each of six runs; one may be missing."""
Interpreted = Callable[[Path, str], tuple[str, str]]

pytestmark = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="the program apertium is not installed"
)


@pytest.fixture
def interpreted(
    player: Playwright, open_page: OpenPage, serve: Serve, tmp_path: Path
) -> Interpreted:
    """Return what plays a file to the page and gives the words and the Spanish on it.

    It stops when ``word`` stands on the page.
    """

    def play(file: Path, word: str) -> tuple[str, str]:
        heard = tmp_path / "heard.wav"
        heard.write_bytes(wav(silence(1.5) + read_pcm(file) + silence(10)))
        with launch(player, sound=heard) as browser:
            page = open_page(browser, at=serve(**ENGINES).address)
            page.get_by_text("EN → ES").click()
            expect(page.locator("#engines summary")).to_contain_text("pocketsphinx (English)")
            page.get_by_role("button", name="Start").click()
            heard_it = page.locator("#finals .source", has_text=word).first
            expect(heard_it).to_be_visible(timeout=30_000)
            page.get_by_role("button", name="Stop").click()
            expect(page.locator("#state")).to_have_text("Ready", timeout=20_000)
            return text_of(page, ".source"), text_of(page, ".translated")

    return play


def text_of(page: Page, part: str) -> str:
    """Return the words in that part of all cards."""
    text = " ".join(page.locator(f"#finals {part}").all_inner_texts())
    return " ".join(re.findall(r"[\w']+", text.lower()))


@pytest.mark.skipif(FLITE is None, reason="the program flite is not installed")
def test_clean_speech_is_read_nearly_word_for_word_and_in_spanish(
    interpreted: Interpreted, tmp_path: Path
) -> None:
    file = tmp_path / "spoken.wav"
    subprocess.run([str(FLITE), "-voice", "rms", "-t", SENTENCES, "-o", file], check=True)
    words, spanish = interpreted(file, "garden")
    assert jiwer.wer(SENTENCES.lower().replace(".", ""), words) <= WORD_ERROR_RATE
    assert "jardín" in spanish


@pytest.mark.skipif(not BROADCAST.exists(), reason="shared/audio/jfk.wav is not there")
def test_an_old_broadcast_is_followed_in_gist(interpreted: Interpreted) -> None:
    # of 1961, and through noise suppression and Opus: no single word is sure
    words, spanish = interpreted(BROADCAST, "fellow")
    assert len(OPENING & set(words.split())) >= 3
    assert {"todo", "mi", "americano"} & set(spanish.split())
