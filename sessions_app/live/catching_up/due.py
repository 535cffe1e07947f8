"""What is due of a recording: which of its sound has not become words, and might have."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from sessions_app.live.resuming.checkpoint import Checkpoint, read_checkpoint
from sessions_app.store.catch_up_facts import (
    UNFINISHED,
    Examination,
    LateRecording,
    LateSession,
    SpokenExchange,
)
from sessions_app.store.late_account import SILENCE, TRANSCRIBED
from sessions_app.store.recording_facts import Mark, SegmentFacts


def examine_recording(
    session: LateSession,
    recording: LateRecording,
    segments: Sequence[SegmentFacts],
    spoken: Sequence[SpokenExchange],
    files: Collection[int],
) -> Examination:
    """Return what is due of a recording of an ended session.

    ``segments`` are its rows, ``spoken`` what people spoke in the session; ``files`` are the
    utterances whose sound lies beside the recording.

    Of one that was finished, the session itself has noted from where on it was not cut into
    utterances. Where the server was killed, what follows the last utterance of which anything is
    known is heard again: rows may be lacking, but of the last utterances only.
    """
    marks = recording.marks or (recording.first_mark,)
    checkpoint = read_checkpoint(session.checkpoint)
    if recording.is_salvaged:
        found = _examine_salvaged(session, recording, segments, spoken, checkpoint)
        lacking = tuple(one for one in found.lacking if one.utterance_id in files)
        return replace(found, marks=marks, lacking=lacking)
    found = Examination(marks, undecided_from=recording.undecided_from)
    if not session.is_unaccounted:
        return found
    if checkpoint is None:
        samples = recording.undecided_from or recording.duration_samples
        return replace(found, account=_account(segments, samples))
    # where a stream was open, its recording tells to what the account belongs
    is_idle = checkpoint.open_stream is None
    return replace(found, whole_account=checkpoint.account if is_idle else None)


def _examine_salvaged(
    session: LateSession,
    recording: LateRecording,
    segments: Sequence[SegmentFacts],
    spoken: Sequence[SpokenExchange],
    checkpoint: Checkpoint | None,
) -> Examination:
    marks = recording.marks or (recording.first_mark,)
    here = _on_clock_of(recording, marks, spoken)
    known = {one.utterance_id for one in segments}
    lacking = [one for one in here if one.utterance_id not in known]
    cut = [*segments, *lacking]
    seam = max((one.end_sample for one in cut), default=0)
    stream = checkpoint.open_stream if checkpoint is not None else None
    if stream is not None and stream.recording_id == recording.id:
        seam = max(seam, stream.seam_sample)
    was_all_heard = not (session.is_lost or session.unfinished_samples)
    is_rest_due = seam < recording.duration_samples and not was_all_heard
    found = Examination(marks, tuple(lacking), seam if is_rest_due else None)
    if checkpoint is None:
        return replace(found, account=_account(cut, seam) if session.is_unaccounted else {})
    if stream is None or stream.recording_id != recording.id:
        return found
    rest = 0 if session.is_lost else max(0, recording.duration_samples - seam)
    return replace(found, whole_account=checkpoint.account, unfinished_samples=rest)


def _on_clock_of(
    recording: LateRecording, marks: Sequence[Mark], spoken: Sequence[SpokenExchange]
) -> list[SegmentFacts]:
    """Return which of ``spoken`` lies in a recording, on its own clock."""
    found = []
    for one in spoken:
        offset = _offset_for(marks, one.start_sample)
        start, end = one.start_sample - offset, one.end_sample - offset
        if 0 <= start < recording.duration_samples:
            words = {"text": one.source, "translation": one.translated}
            end = min(end, recording.duration_samples)
            found.append(SegmentFacts(one.utterance_id, start, end, one.language, **words))
    return found


def _offset_for(marks: Sequence[Mark], place: int) -> int:
    """Return the offset that holds at ``place`` of the session's clock."""
    offset = marks[0].offset_samples
    for mark in marks:
        if mark.sample + mark.offset_samples <= place:
            offset = mark.offset_samples
    return offset


def _account(segments: Sequence[SegmentFacts], samples: int) -> Counter[str]:
    """Return what became of the first ``samples`` of a recording, as its utterances tell."""
    account: Counter[str] = Counter()
    for one in segments:
        length = one.end_sample - one.start_sample
        samples -= length
        if one.discarded != UNFINISHED:
            account[one.discarded or TRANSCRIBED] += length
    account[SILENCE] = max(0, samples)
    return account
