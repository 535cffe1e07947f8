"""What is translated ahead is judged like a final: after nonsense the translator is asked again."""

import asyncio
from dataclasses import replace

from sessions_app.core.errors import Fault
from sessions_app.core.events import (
    Direction,
    Mode,
    PassedOver,
    Transcript,
    Translation,
    TranslationRequest,
)
from sessions_app.engines.fake import FakeTranslator
from sessions_app.engines.translation.chain import ChainTranslator
from sessions_app.pipeline.translation.ahead import SpeculativeTranslator
from sessions_app.pipeline.utterance import Utterance
from tests.house import eventually
from tests.sessions_app.pipeline.assembled import SPANISH as MANNER
from tests.sessions_app.pipeline.sentences import FIRST, Patient


class Echoing(Patient):
    """Returns the source text, for a while."""

    echoes = True

    async def translate(self, request: TranslationRequest) -> Translation:
        made = await super().translate(request)
        return replace(made, text=request.text) if self.echoes else made


def asked_for(text: str, direction: Direction, mode: Mode) -> TranslationRequest:
    return TranslationRequest(text, direction, mode=mode)


async def test_nonsense_made_ahead_is_no_final() -> None:
    patient = Echoing()
    ahead = SpeculativeTranslator(
        ChainTranslator([patient, FakeTranslator()]), asked_for, lambda: True
    )
    running = asyncio.create_task(ahead.run())
    ahead.go_on(MANNER)
    request = asked_for(FIRST, Direction.ES_TO_EN, Mode.CONVERSATION)
    made = []
    for utterance_id in (1, 2):
        patient.asked.clear()
        await asyncio.sleep(0)
        ahead.note_words(Utterance(utterance_id, MANNER), Transcript(FIRST, "es"))
        await eventually(lambda: patient.asked == [FIRST])
        made.append(await ahead.translate(utterance_id, request))
        patient.echoes = False
    running.cancel()
    await asyncio.wait({running})
    assert [(one.engine, one.passed_over) for one in made] == [
        ("fake", (PassedOver("patient", Fault.ECHO),)),
        ("patient", ()),
    ]
    assert patient.asked == [FIRST]  # the second was good ahead, so nobody was asked again
