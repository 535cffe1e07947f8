"""Speakers are told apart by their language, and have the names that people give them."""

import pytest

from sessions_app.core.errors import CommandError
from sessions_app.core.events import Speaker
from sessions_app.pipeline.speakers import Speakers


def test_everyone_has_a_name_from_the_beginning() -> None:
    assert Speakers().all() == [Speaker("es", "Spanish speaker"), Speaker("en", "English speaker")]


def test_a_speaker_keeps_the_name_that_people_gave() -> None:
    speakers = Speakers()
    speakers.call(Speaker("es", "Ana"))
    assert speakers.of("es") == Speaker("es", "Ana")
    assert speakers.of("es") == Speaker("es", "Ana")
    assert speakers.of("en") == Speaker("en", "English speaker")


def test_names_that_were_kept_come_back() -> None:
    assert [speaker.name for speaker in Speakers({"en": "Bob", "x": "Eva"}).all()] == [
        "Spanish speaker",
        "Bob",
        "Eva",
    ]


def test_a_name_that_others_gave_is_learned_once() -> None:
    speakers = Speakers({"es": "Ana"})
    assert [speakers.learn(kept) for kept in ({"es": "Ana"}, {"es": "Eva"}, {"es": "Eva"})] == [
        False,
        True,
        False,
    ]
    assert speakers.of("es").name == "Eva"


def test_a_name_of_ours_that_is_kept_late_is_not_taken_back() -> None:
    speakers = Speakers({"es": "Ana"})
    speakers.call(Speaker("es", "Eva"))
    assert not speakers.learn({"es": "Ana"})
    assert not speakers.learn({"es": "Eva"})
    assert speakers.of("es").name == "Eva"


def test_nobody_else_speaks_here() -> None:
    speakers = Speakers()
    with pytest.raises(CommandError) as refusal:
        speakers.of("fr")
    assert refusal.value.code == "unknown_speaker"
    with pytest.raises(CommandError):
        speakers.call(Speaker("fr", "Luc"))
    assert len(speakers.all()) == 2
