"""Compares what a server has kept with what speakers said: rows, accounts, recordings."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from uuid import UUID

from sessions_app.core.audio import SAMPLE_RATE, Encoding
from sessions_app.engines.containers.wav import HEADER_BYTES
from sessions_app.recording.files import ENDINGS
from tests.lifecycle.invariants import DATABASE, Row, rows
from tests.lifecycle.resuming.client import ResumingClient
from tests.lifecycle.resuming.speaker import TYPED, Speaker, differences

LEFT_BEHIND = {"client_left", "server_quits", "continued"}
"""Why sessions end which another process cannot go on with."""
CODEC_SECONDS = 0.2
"""By how much a listening period in a container may differ from what was put into it."""


def problems_of(data_dir: Path, speakers: Sequence[Speaker]) -> list[str]:
    """Return what is wrong with what was told and kept; nothing if all is well."""
    found = {UUID(row.id): row for row in rows(data_dir)}
    problems = []
    for speaker in speakers:
        mine = [found[session_id] for session_id in session_ids(speaker.client)]
        told = [
            *speaker.problems(),
            *_of_exchanges(data_dir, speaker),
            *(problem for row in mine for problem in _of_row(row, speaker)),
            *_of_length(mine, speaker),
            *_of_recordings(data_dir, speaker),
        ]
        problems += [f"{speaker.encoding} from {speaker.first}: {problem}" for problem in told]
    return problems


def session_ids(client: ResumingClient) -> list[UUID]:
    """Return the sessions that a client had, which is one if it always came back in time."""
    return [UUID(message["session_id"]) for message in client.told("ready")]


def exchanges_of(data_dir: Path, client: ResumingClient) -> list[tuple[str, UUID]]:
    """Return what is stored of a client's sessions, in order: the words, and the conversation."""
    ids = [session_id.hex for session_id in session_ids(client)]
    marks = ", ".join("?" * len(ids))
    with closing(sqlite3.connect(data_dir / DATABASE, timeout=10)) as database:
        found = database.execute(
            "select source, conversation_id from sessions_app_exchange"
            f" where session_id in ({marks}) order by said_at, id",
            ids,
        ).fetchall()
    return [(source, UUID(conversation)) for source, conversation in found]


def _of_exchanges(data_dir: Path, speaker: Speaker) -> list[str]:
    exchanges = exchanges_of(data_dir, speaker.client)
    conversations = list(dict.fromkeys(conversation for _, conversation in exchanges))
    kept = [(text, conversations.index(place)) for text, place in exchanges]
    wanted = [(text, p.conversation) for p in speaker.periods for text in p.sentences]
    spoken = [one for one in kept if not one[0].startswith(TYPED)]
    left = speaker.without_repeats([text for text, _ in spoken])
    spoken = [one for one in spoken if one[0] in left]
    return [
        *differences("rows", wanted, spoken),
        *differences(
            "rows of texts", speaker.typed, [one for one in kept if one[0].startswith(TYPED)]
        ),
    ]


def _of_row(row: Row, speaker: Speaker) -> list[str]:
    problems = [row.problem] if row.problem else []
    discarded = 0 if speaker.may_hear_twice else row.discarded
    if (row.dropped, row.unfinished, discarded) != (0, 0, 0):
        problems.append(f"not all of it was heard: {row}")
    if row.reason not in (LEFT_BEHIND if speaker.may_begin_anew else {"client_left"}):
        problems.append(f"its session ended because of {row.reason}")
    return problems


def _of_length(mine: Sequence[Row], speaker: Speaker) -> list[str]:
    """Compare how much was received; a row that was lost may know of less."""
    sent = sum(period.stream.seconds for period in speaker.periods)
    received = sum(row.received for row in mine) / SAMPLE_RATE
    may_differ = CODEC_SECONDS * (len(speaker.periods) + len(mine) - 1)
    if speaker.encoding is Encoding.PCM_S16LE:
        may_differ = 0
    is_known = len(mine) == 1 or speaker.encoding is Encoding.PCM_S16LE
    if any(row.state == "lost" for row in mine) or not is_known:
        return []
    if abs(received - sent) > may_differ:
        return [f"{received} s were received of {sent} s"]
    return []


def _of_recordings(data_dir: Path, speaker: Speaker) -> list[str]:
    client = speaker.client
    started = client.told("listening_started")
    is_one = len(session_ids(client)) == 1  # whose streams are counted from 1
    # a stream that began again, since its server was killed, has another recording
    found = {message["stream"] - 1 if is_one else i: message for i, message in enumerate(started)}
    problems = []
    for number, message in found.items():
        if message["recording"] is None or number >= len(speaker.periods):
            continue
        period = speaker.periods[number]
        sound = sound_of(data_dir, message["recording"], speaker.encoding)
        if sound != period.stream.data:
            problems.append(
                f"recording {number} has {len(sound)} bytes of {len(period.stream.data)}, equal"
                f" up to {_common(sound, period.stream.data)}"
            )
    return problems


def sound_of(data_dir: Path, recording: str, encoding: Encoding) -> bytes:
    """Return the sound of a recording as it was sent, whether it is complete or not."""
    folder = data_dir / "recordings" / recording[:2] / recording
    path = next(folder.glob(f"sound{ENDINGS[encoding]}*"), None)
    sound = path.read_bytes() if path is not None else b""
    return sound[HEADER_BYTES:] if encoding is Encoding.PCM_S16LE else sound


def _common(one: bytes, other: bytes) -> int:
    places = (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(places, min(len(one), len(other)))
