"""Apertium: rule-based translation, offline and fast, literal; good for the gist."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from sessions_app.engines.base import (
    Direction,
    EngineError,
    EngineUnavailableError,
    Translation,
    TranslationRequest,
    Translator,
)
from sessions_app.engines.text.sentences import clean
from sessions_app.engines.translation.apertium_modes import (
    MODES_DIR,
    Command,
    cut_mode,
    installed_modes,
    read_mode,
)
from sessions_app.engines.translation.apertium_pipeline import PipelineKeeper
from sessions_app.engines.translation.apertium_text import (
    begins_small,
    open_questions,
    prepare,
    restore,
)
from sessions_app.engines.translation.rules.course import Course
from sessions_app.engines.translation.rules.draft import Draft, without_marks
from sessions_app.engines.translation.rules.english import EnglishRules
from sessions_app.engines.translation.rules.sections import Rules
from sessions_app.engines.translation.rules.spanish import SpanishRules

_MEND = "Install it with: apt install apertium-eng-spa"
_RULES: Mapping[Direction, Rules] = {
    Direction.ES_TO_EN: SpanishRules(),
    Direction.EN_TO_ES: EnglishRules(),
}
_PROBES = {Direction.ES_TO_EN: "gracias", Direction.EN_TO_ES: "thanks"}


class ApertiumTranslator(Translator):
    """Translates by rules, in long-lived processes: about ten small ones per direction.

    Between their sections the words are changed where Apertium's rules are known to fail.
    """

    is_rule_based = True
    needs_phrasebook = True

    def __init__(
        self,
        modes_dir: str | Path = MODES_DIR,
        directions: Iterable[str] = (Direction.ES_TO_EN, Direction.EN_TO_ES),
        timeout_seconds: float = 10.0,
    ) -> None:
        """Prepare to run the modes in ``modes_dir``.

        ``directions`` are those wanted; after ``load``, those whose mode is installed.
        ``timeout_seconds`` is how long one request may take, once its turn has come.
        """
        self._modes_dir = Path(modes_dir)
        self._timeout_seconds = timeout_seconds
        self._courses: dict[Direction, Course] = {}
        self.directions = frozenset(Direction(direction) for direction in directions)

    async def load(self) -> None:
        """Start the processes and have each direction translate a word.

        Raises:
            EngineUnavailableError: the message says how to fix it.
        """
        modes = self._installed_modes()
        if not modes:
            raise EngineUnavailableError(f"Apertium's Spanish-English rules are missing. {_MEND}")
        self._courses = {
            direction: Course(
                [PipelineKeeper(section) for section in cut_mode(modes[direction])],
                _RULES[direction],
            )
            for direction in modes
        }
        self.directions = frozenset(modes)
        try:
            for direction in modes:
                await self._ask(direction, _PROBES[direction])
        except EngineError as error:
            await self.aclose()
            raise EngineUnavailableError(f"Apertium does not answer. {_MEND}") from error

    def _installed_modes(self) -> dict[Direction, list[Command]]:
        installed = installed_modes(self._modes_dir)
        try:
            return {way: read_mode(installed[way]) for way in installed if way in self.directions}
        except (OSError, ValueError, IndexError) as error:
            raise EngineUnavailableError(f"Apertium's modes cannot be read. {_MEND}") from error

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` in the other language, word for word where rules fail.

        Raises:
            EngineError: it broke, or took too long.
        """
        text = clean(request.text)
        answer = await self._ask(request.direction, text) if text else ""
        if request.direction is Direction.EN_TO_ES:
            answer = open_questions(answer)
        return Translation(text=answer, engine="apertium")

    async def _ask(self, direction: Direction, text: str) -> str:
        course = self._courses.get(direction)
        if course is None:
            raise EngineError("Apertium is not loaded for this direction.")
        draft = Draft(without_marks(text))
        course.rewrite(draft)
        prepared = prepare(draft.text)
        draft.text = prepared.text
        prepared = replace(
            prepared, was_lowercase=begins_small(text), had_no_stop=text[-1:].isalnum()
        )
        try:
            answer = await course.translate(draft, seconds=self._timeout_seconds)
        except TimeoutError as error:
            raise EngineError("Apertium did not answer in time.") from error
        except OSError as error:
            raise EngineError("Apertium broke over this text.") from error
        return restore(answer, prepared)

    async def aclose(self) -> None:
        """End the processes. May be called twice, and before ``load``."""
        await asyncio.gather(*(course.aclose() for course in self._courses.values()))
