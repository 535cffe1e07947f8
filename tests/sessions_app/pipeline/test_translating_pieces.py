"""Translations made ahead, piece by piece: what is requested, kept and cancelled."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from sessions_app.core.events import (
    Direction,
    Mode,
    Phrase,
    Transcript,
    Translation,
    TranslationRequest,
)
from sessions_app.pipeline.translation import ahead
from sessions_app.pipeline.translation.ahead import SpeculativeTranslator
from sessions_app.pipeline.utterance import Utterance
from tests.house import eventually
from tests.sessions_app.pipeline.assembled import SPANISH as MANNER
from tests.sessions_app.pipeline.sentences import FIRST, SECOND, TWO, TWO_TRANSLATED, Patient


class Noticing(Patient):
    """Finds a phrase in the second sentence, and corrects it."""

    async def translate(self, request: TranslationRequest) -> Translation:
        made = await super().translate(request)
        if request.text != SECOND:
            return made
        phrase = Phrase("casa", "a home", start=3, end=7)
        return replace(made, phrases=(phrase,), corrected="La casa es roja.")


class Desk:
    """TranslationsAhead, driven by hand."""

    def __init__(self, patient: Patient) -> None:
        self.patient = patient
        self.has_time = True
        self.speaker = "Ana"
        self.ahead = SpeculativeTranslator(patient, self.request, lambda: self.has_time)
        self.ahead.go_on(MANNER)
        self.task = asyncio.create_task(self.ahead.run())

    def request(self, text: str, direction: Direction, mode: Mode) -> TranslationRequest:
        return TranslationRequest(text, direction, mode=mode, speaker=self.speaker)

    def go_on(self, stable: str, unstable: str) -> None:
        self.ahead.note_stable(1, "es", stable, unstable)

    def pause(self, text: str, utterance_id: int = 1) -> None:
        self.ahead.note_words(Utterance(utterance_id, MANNER), Transcript(text, "es"))

    async def final(
        self, text: str, utterance_id: int = 1, mode: Mode = Mode.CONVERSATION
    ) -> Translation:
        asked = self.request(text, Direction.ES_TO_EN, mode)
        return await self.ahead.translate(utterance_id, asked)

    async def has_asked(self, *texts: str) -> None:
        await eventually(lambda: self.patient.asked == [*texts])

    async def close(self) -> None:
        self.task.cancel()
        await asyncio.wait({self.task})


@pytest.fixture
def patient() -> Patient:
    return Noticing()


@pytest.fixture
async def desk(patient: Patient) -> AsyncIterator[Desk]:
    opened = Desk(patient)
    await asyncio.sleep(0)
    yield opened
    await opened.close()


async def test_other_words_than_were_translated_are_asked_for(desk: Desk) -> None:
    desk.go_on(FIRST, "agua")
    desk.pause("hola mundo. agua.")
    await desk.has_asked(FIRST, "agua.")
    assert (await desk.final(TWO)).text == TWO_TRANSLATED
    assert desk.patient.asked == [FIRST, "agua.", SECOND]


async def test_what_is_not_stable_is_asked_for_in_one_piece(desk: Desk) -> None:
    desk.pause(TWO)
    await desk.has_asked(TWO)
    assert (await desk.final(TWO)).text == TWO_TRANSLATED
    assert desk.patient.asked == [TWO]


async def test_a_piece_that_ends_inside_a_sentence_is_of_no_use(desk: Desk) -> None:
    desk.pause("hola")
    await desk.has_asked("hola")
    assert (await desk.final("hola agua")).text == "hello water"
    assert desk.patient.asked == ["hola", "hola agua"]


async def test_words_that_come_late_do_not_spoil_what_the_pause_began(desk: Desk) -> None:
    desk.pause(TWO)
    await desk.has_asked(TWO)
    desk.go_on("hola. mundo.", "la")
    assert (await desk.final(TWO)).text == TWO_TRANSLATED
    assert desk.patient.asked == [TWO]


async def test_a_sentence_is_never_cut_for_its_length(desk: Desk) -> None:
    long = " ".join(["agua"] * 200) + "."
    desk.go_on(long, "hola")
    await desk.has_asked(long)
    await desk.final(f"{long} hola")
    assert desk.patient.asked == [long, "hola"]


async def test_what_another_speaker_would_have_said_is_not_kept(desk: Desk) -> None:
    desk.pause("hola")
    await desk.has_asked("hola")
    desk.speaker = "Juan"
    await desk.final("hola")
    assert desk.patient.asked == ["hola"] * 2
    assert desk.patient.speakers == ["Ana", "Juan"]


async def test_speech_that_goes_on_ends_what_the_pause_began(desk: Desk) -> None:
    desk.patient.hangs = {"agua"}
    desk.go_on(FIRST, "agua")
    desk.pause(f"{FIRST} agua")
    await desk.has_asked(FIRST, "agua")
    desk.ahead.go_on(MANNER)
    await eventually(lambda: desk.patient.cancelled == ["agua"])
    assert (await desk.final(TWO)).text == TWO_TRANSLATED
    assert desk.patient.asked == [FIRST, "agua", SECOND]


async def test_what_is_due_does_not_wait_for_what_is_not(desk: Desk) -> None:
    patient = desk.patient
    patient.hangs = {"agua"}
    desk.pause("agua", utterance_id=2)
    await desk.has_asked("agua")
    assert (await desk.final("hola", utterance_id=1)).text == "hello"
    await eventually(lambda: patient.cancelled == ["agua"])
    patient.hangs = set()
    desk.has_time = False
    desk.pause("agua", utterance_id=2)
    await asyncio.sleep(0.01)
    assert patient.asked == ["agua", "hola"]
    assert (await desk.final("agua", utterance_id=2)).text == "water"


async def test_what_there_is_no_final_of_is_not_translated(desk: Desk) -> None:
    desk.patient.hangs = {"agua"}
    desk.pause("agua")
    await desk.has_asked("agua")
    desk.ahead.drop(2)
    await asyncio.sleep(0.01)
    assert desk.patient.cancelled == []
    desk.ahead.drop(1)
    await eventually(lambda: desk.patient.cancelled == ["agua"])


async def test_an_answer_that_comes_as_the_words_change_spoils_nothing(desk: Desk) -> None:
    desk.patient.hangs = {"hola"}
    desk.pause("hola")
    await desk.has_asked("hola")
    desk.patient.goes_on.set()  # it is answered, but the worker has not run yet
    desk.ahead.go_on(MANNER)
    desk.pause("agua")
    await desk.has_asked("hola", "agua")
    assert (await desk.final("agua")).text == "water"
    assert desk.patient.asked == ["hola", "agua"]


async def test_what_is_dropped_before_it_began_hinders_nothing_after_it(desk: Desk) -> None:
    desk.patient.hangs = {"hola"}
    desk.pause("hola")
    await desk.has_asked("hola")
    desk.ahead.go_on(MANNER)
    desk.pause("mundo")  # while the request before is being cancelled
    desk.pause("agua", utterance_id=2)
    await desk.has_asked("hola", "agua")
    assert (await desk.final("agua", utterance_id=2)).text == "water"
    assert desk.patient.asked == ["hola", "agua"]


async def test_a_mode_chosen_meanwhile_counts(desk: Desk) -> None:
    desk.pause("hola")
    await desk.has_asked("hola")
    await desk.final("hola", mode=Mode.CLASSROOM)
    assert desk.patient.asked == ["hola"] * 2


async def test_a_translator_that_hangs_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, patient: Patient
) -> None:
    monkeypatch.setattr(ahead, "AHEAD_SECONDS", 0.02)
    patient.hangs = {"hola"}
    desk = Desk(patient)
    await asyncio.sleep(0)
    desk.pause("hola")
    await eventually(lambda: patient.cancelled == ["hola"])
    patient.hangs = set()
    assert (await desk.final("hola")).text == "hello"
    desk.pause("agua", utterance_id=2)
    await desk.has_asked("hola", "hola", "agua")
    await desk.close()


async def test_who_waits_is_not_left_alone_when_the_worker_ends(desk: Desk) -> None:
    desk.patient.hangs = {"hola"}
    desk.pause("hola")
    await desk.has_asked("hola")
    final = asyncio.create_task(desk.final("hola"))
    await asyncio.sleep(0)
    desk.patient.hangs = set()
    await desk.close()
    assert (await final).text == "hello"


async def test_phrases_stand_where_their_words_do(desk: Desk) -> None:
    desk.go_on(FIRST, "la")
    desk.pause(TWO)
    await desk.has_asked(FIRST, SECOND)
    made = await desk.final(TWO)
    [phrase] = made.phrases
    assert TWO[phrase.start : phrase.end] == "casa"
    assert made.corrected == "hola mundo. La casa es roja."
