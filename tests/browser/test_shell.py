"""What a browser keeps of pages: how little a visit loads, and what is shown without a server."""

import shutil
from collections.abc import Iterator
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from sessions_app.web.static_files.bundling import is_bundler_installed
from tests.browser.conftest import ANSWER_MS, PHONE, OpenPage, Serve
from tests.browser.network import network_to
from tests.browser.server import ROOT, Server

FIRST_VISIT_BYTES = 60_000
"""All of it, heads of answers too. It was 254,000 in 55 requests once."""
FIRST_VISIT_REQUESTS = 12
SECOND_VISIT_REQUESTS = 3
VISITS = ((FIRST_VISIT_REQUESTS, FIRST_VISIT_BYTES), (SECOND_VISIT_REQUESTS, 10_000))
IS_KEPT = """async () => {
    const registration = await navigator.serviceWorker.ready;
    return registration.active.state === "activated" && (await caches.keys()).length === 1;
}"""
KEPT_PATHS = """async () => {
    const all = await Promise.all((await caches.keys()).map((name) => caches.open(name)));
    const requests = await Promise.all(all.map((cache) => cache.keys()));
    return requests.flat().map(({ url }) => new URL(url).pathname);
}"""
IS_REPLACED = f"async (old) => !(await ({KEPT_PATHS})()).includes(old) && ({IS_KEPT})()"
BACK_MS = 30_000
LOOK_MS = 100
bundled = pytest.mark.skipif(not is_bundler_installed(), reason="esbuild is not installed")


def await_shell(page: Page) -> None:
    """Wait until the page is ready and the service worker has kept all."""
    expect(page.locator("#state")).to_have_text("Ready", timeout=ANSWER_MS)
    until(page, IS_KEPT)


