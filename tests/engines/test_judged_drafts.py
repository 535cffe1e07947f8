"""A draft is shown once it is known to be a translation, and taken back if it is none."""

from collections.abc import Iterator

import pytest

from sessions_app.core.errors import EngineError, Fault
from sessions_app.core.events import Direction, TranslationRequest
from sessions_app.engines.llm.translator import LlmTranslator
from sessions_app.engines.translation.chain import ChainTranslator
from tests.tiny.fakechat import FakeChat

ES = Direction.ES_TO_EN
HARMONY = (
    "<|channel|>analysis<|message|>They greet.<|end|><|start|>assistant<|channel|>final<|message|>"
)


@pytest.fixture
def server() -> Iterator[FakeChat]:
    with FakeChat() as opened:
        yield opened


async def drafted(server: FakeChat, text: str, said: str) -> tuple[list[str], str]:
    """Return what was shown of a draft, and the error that ended it."""
    told: list[str] = []

    async def tell(draft: str) -> None:
        told.append(draft)

    server.troubles = [said]
    chain = ChainTranslator([LlmTranslator(server.url)])
    await chain.load()
    try:
        await chain.draft(TranslationRequest(text, ES), tell)
    except EngineError as error:
        return told, str(getattr(error, "fault", error))
    finally:
        await chain.aclose()
    return told, ""


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        ("I'm sorry, but I can't help with that request.", Fault.REFUSAL),
        ("hola mundo", Fault.ECHO),
        ("Hola, mundo.", Fault.ECHO),
        ("你好 世界", Fault.SCRIPT),
        ("<table class='x'>hello</table>", Fault.MARKUP),
        ("<think>They greet.", Fault.EMPTY),
    ],
)
async def test_a_draft_that_is_no_translation_is_never_shown(
    server: FakeChat, said: str, fault: str
) -> None:
    assert await drafted(server, "hola mundo", said) == ([], fault)


async def test_no_letter_of_an_echo_in_capitals_is_shown(server: FakeChat) -> None:
    said = "¿Dónde está la estación de tren?"
    for echo in (said.upper(), "¿ Dónde Está La Estación De Tren ?"):
        assert await drafted(server, said, echo) == ([], Fault.ECHO)


async def test_a_draft_that_goes_wrong_is_taken_back_and_worked_on_no_further(
    server: FakeChat,
) -> None:
    told, fault = await drafted(server, "hola mundo", "hello" + " no" * 1000)
    assert (told[0], told[-1], fault) == ("hello", "", Fault.LOOP)
    assert max(map(len, told)) < 60


async def test_a_good_draft_is_told_whole_whatever_it_begins_with(server: FakeChat) -> None:
    told, fault = await drafted(server, "lo siento, llego tarde", "I'm sorry, I'm late")
    assert (told[-1], fault) == ("I'm sorry, I'm late", "")
    told, fault = await drafted(server, "No, gracias", "No, thanks")
    assert (told[-1], fault) == ("No, thanks", "")
    told, fault = await drafted(server, "hola mundo", HARMONY + "hello world")
    assert (told, fault) == (["hello", "hello world"], "")
