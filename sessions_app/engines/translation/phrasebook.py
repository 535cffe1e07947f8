"""A phrasebook in front of a translator: everyday sentences that rules get wrong."""

import json
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files

from sessions_app.engines.base import Direction, Translation, TranslationRequest
from sessions_app.engines.text.sentences import split_sentences
from sessions_app.engines.translation.apertium_text import begins_small, lower_first, open_questions
from sessions_app.engines.translation.delegating import DelegatingTranslator

_WORD = re.compile(r"\w+(?:'\w+)*")
_ACCENT = re.compile("[\u0300-\u0302\u0304-\u036f]")
"""Every combining mark except the tilde of ñ."""
_STOP = re.compile(r"[.!…]+$")


class PhrasebookTranslator(DelegatingTranslator):
    """Answers the sentences that it knows, and asks the translator ``behind`` for all others."""

    async def translate(self, request: TranslationRequest) -> Translation:
        """Return ``request.text`` in the other language, sentence by sentence.

        Raises:
            EngineError: a sentence is not in the book, and the translator behind failed at it.
        """
        sentences = split_sentences(request.text)
        known = [look_up(sentence, request.direction) for sentence in sentences]
        if not any(known):
            return await self.behind.translate(request)
        parts: list[Translation] = []
        for sentence, answer in zip(sentences, known, strict=True):
            if answer is None:
                parts.append(await self.behind.translate(replace(request, text=sentence)))
            else:
                parts.append(Translation(text=answer, engine="phrasebook"))
        return _join(parts)


def _join(parts: list[Translation]) -> Translation:
    engines = [part.engine for part in parts if part.engine != "phrasebook"]
    return Translation(
        text=" ".join(part.text for part in parts if part.text),
        phrases=tuple(phrase for part in parts for phrase in part.phrases),
        confidence=min(part.confidence for part in parts),
        engine=engines[0] if engines else "phrasebook",
        is_gist=any(part.is_gist for part in parts),
    )


def look_up(sentence: str, direction: Direction) -> str | None:
    """Return the phrasebook's answer to ``sentence``; None: it has none.

    Capitals, accents and punctuation are ignored when searching; the answer gets the capital and
    the punctuation of ``sentence``.
    """
    answer = _book()[direction].get(phrase_key(sentence))
    return None if answer is None else _fit(answer, sentence, direction)


def phrase_key(sentence: str) -> str:
    """Return the words of ``sentence``, without capitals, accents (except ñ) and punctuation."""
    plain = unicodedata.normalize("NFD", sentence.casefold().replace("\u2019", "'"))
    bare = unicodedata.normalize("NFC", _ACCENT.sub("", plain))
    return " ".join(_WORD.findall(bare))


def _fit(answer: str, sentence: str, direction: Direction) -> str:
    stop = _STOP.search(sentence)
    if stop and answer[-1].isalnum():
        answer += stop[0]
    if direction is Direction.EN_TO_ES:
        answer = open_questions(answer)
    return lower_first(answer) if begins_small(sentence) else answer


@cache
def _book() -> Mapping[Direction, Mapping[str, str]]:
    text = (
        files("sessions_app.engines.translation")
        .joinpath("phrasebook.json")
        .read_text(encoding="utf-8")
    )
    book: dict[Direction, dict[str, str]] = {Direction.ES_TO_EN: {}, Direction.EN_TO_ES: {}}
    for entry in json.loads(text):
        _enter(book[Direction.ES_TO_EN], entry["es"], entry["en"][0])
        _enter(book[Direction.EN_TO_ES], entry["en"], entry["es"][0])
    return book


def _enter(pages: dict[str, str], sentences: list[str], answer: str) -> None:
    for sentence in sentences:
        pages.setdefault(phrase_key(sentence), answer)
