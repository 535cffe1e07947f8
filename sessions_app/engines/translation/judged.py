"""A translator whose answers are judged: a bad one is an error, never an answer."""

import logging
from collections.abc import Sequence
from dataclasses import replace

from sessions_app.core import counters
from sessions_app.core.normalizing import normalized
from sessions_app.engines.base import (
    EngineError,
    Fault,
    Said,
    Tell,
    Translation,
    TranslationRequest,
    Translator,
)
from sessions_app.engines.text.judge import (
    bad_translation,
    fault_of,
    fault_of_correction,
    is_beginning_of,
    is_topic,
    without_controls,
)
from sessions_app.engines.text.refusals import may_become_refusal
from sessions_app.engines.translation.delegating import DelegatingTranslator

logger = logging.getLogger(__name__)

PASSING = frozenset({Fault.ECHO, Fault.LANGUAGE, Fault.REFUSAL})
"""Faults that the beginning of a draft may only seem to have."""


def judged(translator: Translator) -> Translator:
    """Return ``translator`` with its answers judged; itself if there is nothing to judge."""
    is_taken_as_is = translator.needs_no_judging or not translator.translates
    return translator if is_taken_as_is else JudgedTranslator(translator)


class JudgedTranslator(DelegatingTranslator):
    """Asks the translator ``behind``, and judges its answers."""

    def _take_capabilities(self) -> None:
        super()._take_capabilities()
        self.needs_no_judging = True

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` in the other language.

        Raises:
            BadTranslationError: the answer is no translation.
            EngineError: it failed.
        """
        return _checked(await self.behind.translate(request), request)

    async def translate_ahead(self, request: TranslationRequest) -> Translation | None:
        """Return what ``translate`` would; None: not now.

        Raises:
            BadTranslationError: the answer is no translation.
            EngineError: it failed.
        """
        made = await self.behind.translate_ahead(request)
        return None if made is None else _checked(made, request)

    async def draft(self, request: TranslationRequest, tell: Tell) -> None:
        """Tell a draft as it grows, as long as it may be a translation.

        If it turns out to be none, it is withdrawn by telling an empty one.

        Raises:
            BadTranslationError: it is no translation; the work on it is stopped.
            EngineError: it failed.
        """
        growing = _GrowingDraft(request, tell)
        await self.behind.draft(request, growing.grow)
        await growing.end()

    async def find_topic(self, said: Sequence[Said], topic: str) -> str:
        """Return one line about ``said``; empty: the translator behind found no topic.

        Raises:
            EngineError: it failed.
        """
        line = await self.behind.find_topic(said, topic)
        return line if is_topic(line, " ".join(one.source for one in said)) else ""


class _GrowingDraft:
    """One draft, judged while it grows."""

    def __init__(self, request: TranslationRequest, tell: Tell) -> None:
        self._request = request
        self._tell = tell
        self._draft = self._told = ""

    async def grow(self, draft: str) -> None:
        self._draft = without_controls(draft)
        fault = self._fault(is_whole=False)
        if fault is not None and fault not in PASSING:
            await self._take_back(fault)
        if fault is None and not self._is_undecided():
            self._told = self._draft
            await self._tell(self._draft)

    async def end(self) -> None:
        if not self._draft:
            return
        if fault := self._fault(is_whole=True):
            await self._take_back(fault)
        if self._draft != self._told:
            await self._tell(self._draft)

    async def _take_back(self, fault: Fault) -> None:
        if self._told:
            await self._tell("")
        raise bad_translation(fault, "draft")

    def _fault(self, *, is_whole: bool) -> Fault | None:
        request = self._request
        way = request.direction
        return fault_of(self._draft, request.text, way, is_whole=is_whole, is_draft=True)

    def _is_undecided(self) -> bool:
        return may_become_refusal(self._draft) or is_beginning_of(self._draft, self._request.text)


def _checked(made: object, request: TranslationRequest) -> Translation:
    """Return the translation without control characters, and without a bad correction.

    Raises:
        BadTranslationError: it is no translation of ``request``.
        EngineError: it is no Translation at all.
    """
    if not isinstance(made, Translation):
        raise EngineError(f"The translator returned {type(made).__name__}, not a Translation.")
    made = normalized(made)
    corrected = without_controls(made.corrected)
    translation = replace(made, text=without_controls(made.text), corrected=corrected)
    if fault := fault_of(translation.text, request.text, request.direction):
        _count(translation, fault)
        raise bad_translation(fault, translation.engine)
    if corrected and fault_of_correction(corrected, request.text, request.direction):
        logger.debug("a correction is left out: it is none")
        return replace(translation, corrected="")
    return translation


def _count(translation: Translation, fault: Fault) -> None:
    usage = translation.usage
    counters.TRANSLATIONS.labels(translation.engine, fault).inc()
    counters.count_tokens(
        translation.engine, read=usage.prompt_tokens, written=usage.completion_tokens
    )
