"""Which microphone is listened to, how well it is heard, and that only one tab listens."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage

KEEP_TRACK = """
    const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wishes) => {
        const stream = await open(wishes);
        window.wishes = wishes.audio;
        window.used = stream.getAudioTracks()[0].getSettings().deviceId;
        return stream;
    };
"""
QUIET = """
    navigator.mediaDevices.getUserMedia = async () => {
        const context = new AudioContext();
        const [tone, loudness] = [context.createOscillator(), context.createGain()];
        const way = context.createMediaStreamDestination();
        loudness.gain.value = Math.SQRT2 * 10 ** (-48 / 20);
        tone.frequency.value = 3700; // no word of the fake transcriber's
        tone.connect(loudness).connect(way);
        tone.start();
        return way.stream;
    };
"""
"""A microphone that gives -48 dB."""
STANDING_STILL = """
    window.AudioContext = class extends window.AudioContext {
        constructor() {
            super();
            this.suspend();
        }

        resume() {
            return new Promise(() => {});
        }
    };
"""
"""A browser whose audio contexts do not run, as where there is no output device."""
CONDITIONS = ("mic_silent", "mic_quiet", "mic_unmeasured")


def told(page: Page) -> list[str]:
    """Return which conditions of the microphone the page tells of."""
    return [code for code in CONDITIONS if page.locator(f'[data-code="{code}"]').count()]


def listen(page: Page) -> None:
    page.locator("#listen").click()
    expect(page.locator("#state")).to_have_text("Listening")


def test_a_quiet_microphone_is_noticed_and_one_that_is_not_measured_is_not_called_silent(
    browser: Browser, open_page: OpenPage
) -> None:
    unmeasured = open_page(browser, script=STANDING_STILL)
    quiet = open_page(browser, script=QUIET)
    listen(unmeasured)
    listen(quiet)
    expect(unmeasured.locator('[data-code="mic_unmeasured"]')).to_be_visible()
    expect(quiet.locator('[data-code="mic_quiet"]')).to_be_visible()
    expect(unmeasured.locator("#partials .source")).to_contain_text("hola")
    assert told(unmeasured) == ["mic_unmeasured"]
    assert told(quiet) == ["mic_quiet"]
    unmeasured.locator("#listen").click()
    expect(unmeasured.locator('[data-code="mic_unmeasured"]')).to_have_count(0)


def test_where_audio_does_not_run_what_was_to_be_sent_as_pcm_is_compressed_or_the_page_says_why(
    browser: Browser, open_page: OpenPage
) -> None:
    chosen = STANDING_STILL + "localStorage.setItem('habla.sound', '\"pcm\"');"
    page = open_page(browser, script=chosen)
    listen(page)
    expect(page.locator("#partials .source")).to_contain_text("hola")
    poor = open_page(browser, script=chosen + "MediaRecorder.isTypeSupported = () => false;")
    poor.locator("#listen").click()
    expect(poor.locator('[data-code="no_audio"]')).to_contain_text("press Start again")
    expect(poor.locator("#state")).to_have_text("Ready")


def test_a_microphone_is_chosen_and_remembered_and_one_that_is_gone_is_told(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, script=KEEP_TRACK)
    listen(page)
    assert page.evaluate("window.wishes.noiseSuppression") is True
    page.locator("#preferences > summary").click()
    choice = page.get_by_label("Microphone", exact=True)
    second = choice.locator("option", has_text="Fake Audio Input 2")
    chosen = second.get_attribute("value")
    choice.select_option(chosen)
    page.wait_for_function("(id) => window.used === id", arg=chosen)
    page.get_by_label("The browser suppresses noise").uncheck()
    page.wait_for_function("() => window.wishes.noiseSuppression === false")
    expect(page.locator("#state")).to_have_text("Listening")
    page.reload()
    page.wait_for_function("(id) => window.used === id", arg=chosen)
    expect(choice).to_have_value(chosen or "")
    page.evaluate("localStorage.setItem('habla.microphone', '\"gone\"')")
    page.reload()
    other = page.locator('[data-code="mic_other"]')
    expect(other).to_contain_text("Another microphone is used: Fake")
    expect(choice).to_have_value("gone")
    expect(choice.locator("option:checked")).to_have_text("The chosen one, which is not plugged in")


def test_a_second_tab_says_that_the_first_one_listens_and_can_stop_it(
    browser: Browser, open_page: OpenPage
) -> None:
    first = open_page(browser)
    early = first.context.new_page()
    early.goto(first.url)
    expect(early.locator("#state")).to_have_text("Ready")
    listen(first)
    late = first.context.new_page()
    late.goto(first.url)
    for page in (early, late):
        notice = page.locator('[data-code="other_tab"]')
        expect(notice).to_contain_text("Another tab of this browser is listening")
    expect(first.locator('[data-code="other_tab"]')).to_have_count(0)
    early.get_by_role("button", name="Stop it there").click()
    expect(first.locator("#state")).to_have_text("Ready")
    for page in (early, late):
        expect(page.locator('[data-code="other_tab"]')).to_have_count(0)
