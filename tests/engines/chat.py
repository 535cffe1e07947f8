"""A language model for a test: a real client, on a server of the test's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sessions_app.engines.llm.translator import LlmTranslator
from tests.tiny.fakechat import FakeChat


@asynccontextmanager
async def llm_at(
    server: FakeChat, *, is_awaited: bool = True, **options: object
) -> AsyncIterator[LlmTranslator]:
    """Return a loaded translator at ``server``; close it afterwards.

    ``is_awaited``: so is its model, however slow the machine is.
    """
    translator = LlmTranslator(server.url, **options)  # type: ignore[arg-type]
    await translator.load()
    try:
        if is_awaited:
            await translator.remote_model.loaded()
        yield translator
    finally:
        await translator.aclose()
