"""Whatever a client can be told has a Spanish form, with its values."""

import json
import re

import pytest

from sessions_app.core.commands_told import SENTENCE_END
from sessions_app.core.message_catalogue import OF_OURS, PLACE, in_language
from tests.documents import ROOT
from tests.told_texts import NOT_TOLD, ToldText, told_texts

CATALOGUE = ROOT / "locale" / "es" / "LC_MESSAGES" / "django.po"
FIRST_VALUE = re.compile(r"^[⟨⟪]\d[⟩⟫] (?=[A-Z`])")
"""Sentences before the first of a text."""
VALUE, OWN_TEXT = re.compile(r"⟨\w+⟩"), re.compile(r"⟪\d⟫")
KNOWN, KNOWN_IN_SPANISH = "The disk is full", "El disco está lleno"
ENTRY = re.compile(r'^(msg[\w\[\]]+) ((?:"[^\n]*"\n?)+)', re.MULTILINE)
COMMAND = re.compile(r"`[^`]+`|apt install [\w-]+")
THREE_WORDS = re.compile(r"(?=\b([A-Za-z']+ [a-z']+ [a-z']+)\b)")


def sentences_of(text: str) -> list[str]:
    """Return the sentences of a text that have words of their own, with their values marked."""
    marked = [FIRST_VALUE.sub("", each) for each in SENTENCE_END.split(PLACE.sub(r"⟨\1⟩", text))]
    return [each for each in marked if re.search("[a-z]", OWN_TEXT.sub("", VALUE.sub("", each)))]


def is_spanish(sentence: str) -> bool:
    """Return whether ``sentence`` has another form in Spanish, with the same values.

    Those that are texts of ours are in Spanish, too.
    """
    told = in_language(OWN_TEXT.sub(KNOWN, sentence), "es")
    are_kept = sorted(VALUE.findall(told)) == sorted(VALUE.findall(sentence))
    are_texts = told.count(KNOWN_IN_SPANISH) >= len(OWN_TEXT.findall(sentence))
    is_english = any(words in told for words in THREE_WORDS.findall(COMMAND.sub("", sentence)))
    return told != sentence and are_kept and are_texts and not is_english


def translations() -> list[tuple[str, str]]:
    """Return each text of the catalogue with each of its translations."""
    found = []
    english = ""
    for name, text in ENTRY.findall(CATALOGUE.read_text()):
        words = "".join(json.loads(line) for line in text.split("\n") if line)
        if name == "msgid":
            english = words
        elif name != "msgid_plural":
            found.append((english, words))
    return found[1:]  # the first is the catalogue's own


@pytest.fixture(scope="module")
def found() -> list[ToldText]:
    return told_texts()


def test_whatever_a_client_can_be_told_has_a_spanish_form(found: list[ToldText]) -> None:
    english = {
        sentence: each.where
        for each in found
        for sentence in sentences_of(each.text)
        if not is_spanish(sentence)
    }
    assert english == {}


def test_whoever_is_told_what_no_client_is_told_exists() -> None:
    assert [place for place in NOT_TOLD if not (ROOT / place).exists()] == []


def test_a_template_has_the_same_places_in_both_languages_and_words_between_them() -> None:
    wrong = [
        english
        for english, spanish in translations()
        if sorted(set(PLACE.findall(english))) != sorted(set(PLACE.findall(spanish)))
        or re.search(r"\}\{|^[^\w]*\{\w+\}[^\w]*$", english.replace("{name}: {reason}", "ok"))
    ]
    assert wrong == []


def test_each_value_that_is_a_text_of_ours_stands_in_a_template() -> None:
    places = {place for english, _ in translations() for place in PLACE.findall(english)}
    assert places >= OF_OURS


FAMILIAR = re.compile(
    r"\b(tú|tu|tus|ti|contigo|tuy[oa]s?|eres|estás|has|puedes|quieres|tienes|debes|sabes|dices|digas"
    r"|ves|salgas|necesitas|abres|abriste|hiciste|dijiste|escribes|hablas|empieces|retires|vuelvas"
    r"|haz|detén|inténtal[ao]|cópial[ao]s?|retíral[ao]s?|descárgal[ao]s?|detenl[ao]|pídel[ao]s?"
    r"|ábrel[ao]|sírvel[ao]|compártel[ao]|conéctal[ao]|míral[ao]|acércate)\b"
    r"|(?:^|[.:;,!?] )(vuelve|escribe|pide|elige|pulsa|toca|abre|retira|mira|recarga|apunta|prueba"
    r"|carga|cierra|conecta|crea|descarga|di|inicia|lee|pon|sal|termina) ",
    re.IGNORECASE,
)
"""Forms of tú, and orders to whom one calls so: the latter where a sentence or its part begins."""
SCRIPTS = sorted(ROOT.glob("*_app/static/*/js/strings_es.js"))


def test_all_spanish_calls_people_usted() -> None:
    assert len(SCRIPTS) == 2
    texts = [spanish for _, spanish in translations()]
    texts += [text for path in SCRIPTS for text in re.findall(r': "(.*)",', path.read_text())]
    assert [text for text in texts if FAMILIAR.search(text)] == []
