"""The real pocketsphinx on real and synthetic speech, and what becomes of its processes."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import jiwer
import pytest

from sessions_app.engines.pocketsphinx import PocketsphinxTranscriber, to_transcript
from sessions_app.engines.silero import SileroDetector
from sessions_app.engines.sphinx_process import SphinxProcess
from sessions_app.errors import EngineError
from sessions_app.events import Transcript
from sessions_app.pipeline.segmenter import SegmentEnded, Segmenter, SegmenterOptions
from tests.engines.conftest import Flite
from tests.engines.processes import all_ended, children_of, watch
from tests.engines.spoken import read_pcm
from tests.sounds import chunks, silence

ROOT = Path(__file__).parents[2]
AUDIO = Path(os.environ.get("HABLA_SHARED_AUDIO", ROOT.parent / "shared" / "audio"))
BROADCAST = AUDIO / "jfk.wav"
BROADCAST_WORDS = (
    "and so my fellow americans ask not what your country can do for you "
    "ask what you can do for your country"
)
GOLDEN = [
    ("rms", "The meeting starts at nine o'clock on Monday."),
    ("rms", "I forgot my password and I cannot log in."),
    ("kal16", "Where is the nearest train station?"),
    ("kal16", "Can you help me find my suitcase?"),
    ("awb", "Do you have a table for four people?"),
    ("awb", "Thank you very much for your help."),
]

needs_broadcast = pytest.mark.skipif(
    not BROADCAST.exists(), reason="jfk.wav is neither in HABLA_SHARED_AUDIO nor ../shared/audio"
)


@pytest.fixture
async def transcriber() -> AsyncIterator[PocketsphinxTranscriber]:
    made = PocketsphinxTranscriber()
    await made.load()
    yield made
    await made.aclose()


def utterances(pcm: bytes) -> list[bytes]:
    """Return what the pipeline would cut out of ``pcm``, with its usual options."""
    segmenter, stream = Segmenter(SegmenterOptions()), SileroDetector().stream()
    events = []
    for chunk in chunks(pcm + silence(1)):
        events += segmenter.push(chunk, stream.probabilities(chunk))
    return [event.pcm for event in events if isinstance(event, SegmentEnded)]


def workers(of: int | None = None) -> list[int]:
    """Return the ids of the living workers of process ``of``; of this one without it."""
    return [pid for pid in children_of(of or os.getpid()) if b"sphinx_worker" in _arguments(pid)]


def _arguments(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""


def words(text: str) -> str:
    return re.sub(r"[^a-z' ]", "", text.lower())


async def test_spoken_sentences_are_heard_word_for_word(
    transcriber: PocketsphinxTranscriber, flite: Flite
) -> None:
    calls = [
        transcriber.transcribe(flite(text, voice), language="en", final=True)
        for voice, text in GOLDEN
    ]
    heard = await asyncio.gather(*calls)
    assert [transcript.text for transcript in heard] == [text for _, text in GOLDEN]
    assert min(transcript.confidence for transcript in heard) > 0.5


@needs_broadcast
async def test_a_broadcast_of_1961_is_heard_utterance_by_utterance(
    transcriber: PocketsphinxTranscriber,
) -> None:
    pieces = utterances(read_pcm(BROADCAST))
    calls = [transcriber.transcribe(pcm, language=None, final=True) for pcm in pieces]
    heard = await asyncio.gather(*calls)
    assert len(heard) == 4
    assert min(transcript.confidence for transcript in heard) >= 0.35
    text = words(" ".join(transcript.text for transcript in heard))
    assert jiwer.wer(BROADCAST_WORDS, text) <= 0.30  # measured: 0.23


@needs_broadcast
@pytest.mark.timeout(30)
async def test_a_broadcast_of_1961_is_heard_in_one_piece_the_same_each_time(
    transcriber: PocketsphinxTranscriber,
) -> None:
    pcm = read_pcm(BROADCAST)
    calls = [transcriber.transcribe(pcm, language=None, final=True) for _ in range(2)]
    first, second = await asyncio.gather(*calls)
    assert first == second
    assert jiwer.wer(BROADCAST_WORDS, words(first.text)) <= 0.40  # measured: 0.32


async def test_other_languages_are_refused(transcriber: PocketsphinxTranscriber) -> None:
    with pytest.raises(EngineError, match="English only"):
        await transcriber.transcribe(silence(1), language="es", final=True)


async def test_a_worker_that_died_is_replaced_and_the_piece_is_heard(
    transcriber: PocketsphinxTranscriber, flite: Flite
) -> None:
    (worker,) = workers()
    os.kill(worker, signal.SIGKILL)
    heard = await transcriber.transcribe(
        flite("How much does this cost?"), language="en", final=True
    )
    assert heard.text == "How much does this cost?"
    assert worker not in workers()


async def test_a_worker_that_dies_in_mid_piece_is_replaced_once(
    transcriber: PocketsphinxTranscriber, flite: Flite
) -> None:
    pcm = flite("How much does this cost?") * 3
    (worker,) = workers()
    work = asyncio.create_task(transcriber.transcribe(pcm, language="en", final=True))
    await asyncio.wait([work], timeout=0.05)
    os.kill(worker, signal.SIGKILL)
    assert "how much does this cost" in words((await work).text)


async def test_closing_leaves_no_process(flite: Flite) -> None:
    transcriber = PocketsphinxTranscriber(workers=2)
    await transcriber.load()
    pcm = flite("How much does this cost?")
    calls = [transcriber.transcribe(pcm, language="en", final=True) for _ in range(2)]
    await asyncio.gather(*calls)
    assert len(workers()) == 2
    await transcriber.aclose()
    assert workers() == []


async def test_a_cancelled_piece_ends_its_process(flite: Flite) -> None:
    worker = SphinxProcess()
    await worker.start()
    (process,) = workers()
    work = asyncio.create_task(worker.hear(flite("How much does this cost?") * 4, final=True))
    await asyncio.wait([work], timeout=0.05)
    work.cancel()
    await asyncio.wait([work])
    assert process not in workers()
    await worker.end()


OWNER = """
import asyncio
from sessions_app.engines.sphinx_process import SphinxProcess
async def main():
    worker = SphinxProcess()
    await worker.start()
    print("ready", flush=True)
    await worker.hear(bytes(32_000 * 600), final=True)
asyncio.run(main())
"""


async def test_a_worker_ends_with_whoever_started_it_even_in_mid_piece() -> None:
    owner = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", OWNER), stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert owner.stdout is not None
    assert await owner.stdout.readline() == b"ready\n"
    (worker,) = workers(owner.pid)
    watched = watch([worker])
    owner.kill()
    await owner.wait()
    assert all_ended(watched, within_seconds=5)


def test_no_words_have_no_confidence() -> None:
    assert to_transcript([], final=True) == Transcript("", "en", confidence=0.0)


def test_confidence_grows_with_the_posteriors() -> None:
    sure, unsure, noise = (
        to_transcript([("hello", p), ("world", p)], final=True).confidence for p in (0.9, 0.4, 0.1)
    )
    assert 1 > sure > unsure > 0.35 > noise
