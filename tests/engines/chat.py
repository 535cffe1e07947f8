"""A language model for a test: a real client of a fake server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sessions_app.engines.llm.translator import LlmTranslator
from tests.tiny.fakechat import FakeChat


@asynccontextmanager
async def llm_at(
    server: FakeChat, *, is_awaited: bool = True, **options: object
) -> AsyncIterator[LlmTranslator]:
    """Return a loaded translator at ``server``; close it afterwards.

    ``is_awaited``: its model has been loaded too, however slow the machine is.
    """
    translator = LlmTranslator(server.url, **options)  # type: ignore[arg-type]
    await translator.load()
    try:
        if is_awaited:
            await translator.remote_model.loaded()
        yield translator
    finally:
        await translator.aclose()