def until(page: Page, is_true: str, about: str = "") -> None:
    """Wait until the function ``is_true`` of the page resolves to true."""
    for _ in range(BACK_MS // LOOK_MS):
        if page.evaluate(is_true, about):
            return
        page.wait_for_timeout(LOOK_MS)
    raise AssertionError(f"never true: {is_true}")


@pytest.fixture
def visitor(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """Return a browser that was never here, of the owner."""
    with browser.new_context(viewport=PHONE, locale="en") as context:
        context.set_default_timeout(ANSWER_MS)
        context.request.get(f"{server.address}/?key={server.key}")
        yield context


@bundled
def test_a_first_visit_loads_little_and_a_second_one_next_to_nothing(
    visitor: BrowserContext, server: Server
) -> None:
    with network_to(server.port) as network:
        for most_requests, most_bytes in VISITS:
            network.requests.clear()
            network.answered_bytes = 0
            page = visitor.new_page()
            page.goto(f"{network.address}/")
            await_shell(page)
            page.wait_for_load_state("networkidle")
            page.close()
            figures = f"{network.answered_bytes} bytes: {network.requests}"
            assert network.answered_bytes <= most_bytes, figures
            assert len(network.requests) <= most_requests, figures


def test_nothing_of_anybody_is_kept(visitor: BrowserContext, server: Server) -> None:
    page = visitor.new_page()
    page.goto(server.address)
    await_shell(page)
    page.locator("#text").fill("hola mundo")
    page.keyboard.press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello world")
    for path in ("/history/", "/recordings/", "/login/", "/admin/", "/api/status", "/settings/"):
        page.goto(server.address + path)
    page.goto(f"{server.address}/history/")
    page.locator(".list a").first.click()
    expect(page.locator("body")).to_contain_text("hola mundo")
    kept = page.evaluate(KEPT_PATHS)
    assert {path for path in kept if not path.startswith("/static/")} == {"/offline/"}
    assert len(kept) > 5
    assert [path for path in kept if "/live_es." in path] == []


@bundled
def test_who_changes_the_language_has_its_words_and_its_page_kept(
    browser: Browser, open_page: OpenPage, complaints: list[str]
) -> None:
    page = open_page(browser)
    until(page, IS_KEPT)
    english = next(path for path in page.evaluate(KEPT_PATHS) if "/live_en." in path)
    page.locator("#preferences summary").click()
    page.locator("#language").select_option("es")
    page.get_by_role("button", name="Change").click()
    expect(page.locator("#state")).to_have_text("Listo", timeout=ANSWER_MS)
    until(page, IS_REPLACED, english)
    assert [path for path in page.evaluate(KEPT_PATHS) if "/live_es." in path]
    offline = "async () => (await (await caches.match('/offline/')).text()).slice(0, 99)"
    assert '<html lang="es"' in page.evaluate(offline)


def test_without_a_server_a_page_says_so_and_goes_on_when_it_is_back(
    browser: Browser, serve: Serve, open_page: OpenPage, complaints: list[str]
) -> None:
    complaints.extend(["WebSocket", "Failed to load resource", "ERR_CONNECTION_REFUSED"])
    own = serve()
    english = open_page(browser, at=own.address)
    spanish = open_page(browser, at=own.address, locale="es")
    for page in (english, spanish):
        until(page, IS_KEPT)
    own.kill()
    english.goto(own.address)
    spanish.goto(f"{own.address}/history/")
    expect(english.locator("h1")).to_have_text("Habla's server cannot be reached")
    expect(spanish.locator("h1")).to_have_text("No se puede llegar al servidor de Habla")
    expect(spanish.locator("html")).to_have_attribute("lang", "es")
    own.start()
    expect(english).to_have_title("Live · Habla", timeout=BACK_MS)
    expect(spanish).to_have_title("Historial · Habla", timeout=BACK_MS)


@bundled
def test_a_changed_file_of_a_new_release_is_used_at_once_and_the_old_one_forgotten(
    browser: Browser,
    serve: Serve,
    open_page: OpenPage,
    complaints: list[str],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    complaints.extend(["WebSocket", "Failed to load resource", "ERR_CONNECTION_REFUSED"])
    release = tmp_path_factory.mktemp("release")
    for name in ("sessions_app", "playback_app", "habla_project", "locale"):
        shutil.copytree(ROOT / name, release / name)
    shutil.copy(ROOT / "manage.py", release)
    served = serve(root=release)
    urlopen(served.address).read()  # the first page takes longest
    page = open_page(browser, at=served.address)
    until(page, IS_KEPT)
    before = {*page.evaluate(KEPT_PATHS)}
    assert served.end() == 0
    # a module that others import, and a style
    words = release / "sessions_app/static/sessions_app/js/strings_en.js"
    words.write_text(words.read_text().replace('"Ready"', '"Quite ready"'))
    style = release / "sessions_app/static/sessions_app/css/base.css"
    style.write_text(style.read_text() + "\nhtml { scroll-margin-top: 7px; }\n")
    served.start()
    urlopen(served.address).read()
    page.goto(served.address)
    expect(page.locator("#state")).to_have_text("Quite ready", timeout=BACK_MS)
    expect(page.locator("html")).to_have_css("scroll-margin-top", "7px")
    until(page, IS_REPLACED, next(path for path in before if "/css/site." in path))
    after = {*page.evaluate(KEPT_PATHS)}
    assert len(after) == len(before)
    assert {path for path in before & after if "/css/views." in path}  # it has not changed


def test_a_page_works_where_there_can_be_no_service_worker(
    browser: Browser, open_page: OpenPage
) -> None:
    """As by http in the local network."""
    script = "delete Navigator.prototype.serviceWorker"
    page = open_page(browser, script=script)
    expect(page.locator("#state")).to_have_text("Ready")
    assert page.evaluate("'serviceWorker' in navigator") is False
    page.locator("#text").fill("hola mundo")
    page.keyboard.press("Enter")
    expect(page.locator("#finals .translated")).to_have_text("hello world")
