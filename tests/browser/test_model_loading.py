"""The page says that the language model is being loaded, until it is there."""

import json

from playwright.sync_api import Browser, expect

from tests.browser.conftest import OpenPage, Serve
from tests.tiny.fakemodels import FakeModels


def test_the_page_says_that_the_model_loads_and_takes_it_back(
    browser: Browser, open_page: OpenPage, serve: Serve
) -> None:
    with FakeModels(load_seconds=120) as models:
        backend = "sessions_app.engines.llm.translator.LlmTranslator"
        choice = {"BACKEND": backend, "OPTIONS": {"url": models.url}}
        page = open_page(browser, at=serve(HABLA_TRANSLATOR=json.dumps(choice)).address)
        notice = page.locator('[data-code="model_loading"]')
        expect(notice).to_contain_text("The language model parrot is being loaded.")
        expect(page.locator("#engines")).to_contain_text("is being loaded")
        page.locator("#text").fill("hola mundo")
        page.locator("#text").press("Enter")
        models.is_loaded = True
        expect(page.locator("#finals .translated")).to_have_text("hello world")
        expect(notice).to_have_count(0)
        expect(page.locator("#engines")).not_to_contain_text("is being loaded")
