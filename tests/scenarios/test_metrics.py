"""Metrics for Prometheus: counts and times of what happened, and nothing that people said."""

from prometheus_client import REGISTRY

from sessions_app.web.metrics import exposition
from tests.conftest import Connect
from tests.house import House
from tests.sounds import say, silence


def value(name: str, /, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


class Since:
    """How much a metric has grown since this was made."""

    def __init__(self, name: str, **labels: str) -> None:
        self._name, self._labels = name, labels
        self._before = value(name, **labels)

    def grown(self) -> float:
        return round(value(self._name, **self._labels) - self._before, 3)


async def test_speech_is_counted_and_timed(connect: Connect) -> None:
    received = Since("habla_received_seconds_total")
    heard = Since("habla_utterances_total", outcome="transcribed")
    typed = Since("habla_utterances_total", outcome="typed")
    translated = Since("habla_translations_total", engine="fake", outcome="translated")
    timed = [
        Since("habla_final_seconds_count"),
        Since("habla_translation_seconds_count"),
        Since("habla_queue_seconds_count", kind="final"),
        Since("habla_engine_seconds_count", kind="final"),
    ]
    ended = Since("habla_sessions_ended_total", reason="client_left")
    pcm = say("hola mundo") + silence(1)
    async with connect() as browser:
        await browser.speak(pcm)
        await browser.say("text_input", text="gracias")
        await browser.until("translation")
        assert value("habla_sessions", state="idle") == 1
        assert value("habla_ready") == 1
        assert value("habla_engine", kind="transcriber", name="fake", generation="1") == 1
    assert received.grown() == round(len(pcm) / 32_000, 3)
    assert (heard.grown(), typed.grown(), translated.grown()) == (1, 1, 2)
    assert [metric.grown() for metric in timed] == [2, 2, 1, 1]
    assert ended.grown() == 1
    assert "hola" not in exposition().decode()


async def test_what_is_judged_or_fails_is_counted_by_what_became_of_it(
    house: House, connect: Connect
) -> None:
    await house.restart(
        transcriber={"failing_word": "agua"}, translator={"failing_word": "gracias"}
    )
    failed = Since("habla_utterances_total", outcome="failed")
    untranslated = Since("habla_translations_total", engine="", outcome="translation_failed")
    async with connect() as browser:
        await browser.speak(say("agua"))
        await browser.say("text_input", text="gracias")
        await browser.until("error", code="translation_failed")
    assert (failed.grown(), untranslated.grown()) == (1, 1)
