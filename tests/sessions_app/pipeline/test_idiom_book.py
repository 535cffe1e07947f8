"""Tests of the IdiomBook: the owner's idioms come before those that Habla ships."""

import pytest

from sessions_app.core.events import Phrase
from sessions_app.pipeline.idioms.book import IdiomBook, by_language
from sessions_app.pipeline.idioms.matching import Idiom

TEXT = "No quiero meter la pata, me importa un bledo"


@pytest.fixture
def book() -> IdiomBook:
    return IdiomBook()


def meanings(phrases: tuple[Phrase, ...]) -> list[str]:
    return [phrase.meaning for phrase in phrases]


def test_an_empty_book_finds_what_comes_with_habla(book: IdiomBook) -> None:
    assert meanings(book.find("Me importa un bledo", "es")) == ["not to give a damn"]


@pytest.mark.parametrize("pattern", ["~meter la pata", "la pata", "quiero ~meter la pata"])
def test_where_two_overlap_the_owners_counts(book: IdiomBook, pattern: str) -> None:
    book.replace(by_language([Idiom(pattern, "mine")]))
    assert meanings(book.find(TEXT, "es")) == ["mine", "not to give a damn"]


def test_all_come_in_the_order_in_which_they_are_said(book: IdiomBook) -> None:
    book.replace(by_language([Idiom("~ir a tope", "to go all out")]))
    found = book.find("Me importa un bledo, vamos a tope", "es")
    assert meanings(found) == ["not to give a damn", "to go all out"]


def test_an_idiom_is_found_in_its_own_language_only(book: IdiomBook) -> None:
    book.replace(by_language([Idiom("~wing it all", "improvisar", language="en")]))
    assert meanings(book.find("She winged it all", "en")) == ["improvisar"]
    assert book.find("She winged it all", "es") == ()
    assert book.find("She winged it all", "fr") == ()


def test_what_is_replaced_is_not_found_any_more(book: IdiomBook) -> None:
    book.replace(by_language([Idiom("~ir a tope", "to go all out")]))
    book.replace(by_language([]))
    assert book.find("Vamos a tope", "es") == ()


def test_what_a_translator_noticed_already_is_not_said_twice(book: IdiomBook) -> None:
    told = (Phrase("meter la pata", "to put one's foot in it"), Phrase("jefe", "boss", "word"))
    assert meanings(book.noticed(told, TEXT, "es")) == [
        "to put one's foot in it",
        "boss",
        "not to give a damn",
    ]
    assert book.noticed((), TEXT, "fr") == ()
