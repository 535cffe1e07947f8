"""What was spoken is recorded: found again, heard, played again, corrected, deleted."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.conftest import OpenPage
from tests.browser.server import Server
from tests.browser.test_speaking import finish, listen
from tests.sounds import say, silence

Speaking = Callable[[bytes], Browser]
TIME = "() => document.getElementById('heard').currentTime"
SPOKEN = say("hola mundo la casa es roja") + silence(1.2) + say("thanks")


@pytest.fixture
def recorded(speaking: Speaking, open_page: OpenPage) -> Page:
    """Return the page of what somebody has just spoken into the microphone."""
    page = open_page(speaking(SPOKEN))
    listen(page)
    expect(page.locator("#finals .translated")).to_have_text(
        ["hello world the house is red", "gracias"]
    )
    finish(page)
    page.get_by_role("link", name="Recordings").click()
    page.locator(".list a").first.click()
    expect(page.locator("#segments .source")).to_have_text(["hola mundo la casa es roja", "thanks"])
    expect(page.locator("#wave > div")).to_be_visible()  # drawn when all buttons are bound
    return page


def test_the_transcript_follows_the_sound_and_a_press_goes_there(recorded: Page) -> None:
    seek = recorded.locator("[data-seek]")
    seek.nth(1).click()
    expect(recorded.locator("[aria-current=true] .source")).to_have_text("thanks")
    second = recorded.evaluate(TIME)
    assert second > 2
    seek.first.click()
    expect(recorded.locator("[aria-current=true] .source")).to_contain_text("hola mundo")
    assert recorded.evaluate(TIME) < second
    expect(recorded.locator("#hear")).to_have_attribute("aria-pressed", "true")
    recorded.get_by_role("button", name="Pause", exact=True).click()
    expect(recorded.locator("#hear")).to_have_text("Play")
    assert recorded.locator("#hear-problem").inner_text() == ""


def test_a_recording_is_played_through_habla_with_its_captions_to_the_end(recorded: Page) -> None:
    recorded.get_by_label("Speed").select_option("2")
    recorded.get_by_role("button", name="Start").click()
    playing = recorded.get_by_role("group", name="A recording is played")
    expect(playing.get_by_role("progressbar")).to_be_visible()
    playing.get_by_role("button", name="Pause").click()
    playing.get_by_role("button", name="Go on").click()
    expect(recorded.locator("#through-said .source")).to_have_text(
        ["hola mundo la casa es roja", "thanks"]
    )
    expect(recorded.locator("#through-said .translated")).to_have_text(
        ["hello world the house is red", "gracias"]
    )
    expect(recorded.locator("#through-state")).to_have_text("All of it was played.")
    expect(playing).to_be_hidden()
    expect(recorded.get_by_role("button", name="Start")).to_be_enabled()


def test_playing_through_habla_is_stopped_by_its_button(recorded: Page) -> None:
    recorded.get_by_label("Speed").select_option("0.25")
    recorded.get_by_role("button", name="Start").click()
    recorded.get_by_role("button", name="Stop it").click()
    expect(recorded.locator("#through-state")).to_have_text("Stopped.")
    expect(recorded.locator("#through-problem")).to_be_empty()
    recorded.get_by_label("Speed").select_option("0")
    recorded.get_by_role("button", name="Start").click()
    expect(recorded.locator("#through-state")).to_have_text("All of it was played.")
    expect(recorded.locator("#through-said .translated")).to_have_count(2)


def test_sound_that_lies_with_another_process_is_told_from_sound_that_cannot_be_played(
    recorded: Page, server: Server, complaints: list[str]
) -> None:
    complaints += ["503", "404"]
    recording_id = recorded.url.rstrip("/").rpartition("/")[2]
    for directory, told in (("another", "another server process"), ("", "cannot be played here")):
        move = (
            "from sessions_app.recording import files; from sessions_app.models import Recording;"
            f"files.delete_or_log('{recording_id}');"
            f"Recording.objects.filter(pk='{recording_id}').update(directory='{directory}')"
        )
        server.manage("shell", "--verbosity=0", "-c", move)
        recorded.reload()
        recorded.locator("#hear").click()
        expect(recorded.locator("#hear-problem")).to_contain_text(told)


def test_a_playback_begun_elsewhere_shows_on_the_live_page_with_its_buttons(
    recorded: Page, player: Playwright, server: Server
) -> None:
    recording_id = recorded.url.rstrip("/").rpartition("/")[2]
    recorded.get_by_role("link", name="Live", exact=True).click()
    expect(recorded.locator("#state")).to_have_text("Ready")
    program = player.request.new_context(base_url=server.address)
    session_id = program.get("/api/sessions").json()["items"][0]["id"]
    wanted = {"recording_id": recording_id, "session_id": session_id, "speed": 0.5}
    assert program.post("/api/playbacks", data=wanted).status == 201
    playing = recorded.get_by_role("group", name="A recording is played")
    expect(playing.get_by_role("progressbar")).to_be_visible()
    expect(playing).to_contain_text(re.compile(r"0:0\d / 0:0\d"))
    playing.get_by_role("button", name="Pause").click()
    playing.get_by_role("button", name="Go on").click()
    expect(recorded.locator("#partials .stable")).to_contain_text("hola")
    playing.get_by_role("button", name="Stop it").click()
    expect(playing).to_be_hidden()
    program.dispose()


def test_a_ground_truth_is_written_by_keyboard_and_is_there_after_a_reload(recorded: Page) -> None:
    recorded.locator("[data-edit]").first.focus()
    recorded.keyboard.press("Enter")
    transcript = recorded.get_by_label("What was really said")
    expect(transcript).to_be_focused()
    expect(transcript).to_have_value("hola mundo la casa es roja")
    transcript.fill("<b>hola</b>, mundo")
    recorded.keyboard.press("Tab")
    recorded.keyboard.press("Control+A")
    recorded.keyboard.type("hello, world")
    recorded.keyboard.press("Control+Enter")
    expect(recorded.locator("#segments > li").nth(1).locator("textarea").first).to_be_focused()
    recorded.keyboard.type(" never saved")
    recorded.keyboard.press("Escape")
    expect(recorded.locator("textarea")).to_have_count(0)
    expect(recorded.locator("[data-edit]").nth(1)).to_be_focused()
    for _ in range(2):
        first = recorded.locator("#segments > li").first
        expect(first.locator("[data-true=transcript]")).to_have_text("<b>hola</b>, mundo")
        expect(first.locator("[data-true=translation]")).to_have_text("hello, world")
        expect(first.locator(".source")).to_have_text("hola mundo la casa es roja")
        expect(recorded.locator("[data-true=transcript]").nth(1)).to_be_hidden()
        recorded.reload()


def test_a_correction_that_came_second_is_told_and_not_lost(
    recorded: Page, complaints: list[str]
) -> None:
    complaints.append("409 (Conflict)")
    recorded.locator("[data-edit]").first.click()
    recorded.evaluate(
        """async () => {
            const {api} = document.getElementById("recording").dataset;
            const truth = document.querySelector("[data-truth]").dataset;
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            await fetch(`${api}/ground_truth`, {
                method: "PUT",
                headers: {"Content-Type": "application/json", "X-CSRFToken": token},
                body: JSON.stringify({segment_id: Number(truth.segment), transcript: "first"}),
            });
        }"""
    )
    recorded.get_by_label("What was really said").fill("second")
    recorded.keyboard.press("Control+Enter")
    alert = recorded.locator(".editor [role=alert]")
    expect(alert).to_contain_text("Somebody changed it meanwhile.")
    expect(recorded.get_by_label("What was really said")).to_have_value("second")


def test_it_is_listed_bookmarked_taken_away_and_deleted_when_asked_twice(recorded: Page) -> None:
    address = recorded.url
    with recorded.expect_download() as download:
        recorded.get_by_role("link", name="Download").click()
    assert re.fullmatch(r"habla-\d{8}-\d{6}\.webm", download.value.suggested_filename)
    recorded.get_by_role("button", name="Bookmark").click()
    expect(recorded.get_by_role("button", name="Remove the bookmark")).to_be_visible()
    recorded.get_by_role("link", name="← Recordings").click()
    card = recorded.locator(".list > li").first
    expect(card).to_contain_text("7 words")
    expect(card.locator(".tag")).to_have_text(["complete", "bookmarked"])
    card.get_by_role("link").click()
    recorded.get_by_role("link", name="Delete").click()
    recorded.get_by_role("link", name="Keep it").click()
    expect(recorded).to_have_url(address)
    recorded.get_by_role("link", name="Delete").click()
    recorded.get_by_role("button", name="Delete").click()
    expect(recorded.locator(".message")).to_have_text("The recording is deleted.")
    assert recorded.request.get(address).status == 404
