"""What a killed server was recording is played by a browser, once the next one has recovered it."""

from collections.abc import Callable
from time import monotonic

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.chromium import SERVER_GONE
from tests.browser.conftest import OpenPage
from tests.browser.server import Server
from tests.browser.test_speaking import listen
from tests.sounds import say, silence

IS_SALVAGED = """async () => {
  const answer = await (await fetch("/api/recordings")).json();
  return answer.items[0].state === "salvaged";
}"""
SALVAGED_SECONDS = 30.0
TIME = "() => document.getElementById('heard').currentTime"


@pytest.mark.long
def test_a_recovered_recording_is_heard_in_the_browser_to_its_end(
    speaking: Callable[[bytes], Browser],
    open_page: OpenPage,
    complaints: list[str],
    serve: Callable[..., Server],
) -> None:
    complaints += SERVER_GONE
    server = serve(HABLA_RESUME_SECONDS="1")  # then nobody comes back for it
    said = say("hola mundo") + silence(1.5) + say("gracias") + silence(1)
    page = open_page(speaking(said), at=server.address)
    listen(page)
    expect(page.locator("#finals .translated").first).to_have_text("hello world")
    server.kill()
    page.goto("about:blank")
    server.start()
    page.goto(f"{server.address}/recordings/")
    # Playwright's own wait for a function counts a promise as true
    deadline = monotonic() + SALVAGED_SECONDS
    while not page.evaluate(IS_SALVAGED) and monotonic() < deadline:
        page.wait_for_timeout(100)
    page.reload()
    expect(page.locator(".list")).to_contain_text("salvaged")
    page.locator(".list a").first.click()
    expect(page.locator("#wave > div")).to_be_visible()
    page.locator("#hear").click()
    page.wait_for_function("() => document.getElementById('heard').currentTime > 0.5")
    page.wait_for_function("() => document.getElementById('heard').ended")
    assert page.evaluate(TIME) > 1
    assert page.locator("#hear-problem").inner_text() == ""
