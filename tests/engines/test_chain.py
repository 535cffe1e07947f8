"""A chain asks its translators in order, and names the one that answered."""

import asyncio
from collections.abc import Sequence

import pytest

from sessions_app.core.errors import EngineBusyError, EngineError, EngineUnavailableError
from sessions_app.core.events import Direction, Said, Translation, TranslationRequest
from sessions_app.engines.base import Board, Tell, Translator
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.translation.chain import ChainTranslator
from sessions_app.engines.translation.circuit_breaker import FIRST_REST_SECONDS

ES, EN = Direction.ES_TO_EN, Direction.EN_TO_ES


class OneWay(Translator):
    """Knows one direction, returns its name, and can be told to fail or not to close."""

    def __init__(
        self, name: str, direction: Direction, *, fails: bool = False, is_cloud: bool = False
    ) -> None:
        self.directions = frozenset({direction})
        self.is_cloud = is_cloud
        self.asked = 0
        self.is_closed = False
        self._name = name
        self.fails = fails

    async def translate(self, request: TranslationRequest) -> Translation:
        self.asked += 1
        if self.fails:
            raise EngineError("It was told to fail.")
        return Translation(f"{self._name}: {request.text}", engine=self._name)

    async def aclose(self) -> None:
        self.is_closed = True
        if self.fails:
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


async def test_one_that_fails_is_left_alone_and_tried_again_after_its_rest() -> None:
    now = 100.0
    first, second = OneWay("first", ES, fails=True), OneWay("second", ES)
    chain = ChainTranslator([first, second], clock=lambda: now)
    answers = [await chain.translate(TranslationRequest("hola", ES)) for _ in range(5)]
    assert [answer.engine for answer in answers] == ["second"] * 5
    assert first.asked == 3
    now += FIRST_REST_SECONDS
    first.fails = False
    answers = [await chain.translate(TranslationRequest("hola", ES)) for _ in range(5)]
    assert [answer.engine for answer in answers] == ["first"] * 5


async def test_while_all_rest_a_failure_is_told_at_once() -> None:
    only = OneWay("only", ES, fails=True)
    chain = ChainTranslator([only])
    for message in ["told to fail"] * 3 + ["left alone"]:
        with pytest.raises(EngineError, match=message):
            await chain.translate(TranslationRequest("hola", ES))
    assert only.asked == 3


class ModelElsewhere:
    """A model that another program holds; by default it is there."""

    def __init__(self) -> None:
        self.board = Board()
        self.is_loading = False
        self.why: str | None = None
        self.hindrance = ""

    def warm_up(self) -> None:
        pass

    async def loaded(self) -> None:
        pass


class Remote(OneWay):
    """Has its model elsewhere, which is loaded again after a time-out."""

    def __init__(self) -> None:
        super().__init__("remote", ES)
        self.model = self.remote_model = ModelElsewhere()
        self.is_late = False
        self.is_busy = False

    async def translate(self, request: TranslationRequest) -> Translation:
        if self.is_late or self.is_busy:
            self.asked += 1
            self.model.is_loading = self.is_late
            raise EngineBusyError("It did not answer.", rest_seconds=30)
        return await super().translate(request)

    async def fail(self, chain: ChainTranslator, message: str) -> None:
        with pytest.raises(EngineError, match=message):
            await chain.translate(TranslationRequest("hola", ES))


@pytest.fixture
def remote() -> Remote:
    return Remote()


async def test_who_stands_alone_is_asked_again_as_soon_as_its_model_is_there(
    remote: Remote,
) -> None:
    chain = ChainTranslator([remote], clock=lambda: 100.0)
    remote.is_late = True
    await remote.fail(chain, "did not answer")
    await remote.fail(chain, "left alone")  # it is still being loaded
    remote.is_late = remote.model.is_loading = False
    assert (await chain.translate(TranslationRequest("hola", ES))).engine == "remote"


async def test_a_model_that_is_there_and_never_answers_is_asked_again_once(
    remote: Remote,
) -> None:
    now = 100.0
    chain = ChainTranslator([remote], clock=lambda: now)
    remote.is_late = True
    for message in ["did not answer", "did not answer", "left alone", "left alone"]:
        await remote.fail(chain, message)
        remote.model.is_loading = False
    now += 30
    await remote.fail(chain, "did not answer")
    assert remote.asked == 3


async def test_a_model_that_could_not_be_loaded_or_was_only_busy_is_left_alone(
    remote: Remote,
) -> None:
    chain = ChainTranslator([remote], clock=lambda: 100.0)
    remote.is_late = True
    await remote.fail(chain, "did not answer")
    remote.model.is_loading, remote.model.hindrance = False, "Nothing answers there."
    await remote.fail(chain, "left alone")
    busy = Remote()
    busy.is_busy = True
    chain = ChainTranslator([busy], clock=lambda: 100.0)
    for message in ["did not answer", "left alone"]:
        await busy.fail(chain, message)


