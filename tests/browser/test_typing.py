"""Type instead of speaking."""

from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser.conftest import OpenPage

TEXT = "Type instead of speaking"


def test_typed_text_is_translated(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    page.get_by_label(TEXT).fill("quiero agua")
    page.get_by_role("button", name="Translate").click()
    expect(page.locator("#finals .translated")).to_have_text("want water")
    expect(page.locator("#finals .meta")).to_contain_text("typed")
    expect(page.get_by_label(TEXT)).to_have_value("")
    expect(page.get_by_label(TEXT)).to_be_focused()


def test_enter_sends_and_shift_enter_begins_a_line(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    field = page.get_by_label(TEXT)
    field.fill("hola")
    field.press("Shift+Enter")
    field.press_sequentially("mundo")
    assert field.input_value() == "hola\nmundo"
    field.press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello world")
    expect(page.locator("#finals > li")).to_have_count(1)


def test_what_is_typed_is_text_and_never_html(browser: Browser, open_page: OpenPage) -> None:
    page = open_page(browser)
    sly = '<img src=x onerror="document.title=1"> <b>hola</b>'
    page.get_by_label(TEXT).fill(sly)
    page.get_by_label(TEXT).press("Enter")
    expect(page.locator("#finals .source")).to_have_text(sly)
    expect(page.locator("#finals .translated")).to_have_text(sly)
    expect(page.locator("#finals :is(img, b)")).to_have_count(0)


def test_a_direction_that_was_chosen_holds_for_the_next_sentence(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser)
    field = page.get_by_label(TEXT)
    page.get_by_text("EN → ES").click()
    field.fill("no hola")
    field.press("Enter")
    expect(page.locator("#finals .tag")).to_have_text(["en"])
    page.get_by_text("ES → EN").click()
    field.fill("no mundo")
    field.press("Enter")
    expect(page.locator("#finals .tag")).to_have_text(["en", "es"])
    page.reload()
    expect(page.get_by_role("radio", name="ES → EN")).to_be_checked()


def test_a_direction_that_is_chosen_before_the_session_is_ready_holds(
    browser: Browser, open_page: OpenPage
) -> None:
    held: list[tuple[WebSocketRoute, str | bytes]] = []

    def holding(socket: WebSocketRoute) -> None:
        server = socket.connect_to_server()
        server.on_message(lambda message: held.append((socket, message)))

    page = open_page(browser, "/history/")
    page.route_web_socket("**/ws/session/**", holding)
    page.goto(page.url.replace("/history/", "/"))
    page.get_by_text("EN → ES").click()
    while not any('"ready"' in str(message) for _, message in held):
        page.wait_for_timeout(50)
    for socket, message in held:
        socket.send(message)
    held.clear()
    page.get_by_label(TEXT).fill("no hola")
    page.get_by_label(TEXT).press("Enter")
    while not any('"translation"' in str(message) for _, message in held):
        page.wait_for_timeout(50)
    for socket, message in held:
        socket.send(message)
    expect(page.locator("#finals .tag")).to_have_text(["en"])
    expect(page.get_by_role("radio", name="EN → ES")).to_be_checked()
