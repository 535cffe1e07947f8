"""Scores a playback: word error rate and chrF against the ground truth."""

import asyncio
import logging
import re
import unicodedata
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from playback_app import store
from playback_app.models import GroundTruth, Playback
from sessions_app.core.errors import StoreError
from sessions_app.models import Exchange, RecordedSegment
from sessions_app.store.database.thread import on_database_thread
from sessions_app.store.database.write_behind import behind

logger = logging.getLogger(__name__)

SCORE_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Reference:
    """The true transcript and the true translation; either may be empty."""

    transcript: str
    translation: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """The transcript and the translation that a playback produced."""

    transcript: str
    translation: str


def split_words(text: str) -> list[str]:
    """Return the words of ``text`` as they are compared: no case, no punctuation, accents kept."""
    composed = (
        unicodedata.normalize("NFC", text)
        .casefold()
        .replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    )
    return re.findall(r"[^\W_]+(?:'[^\W_]+)*", composed)


def reference_of(recording_id: UUID) -> Reference | None:
    """Return the newest ground truth of a recording; None: nobody wrote one.

    One for the whole recording is preferred. Otherwise segments that nobody corrected count as
    they were transcribed when it was recorded.
    """
    rows = GroundTruth.objects.filter(recording_id=recording_id).order_by("version")
    whole = rows.filter(segment=None).last()
    if whole is not None:
        return Reference(whole.transcript, whole.translation)
    newest = {row.segment_id: row for row in rows}
    if not newest:
        return None
    segments = RecordedSegment.objects.filter(recording_id=recording_id)
    parts = [newest.get(segment.pk, segment) for segment in segments]
    said = [p.transcript if isinstance(p, GroundTruth) else p.text for p in parts]
    return Reference(" ".join(said), " ".join(p.translation for p in parts))


def hypothesis_of(playback_id: UUID) -> Hypothesis:
    """Return what a playback produced, in the order in which it was said."""
    rows = Exchange.objects.filter(origin=playback_id).order_by("utterance_id")
    pairs = list(rows.values_list("source", "translated"))
    return Hypothesis(" ".join(one for one, _ in pairs), " ".join(other for _, other in pairs))


def word_error_rate(reference: list[str], hypothesis: list[str]) -> float | None:
    """Return the share of wrong, missing and added words, 0..; None: there is no reference."""
    if not reference:
        return None
    import jiwer  # noqa: PLC0415 -- a server that scores nothing is spared its memory

    return float(jiwer.wer(" ".join(reference), " ".join(hypothesis)))


def chrf(reference: str, hypothesis: str) -> float | None:
    """Return the chrF of a translation, 0..100; None: there is no reference."""
    if not reference.strip():
        return None
    import sacrebleu  # noqa: PLC0415 -- 17 MB, likewise

    return float(sacrebleu.sentence_chrf(hypothesis, [reference]).score)


def score(playback_id: UUID) -> None:
    """Score a playback and store the result, if there is a ground truth. Blocks."""
    row = Playback.objects.filter(pk=playback_id).first()
    truth = reference_of(row.recording_id) if row else None
    if truth is None:
        return
    heard = hypothesis_of(playback_id)
    reference, hypothesis = split_words(truth.transcript), split_words(heard.transcript)
    store.save_score(
        playback_id,
        word_error_rate=word_error_rate(reference, hypothesis),
        chrf=chrf(truth.translation, heard.translation),
        score={"reference_words": len(reference), "heard_words": len(hypothesis)},
    )


async def score_in_time(playback_id: UUID, *, is_late: bool = False) -> None:
    """Do the same; if it takes too long or cannot be stored, that is logged: it can be done later.

    ``is_late``: exchanges are still waiting to be stored, so the score is written after them.
    """
    if is_late:
        behind.post(partial(score, playback_id), "a score")
        return
    try:
        async with asyncio.timeout(SCORE_SECONDS):
            await on_database_thread(score)(playback_id)
    except (TimeoutError, StoreError) as error:
        logger.warning("playback %s has no score: %s", playback_id, error)


# --- word by word


@dataclass(frozen=True, slots=True)
class Difference:
    """A word of the reference that one of two playbacks heard and the other did not."""

    word: str
    was: str
    """What the earlier playback heard; empty: nothing."""
    now: str
    is_better: bool


def compare(reference: list[str], earlier: list[str], later: list[str]) -> list[Difference]:
    """Return what ``later`` heard better or worse than ``earlier``, in the reference's order."""
    was, now = _aligned(reference, earlier), _aligned(reference, later)
    return [
        Difference(word, was[at], now[at], is_better=now[at] == word)
        for at, word in enumerate(reference)
        if (was[at] == word) != (now[at] == word)
    ]


def compared(recording_id: UUID, earlier: UUID, later: UUID) -> list[Difference]:
    """Return what a playback heard better or worse than an earlier one of the same recording."""
    truth = reference_of(recording_id)
    reference = split_words(truth.transcript) if truth else []
    was, now = (split_words(hypothesis_of(one).transcript) for one in (earlier, later))
    return compare(reference, was, now)


def rate_of(playback: Playback) -> float | None:
    """Return the word error rate against the newest ground truth; None: there is none."""
    truth = reference_of(playback.recording_id)
    heard = split_words(hypothesis_of(playback.pk).transcript)
    return word_error_rate(split_words(truth.transcript), heard) if truth else None


def _aligned(reference: list[str], hypothesis: list[str]) -> list[str]:
    """Return for each word of the reference what was heard in its place."""
    heard = [""] * len(reference)
    if not reference or not hypothesis:
        return heard
    import jiwer  # noqa: PLC0415 -- likewise

    output = jiwer.process_words(" ".join(reference), " ".join(hypothesis))
    for chunk in output.alignments[0]:
        if chunk.type in ("equal", "substitute"):
            span = hypothesis[chunk.hyp_start_idx : chunk.hyp_end_idx]
            heard[chunk.ref_start_idx : chunk.ref_end_idx] = span
    return heard
