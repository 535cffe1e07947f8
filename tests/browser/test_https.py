"""Https by the house's own authority: a browser that trusts it speaks, and another is led to it."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, Playwright, expect

from tests.browser.chromium import launch
from tests.browser.conftest import ANSWER_MS, PHONE
from tests.browser.server import HttpsServer
from tests.browser.test_speaking import finish, listen
from tests.sounds import say, silence, wav


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpsServer]:
    served = HttpsServer(tmp_path_factory.mktemp("https"))
    served.start()
    yield served
    assert served.end() == 0


@pytest.fixture
def stranger(browser: Browser) -> Iterator[Page]:
    """Return a page of a browser that trusts nobody but the public authorities."""
    with browser.new_context(viewport=PHONE) as context:
        context.set_default_timeout(ANSWER_MS)
        yield context.new_page()


@pytest.fixture
def friend(player: Playwright, server: HttpsServer, tmp_path: Path) -> Iterator[Page]:
    """Return a page of a browser that was told to trust the authority of the house."""
    if shutil.which("certutil") is None:
        pytest.skip("certutil (libnss3-tools) is not installed")
    known = tmp_path / ".pki" / "nssdb"
    known.mkdir(parents=True)
    authority = str(server.data_dir / "https" / "authority.pem")
    make, add = ["-N", "--empty-password"], ["-A", "-t", "C,,", "-n", "habla", "-i", authority]
    for command in (make, add):
        subprocess.run(["certutil", "-d", f"sql:{known}", *command], check=True, timeout=20)
    sound = tmp_path / "sound.wav"
    sound.write_bytes(wav(silence(1) + say("hola mundo") + silence(3)))
    with (
        launch(player, sound=sound, home=tmp_path) as trusting,
        trusting.new_context(viewport=PHONE) as context,
    ):
        context.set_default_timeout(ANSWER_MS)
        yield context.new_page()


def test_who_does_not_trust_it_is_led(server: HttpsServer, stranger: Page) -> None:
    stranger.goto(f"{server.plain_address}/phone/")
    expect(stranger.get_by_role("status")).to_contain_text("does not trust Habla yet")
    steps = stranger.locator("details[open]")
    expect(steps).to_have_count(1)  # those of its own system
    with stranger.expect_download() as got:
        steps.get_by_role("link", name="Download the certificate").click()
    authority = (server.data_dir / "https" / "authority.pem").read_bytes()
    assert got.value.path().read_bytes() in authority
    with pytest.raises(Error, match="ERR_CERT_AUTHORITY_INVALID"):
        stranger.goto(server.address)


def test_who_trusts_it_is_told_so_and_speaks(server: HttpsServer, friend: Page) -> None:
    friend.goto(f"{server.plain_address}/phone/")
    expect(friend.get_by_role("status")).to_contain_text("It worked")
    expect(friend.get_by_role("heading", name="Tell the device once")).to_be_hidden()
    friend.get_by_role("link", name="Open Habla").click()
    friend.wait_for_url(f"{server.address}/")
    assert friend.evaluate("[isSecureContext, location.protocol]") == [True, "https:"]
    listen(friend)
    expect(friend.locator("#finals .translated")).to_have_text(["hello world"])
    finish(friend)
    friend.goto(f"{server.address}/phone/")
    expect(friend.get_by_role("status")).to_contain_text("Everything works here")
