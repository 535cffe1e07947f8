"""The page says whether sound is kept, and whoever speaks decides it."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import OpenPage
from tests.browser.test_modules import run
from tests.browser.test_speaking import finish, listen
from tests.sounds import say, silence

Speaking = Callable[[bytes], Browser]
KEEPING = """
        const place = document.createElement("p");
        place.innerHTML = '<input type="checkbox"><span role="status"></span>';
        document.body.append(place);
        const listening = Object.assign(new EventTarget(), {renew: () => {}});
        const make = () => new m.Keeping(listening, place);
        const [box, mark] = place.children;
        const shown = () => [box.checked, box.disabled, mark.textContent, listening.isKept];
"""


def recordings(page: Page) -> list[dict[str, Any]]:
    """Return the recordings of whoever uses the page, oldest first."""
    items: list[dict[str, Any]] = page.evaluate(
        "async () => (await (await fetch('/api/recordings')).json()).items"
    )
    return items[::-1]


def test_nothing_is_kept_of_what_is_said_unless_it_is_wanted(
    speaking: Speaking, open_page: OpenPage
) -> None:
    page = open_page(speaking(say("hola mundo") + silence(4) + say("gracias") + silence(1)))
    mark = page.locator("#keeping [role=status]")
    expect(mark).to_have_text("Recorded from Start on")
    before = recordings(page)
    page.get_by_label("Keep the sound", exact=True).uncheck()
    listen(page)
    expect(page.locator("#finals .source")).to_have_text(["hola mundo"])
    expect(mark).to_have_text("Not recorded")
    assert recordings(page) == before
    page.get_by_role("button", name="All controls").click()
    page.get_by_label("Keep the sound", exact=True).check()
    expect(mark).to_have_text("Recording")
    expect(page.locator("#finals .source")).to_have_text(["hola mundo", "gracias"])
    finish(page)
    expect(page.locator("#finals .recorded .source")).to_have_text(["gracias"])
    assert [kept["segments"] for kept in recordings(page)[len(before) :]] == [1]
    page.get_by_label("Keep the sound", exact=True).uncheck()
    page.reload()
    expect(mark).to_have_text("Not recorded")
    page.get_by_role("button", name="New conversation").click()
    expect(mark).to_have_text("Recorded from Start on")


def test_the_choice_for_new_conversations_is_kept_and_the_server_allows_the_most(
    browser: Browser, open_page: OpenPage
) -> None:
    page = open_page(browser, path="/history/", locale="es")
    page.locator("#preferences > summary").click()
    page.get_by_label("Guardar el sonido de las conversaciones nuevas").uncheck()
    body = f"""{KEEPING}
        const keeping = make();
        const said = [shown()];
        box.click();
        said.push(shown());
        keeping.beginConversation();
        said.push(shown());
        box.click();
        keeping.listens("id");
        said.push(shown());
        keeping.listens(null);
        said.push(shown());
        keeping.allow(false);
        said.push(shown());
        return said;
    """
    assert run(page, "keeping", body) == [
        [False, False, "Sin grabar", False],
        [True, False, "Se graba al empezar", True],
        [False, False, "Sin grabar", False],
        [True, False, "Grabando", True],
        [True, False, "Sin grabar", True],
        [False, True, "Este servidor no graba", False],
    ]
