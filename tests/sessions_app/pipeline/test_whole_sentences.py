"""Speech that goes on becomes whole sentences: exact to the sample, the same by any chunks."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.core.audio import Encoding, count_samples
from sessions_app.core.errors import EngineError
from sessions_app.core.events import (
    Direction,
    Event,
    Manner,
    Mode,
    Partial,
    SpeechEnded,
    SpeechStarted,
    Transcript,
)
from sessions_app.engines.base import Transcriber
from sessions_app.engines.fake import FakeTranscriber
from sessions_app.pipeline.utterance import Utterance
from tests.sessions_app.pipeline.assembled import Assembled, assembled
from tests.sounds import chunks, say, silence, speech

SENTENCE = "hola mundo la casa es roja quiero agua sí no gracias"
"""2.75 s, in tones; a sentence ends after ``gracias``."""
LONG = say(" ".join([SENTENCE] * 6))
"""16.5 s without a pause."""
ENDLESS = " ".join([SENTENCE.removesuffix(" gracias")] * 11)
"""27.5 s."""
WRITTEN = "Hola mundo la casa es roja quiero agua sí no gracias."


def ears(**options: object) -> FakeTranscriber:
    return FakeTranscriber(last_words=["gracias"], **options)  # type: ignore[arg-type]


class Cuts:
    """Every utterance that was cut out of a stream."""

    def __init__(self) -> None:
        self.utterances: list[Utterance] = []

    @property
    def places(self) -> list[tuple[int, int]]:
        return [(each.start_sample, each.end_sample) for each in self.utterances]


async def heard(
    pieces: Sequence[bytes],
    transcriber: Transcriber | None = None,
    *,
    is_live: bool = True,
    has_partials: bool = False,
) -> tuple[Assembled, Cuts]:
    cuts = Cuts()
    async with assembled(
        transcriber or ears(), is_live=is_live, has_partials=has_partials
    ) as pipeline:
        listener = await pipeline.assembly.open_listener(
            Encoding.PCM_S16LE, cut=cuts.utterances.append
        )
        for piece in pieces:
            await listener.hear(piece)
        await listener.finish()
        await pipeline.interpreter.join()
    return pipeline, cuts


def boundaries(told: Sequence[Event]) -> list[tuple[type, int]]:
    kinds = SpeechStarted | SpeechEnded
    return [(type(event), event.utterance_id) for event in told if isinstance(event, kinds)]


async def test_speech_without_a_pause_becomes_one_exchange_for_each_sentence() -> None:
    pipeline, cuts = await heard([LONG + silence(1)])
    assert pipeline.texts == [WRITTEN] * 6
    assert [exchange.translated.split()[-1] for exchange in pipeline.kept] == ["thanks."] * 6
    sentence = count_samples(say(SENTENCE))
    for number, (_, end) in enumerate(cuts.places[:-1], 1):
        assert abs(end - number * sentence) <= 1_600  # in the silence after its last tone
    assert all(one[1] == two[0] for one, two in pairwise(cuts.places))
    assert boundaries(pipeline.told) == [
        (kind, number) for number in range(1, 7) for kind in (SpeechStarted, SpeechEnded)
    ]


async def test_where_nobody_waits_it_is_asked_more_rarely_and_cut_at_the_same_places() -> None:
    pipeline, cuts = await heard([LONG + silence(1)], is_live=False)
    assert cuts.places[:4] == CUT.places[:4]  # by one question, and the rest ends by its pause
    assert pipeline.texts == [*[WRITTEN] * 4, f"{WRITTEN} {WRITTEN}"]


async def test_every_sample_of_it_is_in_one_utterance_and_in_the_account() -> None:
    sound = silence(0.7) + LONG + silence(1)
    pipeline, cuts = await heard(chunks(sound))
    for utterance in cuts.utterances:
        assert utterance.pcm == sound[2 * utterance.start_sample : 2 * utterance.end_sample]
    account = pipeline.account
    spoken = sum(utterance.samples for utterance in cuts.utterances)
    assert (account.transcribed, account.unfinished) == (spoken, 0)
    assert account.received == count_samples(sound) == spoken + account.silence
    assert account.utterances == 6


WHOLE, CUT = asyncio.run(heard([LONG + silence(1)]))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, len(LONG)), max_size=30))
def test_any_chunks_give_the_same_sentences(places: list[int]) -> None:
    sound = LONG + silence(1)
    edges = [0, *sorted(places), len(sound)]
    pipeline, cuts = asyncio.run(heard([sound[a:b] for a, b in pairwise(edges)]))
    assert pipeline.finals == WHOLE.finals
    assert pipeline.account == WHOLE.account
    assert cuts.places == CUT.places


async def test_the_words_of_a_sentence_are_found_once() -> None:
    calls: list[int] = []

    class Counting(FakeTranscriber):
        async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
            calls.append(count_samples(pcm))
            return await super().transcribe(pcm, language=language, final=final)

    await heard([LONG + silence(1)], Counting(last_words=["gracias"]))
    assert len(calls) == 6  # five questions, and what is left at the end


async def test_without_word_times_it_is_cut_at_its_quietest_place_as_before() -> None:
    pipeline, cuts = await heard([LONG + silence(1)], FakeTranscriber())
    assert len(cuts.places) == 2
    assert 11 * 16_000 <= cuts.places[0][1] <= 15 * 16_000
    assert pipeline.account.unfinished == 0


async def test_a_sentence_that_never_ends_is_cut_all_the_same() -> None:
    pipeline, cuts = await heard([say(ENDLESS)])
    assert [22 <= (end - start) / 16_000 <= 26 for start, end in cuts.places] == [True, False]
    assert all(one[1] == two[0] for one, two in pairwise(cuts.places))
    assert (len(pipeline.finals), pipeline.account.unfinished) == (2, 0)


async def test_an_engine_that_fails_at_a_question_costs_no_words() -> None:
    class Moody(FakeTranscriber):
        async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
            if 79_000 < count_samples(pcm) < 81_000:
                raise EngineError("It does not like five seconds.")
            return await super().transcribe(pcm, language=language, final=final)

    pipeline, _ = await heard([LONG + silence(1)], Moody(last_words=["gracias"]))
    assert " ".join(pipeline.texts) == " ".join([WRITTEN] * 6)


async def test_noise_of_which_nothing_is_believed_is_not_cut_into_sentences() -> None:
    class Noisy(FakeTranscriber):
        async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
            made = await super().transcribe(pcm, language=language, final=final)
            return Transcript(made.text, "es", no_speech_probability=0.95, words=made.words)

    pipeline, cuts = await heard([LONG[: 9 * 32_000] + silence(1)], Noisy(last_words=["gracias"]))
    assert (pipeline.texts, len(cuts.places)) == ([], 1)


async def test_the_next_sentence_is_shown_with_the_words_that_are_known_of_it() -> None:
    pipeline, _ = await heard(chunks(LONG), has_partials=True)
    told = [event for event in pipeline.told if not isinstance(event, SpeechEnded)]
    second = next(n for n, event in enumerate(told) if event == SpeechStarted(2, _start(told, 2)))
    first_words = next(event for event in told[second:] if isinstance(event, Partial))
    assert first_words.utterance_id == 2
    assert first_words.unstable.startswith("Hola mundo la casa es roja")


def _start(told: Sequence[Event], number: int) -> float:
    starts = (event for event in told if isinstance(event, SpeechStarted))
    return next(event.at_seconds for event in starts if event.utterance_id == number)


async def test_an_unbroken_tone_is_cut_at_its_limit() -> None:
    pipeline, cuts = await heard([speech(30.0)])
    assert len(cuts.places) == 2
    assert pipeline.account.unfinished == 0


async def test_a_sentence_that_began_in_another_manner_is_heard_in_that() -> None:
    heard_in: list[tuple[int, str | None]] = []

    class Noting(FakeTranscriber):
        async def transcribe(self, pcm: bytes, *, language: str | None, final: bool) -> Transcript:
            heard_in.append((round(count_samples(pcm) / 16_000), language))
            if len(heard_in) == 1:
                pipeline.session.manner = Manner(Direction.EN_TO_ES, Mode.CONVERSATION)
            return await super().transcribe(pcm, language=language, final=final)

    async with assembled(Noting(last_words=["gracias"]), is_live=False) as pipeline:
        await pipeline.hear([LONG[: 9 * 32_000] * 2])
    assert heard_in[0] == (12, "es")
    assert [final.direction for final in pipeline.finals][:2] == ["es_to_en", "en_to_es"]
    assert len(pipeline.finals) == len(heard_in)  # the first sentence by the question, no other
