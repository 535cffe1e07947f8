"""A chain asks its translators in order, and says who answered."""

import pytest

from sessions_app.engines.chain import ChainTranslator
from sessions_app.engines.fake import FakeTranslator
from sessions_app.errors import EngineError, EngineUnavailableError
from sessions_app.events import Direction, Translation, TranslationRequest

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES


class OneWay:
    """Knows one direction, says its name, and can be told to fail or not to close."""

    def __init__(self, name: str, direction: Direction, *, fails: bool = False) -> None:
        self.directions = frozenset({direction})
        self.is_closed = False
        self._name = name
        self._fails = fails

    async def load(self) -> None:
        pass

    async def translate(self, request: TranslationRequest) -> Translation:
        if self._fails:
            raise EngineError("It was told to fail.")
        return Translation(f"{self._name}: {request.text}", engine=self._name)

    async def aclose(self) -> None:
        self.is_closed = True
        if self._fails:
            raise EngineError("It was told to fail.")


async def test_the_first_that_knows_the_direction_answers() -> None:
    chain = ChainTranslator([OneWay("first", EN), OneWay("second", ES), OneWay("third", ES)])
    await chain.load()
    answer = await chain.translate(TranslationRequest("hola", ES))
    assert answer == Translation("second: hola", engine="second")


async def test_when_one_fails_the_next_is_asked() -> None:
    chain = ChainTranslator([OneWay("first", ES, fails=True), OneWay("second", ES)])
    answer = await chain.translate(TranslationRequest("hola", ES))
    assert answer.engine == "second"


async def test_when_all_fail_the_last_failure_is_told() -> None:
    chain = ChainTranslator([OneWay("only", ES, fails=True)])
    with pytest.raises(EngineError, match="told to fail"):
        await chain.translate(TranslationRequest("hola", ES))


async def test_a_direction_that_none_knows_is_told() -> None:
    chain = ChainTranslator([OneWay("only", EN)])
    assert chain.directions == {EN}
    with pytest.raises(EngineError, match="no translator for this direction"):
        await chain.translate(TranslationRequest("hola", ES))


async def test_those_that_cannot_be_loaded_are_left_out() -> None:
    chain = ChainTranslator([FakeTranslator(broken=True), OneWay("second", ES)])
    await chain.load()
    assert chain.directions == {ES}


async def test_if_none_can_be_loaded_the_first_reason_is_told() -> None:
    with pytest.raises(EngineUnavailableError, match="told to be broken"):
        await ChainTranslator([FakeTranslator(broken=True)]).load()


async def test_all_are_closed_even_if_one_fails_at_it() -> None:
    translators = [OneWay("a", ES), OneWay("b", ES, fails=True), OneWay("c", ES)]
    with pytest.raises(EngineError):
        await ChainTranslator(translators).aclose()
    assert [each.is_closed for each in translators] == [True, True, True]
