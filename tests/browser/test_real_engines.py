"""Real speech into a real browser, through the real engines; Whisper's weights alone are tiny."""

import re
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.browser.chromium import launch
from tests.browser.conftest import OpenPage, Serve
from tests.engines.spoken import read_pcm, spoken_file
from tests.sounds import silence, wav
from tests.tiny.whisper import make_whisper, transcriber

pytestmark = pytest.mark.skipif(
    shutil.which("apertium") is None, reason="the program apertium is not installed"
)


def test_speech_is_read_and_in_spanish(
    player: Playwright, open_page: OpenPage, serve: Serve, tmp_path: Path
) -> None:
    heard = tmp_path / "heard.wav"
    heard.write_bytes(wav(silence(1.5) + read_pcm(spoken_file(tmp_path)) + silence(10)))
    engines = {
        "HABLA_TRANSCRIBER": transcriber(make_whisper(tmp_path / "whisper", "The garden is big.")),
        "HABLA_TRANSLATOR": "apertium",
        "HABLA_DETECTOR": "silero",
    }
    with launch(player, sound=heard) as browser:
        page = open_page(browser, at=serve(**engines).address)
        page.get_by_text("EN → ES").click()
        expect(page.locator("#engines summary")).to_contain_text("faster-whisper")
        page.get_by_role("button", name="Start").click()
        first = page.locator("#finals .source", has_text="garden").first
        expect(first).to_be_visible()
        page.get_by_role("button", name="Stop").click()
        expect(page.locator("#state")).to_have_text("Ready")
        assert set(words_of(page, ".source")) == {"the", "garden", "is", "big"}
        assert "jardín" in words_of(page, ".translated")


def words_of(page: Page, part: str) -> list[str]:
    """Return the words in that part of all cards."""
    text = " ".join(page.locator(f"#finals {part}").all_inner_texts())
    return re.findall(r"\w+", text.lower())