async def test_where_others_can_answer_a_model_that_failed_has_its_rest(remote: Remote) -> None:
    chain = ChainTranslator([remote, OneWay("second", ES)], clock=lambda: 100.0)
    remote.is_late = True
    answers = []
    for _ in range(2):
        answers.append(await chain.translate(TranslationRequest("hola", ES)))
        remote.model.is_loading = False
    assert [answer.engine for answer in answers] == ["second", "second"]
    assert remote.asked == 1


async def test_a_local_one_never_falls_back_to_the_cloud() -> None:
    local, cloud = OneWay("local", ES, fails=True), OneWay("cloud", ES, is_cloud=True)
    chain = ChainTranslator([local, cloud])
    with pytest.raises(EngineError, match="told to fail"):
        await chain.translate(TranslationRequest("hola", ES))
    assert cloud.asked == 0
    local.fails = False
    await chain.aclose()
    assert cloud.is_closed


async def test_one_in_the_cloud_falls_back_to_a_local_one() -> None:
    cloud, local = OneWay("cloud", ES, fails=True, is_cloud=True), OneWay("local", ES)
    answer = await ChainTranslator([cloud, local]).translate(TranslationRequest("hola", ES))
    assert answer.engine == "local"


class Drafting(OneWay):
    """Also makes drafts and finds a topic."""

    drafts_fail = False
    drafted = 0

    async def note(self, text: str) -> None:
        pass

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        self.drafted += 1
        if self.drafts_fail:
            raise EngineError("It was told to fail.")
        await tell(f"draft of {request.text}")

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        return "weather"


async def test_a_draft_comes_from_the_one_that_will_be_asked_for_the_final() -> None:
    told: list[str] = []

    async def tell(text: str) -> None:
        told.append(text)

    first = Drafting("first", ES, fails=True)
    chain = ChainTranslator([first, OneWay("second", ES)])
    said = [Said("hola", "hello", ES)]
    await chain.draft(TranslationRequest("hola", ES), tell)
    assert await chain.find_topic(said, "") == "weather"
    for _ in range(3):
        await chain.translate(TranslationRequest("hola", ES))
    await chain.draft(TranslationRequest("hola mundo", ES), tell)
    assert await chain.find_topic(said, "weather") == ""
    assert told == ["draft of hola"]


class Ahead(Drafting):
    """Also translates ahead, and fails at that so often."""

    def __init__(self, failures: int) -> None:
        super().__init__("first", ES)
        self.failures = failures
        self.asked_ahead = 0

    async def translate_ahead(self, request: TranslationRequest) -> Translation:
        self.asked_ahead += 1
        if self.asked_ahead <= self.failures:
            raise EngineBusyError("It is busy.", rest_seconds=5)
        return await self.translate(request)


async def test_what_fails_ahead_keeps_no_final_from_who_failed() -> None:
    first = Ahead(failures=1)
    chain = ChainTranslator([first, OneWay("second", ES)], clock=lambda: 100.0)
    request = TranslationRequest("hola", ES)
    with pytest.raises(EngineError):
        await chain.translate_ahead(request)
    assert (await chain.translate(request)).engine == "first"
    assert await chain.translate_ahead(request) is None  # it is not asked for that any more
    assert first.asked_ahead == 1


async def test_nobody_else_is_asked_ahead_than_will_be_asked_for_the_final() -> None:
    first = Ahead(failures=0)
    request = TranslationRequest("hola", ES)
    translated = await ChainTranslator([first]).translate_ahead(request)
    assert translated is not None
    assert translated.engine == "first"
    assert await ChainTranslator([OneWay("plain", ES), first]).translate_ahead(request) is None


class Slow(Ahead):
    """Answers a final once it goes on."""

    def __init__(self) -> None:
        super().__init__(failures=0)
        self.goes_on = asyncio.Event()

    async def translate(self, request: TranslationRequest) -> Translation:
        await self.goes_on.wait()
        return await super().translate(request)


async def test_nothing_is_begun_ahead_while_anybody_waits_for_a_translation() -> None:
    slow = Slow()
    chain = ChainTranslator([slow])
    awaited = asyncio.create_task(chain.translate(TranslationRequest("hola", ES)))
    await asyncio.sleep(0)
    assert await chain.translate_ahead(TranslationRequest("agua", ES)) is None
    assert slow.asked_ahead == 0
    slow.goes_on.set()
    await awaited
    assert await chain.translate_ahead(TranslationRequest("agua", ES)) is not None


async def test_drafts_that_fail_are_left_alone_and_finals_go_on() -> None:
    first = Drafting("first", ES)
    first.drafts_fail = True
    chain = ChainTranslator([first], clock=lambda: 100.0)
    request = TranslationRequest("hola", ES)
    for _ in range(3):
        with pytest.raises(EngineError):
            await chain.draft(request, first.note)
    await chain.draft(request, first.note)
    assert (await chain.translate(request)).engine == "first"
    assert first.drafted == 3
