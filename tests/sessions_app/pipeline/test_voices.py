"""Voice prints are given to voices: as many as speak, and each its own."""

from collections import Counter

import numpy as np
import pytest

from sessions_app.pipeline.voices.clustering import (
    LEAST_NEW_SECONDS,
    Floats,
    Placed,
    Voices,
    exactness,
)

SIZE = 256
LONG = 4.0


class People:
    """People whose prints are as like each other, and as inexact, as real ones are."""

    def __init__(self, seed: int, count: int, likeness: float = 0.65) -> None:
        self._random = np.random.default_rng(seed)
        shared = self._direction()
        own = [self._direction() for _ in range(count)]
        mixed = [np.sqrt(likeness) * shared + np.sqrt(1 - likeness) * each for each in own]
        self._voices = [each / np.linalg.norm(each) for each in mixed]

    def _direction(self) -> Floats:
        made = self._random.normal(0, 1, SIZE)
        return np.asarray(made / np.linalg.norm(made), np.float32)

    def say(self, who: int, seconds: float = LONG) -> Floats:
        """The print of an utterance."""
        near = exactness(seconds)
        made = near * self._voices[who] + np.sqrt(1 - near**2) * self._direction()
        return np.asarray(made / np.linalg.norm(made), np.float32)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("count", [1, 2, 3, 4, 6])
def test_as_many_voices_are_found_as_there_are_people(seed: int, count: int) -> None:
    people, voices = People(seed, count), Voices()
    order = np.random.default_rng(seed + 100).integers(0, count, 12 * count).tolist()
    told = [voices.place(people.say(who), LONG).number for who in order]
    by_voice = {number: Counter[int]() for number in set(told)}
    for who, number in zip(order, told, strict=True):
        by_voice[number][who] += 1
    assert len(by_voice) == len(set(order))
    assert all(len(counts) == 1 for counts in by_voice.values())


def test_voices_are_numbered_as_they_are_first_heard() -> None:
    people, voices = People(1, 3), Voices()
    assert [voices.place(people.say(who), LONG).number for who in (2, 2, 0, 1, 0)] == [
        1,
        1,
        2,
        3,
        2,
    ]
    assert voices.numbers == [1, 2, 3]


def test_a_short_utterance_of_somebody_unknown_begins_no_voice_and_is_the_last_speakers() -> None:
    people, voices = People(2, 2), Voices()
    for _ in range(3):
        voices.place(people.say(0), LONG)
    short = LEAST_NEW_SECONDS - 0.1
    assert voices.place(people.say(1, short), short) == Placed(1, is_sure=False)
    assert voices.place(people.say(1), LONG) == Placed(2)


def test_what_is_unsure_teaches_nothing() -> None:
    people, voices = People(3, 2), Voices()
    voices.place(people.say(0), LONG)
    short = LEAST_NEW_SECONDS - 0.1
    for _ in range(20):
        assert not voices.place(people.say(1, short), short).is_sure
    assert voices.place(people.say(1), LONG).number == 2


def test_no_more_voices_are_begun_than_may_be() -> None:
    people, voices = People(4, 6), Voices(most=3)
    told = {voices.place(people.say(who), LONG).number for who in range(6) for _ in range(3)}
    assert told == {1, 2, 3}


def test_two_voices_that_turn_out_to_be_one_are_joined() -> None:
    """Somebody sounds different at first, as by a hand over the microphone, and then does not."""
    random = np.random.default_rng(5)
    own, muffled = np.linalg.qr(random.normal(0, 1, (SIZE, 2)))[0].T.astype(np.float32)

    def say(share: float) -> Floats:
        made = own + np.float32(share) * muffled
        return np.asarray(made / np.linalg.norm(made), np.float32)

    voices = Voices()
    assert [voices.place(say(share), LONG).number for share in (0.5, -0.5)] == [1, 2]
    joined = [voices.place(say(share), LONG).joined for share in (0.1, -0.1, 0.1, -0.1)]
    assert [pair for pairs in joined for pair in pairs] == [(2, 1)]
    assert voices.numbers == [1]
    assert voices.place(say(-0.5), LONG).number == 1


def test_who_speaks_two_languages_is_one_person() -> None:
    people, voices = People(7, 1), Voices()
    for _ in range(3):
        voices.place(people.say(0), LONG, "es")
    assert voices.place(people.say(0), LONG, "en").number == 1


def test_exactness_grows_with_the_length() -> None:
    lengths = [exactness(seconds) for seconds in (0.5, 1.0, 2.0, 4.0, 60.0)]
    assert lengths == sorted(lengths)
    assert lengths[0] == lengths[1]
    assert lengths[-1] < 1
