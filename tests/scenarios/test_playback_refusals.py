"""What cannot be played is refused with the reason, and nothing plays then."""

from collections.abc import Awaitable, Callable
from functools import partial
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User

from playback_app.admission import PlaybackRequest, admit
from playback_app.models import ACTIVE, Playback, PlaybackState
from sessions_app.core.audio import Encoding
from sessions_app.core.errors import CommandError
from sessions_app.models import Recording, RecordingState
from sessions_app.recording import files
from sessions_app.store.database.thread import database_thread
from tests.conftest import Connect
from tests.house import Client, House
from tests.recordings import record
from tests.sessions_app.kept import at_home
from tests.sounds import say, silence, webm

LAST_WORDS = ("playback_finished", "playback_stopped", "playback_failed", "error")
TALK = say("hola mundo")


async def nothing_plays() -> bool:
    return not await Playback.objects.filter(state__in=ACTIVE).aexists()


async def refused(browser: Client, code: str, **fields: object) -> None:
    await browser.say("start_playback", **fields)
    await browser.until("error", code=code, about="start_playback")


async def test_a_recording_that_is_not_there_is_told(house: House, connect: Connect) -> None:
    stranger = await User.objects.acreate(username="stranger")
    other = await record(TALK, user=stranger)
    async with connect() as browser:
        for named in (1, "a" * 100, 10**300, str(uuid4()), str(other.pk), "../../etc/passwd", ""):
            await refused(browser, "unknown_recording", recording_id=named, speed=0)
        assert await browser.still_works()
    assert await Playback.objects.acount() == 0


async def without_sound() -> Recording:
    recording = await record(TALK, segments=("hola",))
    files.new_sound_path(recording.pk, Encoding.PCM_S16LE).unlink()
    return recording


async def empty() -> Recording:
    return await record(TALK, raw=b"")


async def still_recorded() -> Recording:
    return await record(TALK, state=RecordingState.RECORDING)


async def outside() -> Recording:
    recording = await record(TALK)
    path = files.new_sound_path(recording.pk, Encoding.PCM_S16LE)
    path.unlink()
    path.symlink_to("/etc/passwd")
    return recording


@pytest.mark.parametrize("made", [without_sound, empty, still_recorded])
async def test_what_has_no_sound_is_not_played_wholly(
    house: House, connect: Connect, made: Callable[[], Awaitable[Recording]]
) -> None:
    recording = await made()
    async with connect() as browser:
        await refused(browser, "not_playable", recording_id=str(recording.pk))
        assert await nothing_plays()
        await browser.speak(say("agua"))
        assert browser.texts() == ["agua"]


async def test_what_leads_out_of_the_directory_of_recordings_is_unknown(
    house: House, connect: Connect
) -> None:
    recording = await outside()
    async with connect() as browser:
        for mode in ("full", "segments"):
            named = {"recording_id": str(recording.pk), "mode": mode, "speed": 99}
            await refused(browser, "unknown_recording", **named)
        assert await nothing_plays()


async def test_what_has_no_segments_is_not_played_by_segments(
    house: House, connect: Connect
) -> None:
    recording = await record(TALK)
    async with connect() as browser:
        await refused(browser, "not_playable", recording_id=str(recording.pk), mode="segments")
    assert await Playback.objects.acount() == 0


async def test_a_session_that_listens_plays_nothing(house: House, connect: Connect) -> None:
    recording = await record(TALK)
    async with connect() as browser:
        await browser.say("start_listening", encoding="pcm-s16le")
        await refused(browser, "already_listening", recording_id=str(recording.pk))
        assert await nothing_plays()


async def test_a_session_plays_one_at_a_time(house: House, connect: Connect) -> None:
    recording = await record(TALK + silence(30))
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk))
        await refused(browser, "already_playing", recording_id=str(recording.pk))
        assert await Playback.objects.acount() == 1


async def test_nobody_plays_more_than_their_share(house: House) -> None:
    await house.restart(max_sessions_per_user=2)
    ana = await User.objects.acreate(username="ana")
    hers, owners = await record(TALK, user=ana), await record(TALK)
    for _ in range(2):
        await database_thread.run(admit, PlaybackRequest(ana.pk, hers.pk, None))
    for _ in range(2):  # a playback belongs to one user only
        playing = await database_thread.run(admit, PlaybackRequest(owners.user_id, owners.pk, None))
    refusals = (
        PlaybackRequest(ana.pk, hers.pk, None),
        PlaybackRequest(owners.user_id, owners.pk, None),
    )
    for request in refusals:
        with pytest.raises(CommandError, match="You play 2 recordings already") as refusal:
            await database_thread.run(admit, request)
        assert refusal.value.code == "too_many_playbacks"
    asked = {"recording_id": str(owners.pk)}
    answer = await sync_to_async(at_home().post)(
        "/api/playbacks", asked, content_type="application/json"
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_playbacks")
    assert await Playback.objects.acount() == 4
    await Playback.objects.filter(pk=playing.id).aupdate(state=PlaybackState.FINISHED)
    await database_thread.run(admit, refusals[1])


async def test_an_operator_plays_as_many_as_there_are_places(house: House) -> None:
    await house.restart(max_sessions=9)
    ana = await User.objects.acreate(username="ana")
    for recording, most in ((await record(TALK, user=ana), 8), (await record(TALK), 9)):
        request = partial(PlaybackRequest, recording.user_id, recording.pk, None)
        for _ in range(most):
            await database_thread.run(admit, request())
        with pytest.raises(CommandError, match=f"You play {most} recordings already"):
            await database_thread.run(admit, request())


WRONG = [
    {"mode": "backwards"},
    {"mode": ""},
    {"speed": 0.249},
    {"speed": -1},
    {"speed": 16.1},
]


@pytest.mark.parametrize("fields", WRONG)
async def test_a_client_is_told_of_a_wrong_manner_in_its_turn(
    house: House, connect: Connect, fields: dict[str, object]
) -> None:
    missing, kept = str(uuid4()), str((await record(TALK)).pk)
    async with connect() as browser:
        await refused(browser, "unknown_recording", recording_id=missing, **fields)
        await refused(browser, "bad_field", recording_id=kept, **fields)
        await browser.say("start_listening", encoding="pcm-s16le")
        await refused(browser, "already_listening", recording_id=kept, **fields)
        assert await nothing_plays()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"recording_id": "x", "session_id": uuid4(), "speed": 99}, "unknown_recording"),
        ({"session_id": uuid4(), "speed": 99}, "unknown_session"),
        ({"speed": 0.1}, "bad_field"),
        ({"speed": -1}, "bad_field"),
        ({"speed": float("nan")}, "bad_field"),
        ({"mode": "backwards", "speed": 1}, "bad_field"),
        ({"mode": "segments"}, "not_playable"),
    ],
)
async def test_the_first_thing_that_is_wrong_is_told(
    house: House, fields: dict[str, object], code: str
) -> None:
    recording = await record(TALK)
    asked = {"recording_id": recording.pk, "session_id": None, **fields}
    request = PlaybackRequest(recording.user_id, **asked)  # type: ignore[arg-type]
    with pytest.raises(CommandError) as refusal:
        await database_thread.run(admit, request)
    assert refusal.value.code == code
    assert await nothing_plays()


async def test_a_session_that_leaves_is_told_of_after_the_recording_and_before_the_manner(
    house: House, connect: Connect
) -> None:
    recording = await record(TALK)
    async with connect():
        (session_id,) = house.registry.sessions
        for named, code in (("x", "unknown_recording"), (recording.pk, "not_ready")):
            request = PlaybackRequest(
                recording.user_id, named, session_id, speed=99, is_leaving=True
            )
            with pytest.raises(CommandError) as refusal:
                await database_thread.run(admit, request)
            assert refusal.value.code == code
        assert await nothing_plays()


HUGE = (
    b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\1\0\1\0\x80>\0\0\0}\0\0\2\0\x10\0data\xff\xff\xff\xff"
)
BROKEN = {
    "no media": (Encoding.WEBM_OPUS, b"this is no sound at all " * 500),
    "no wav": (Encoding.PCM_S16LE, b"this is no sound at all " * 500),
    "half a header": (Encoding.PCM_S16LE, HUGE[:20]),
    "a huge chunk": (Encoding.PCM_S16LE, b"RIFF\xff\xff\xff\xffWAVELIST\xff\xff\xff\x7fabcd"),
    "a huge element": (Encoding.WEBM_OPUS, b"\x1a\x45\xdf\xa3\x01\x7f\xff\xff\xff\xff\xff\xff" * 9),
    "no mp4": (Encoding.MP4_AAC, b"\x7f\xff\xff\xffftypisom" + b"\0" * 4000),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_what_is_broken_fails_and_the_session_goes_on(
    house: House, connect: Connect, kind: str
) -> None:
    encoding, raw = BROKEN[kind]
    recording = await record(TALK, encoding, raw=raw)
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        assert await browser.until_any(*LAST_WORDS) == "playback_failed"
        await browser.speak(say("agua"))
        assert browser.texts() == ["agua"]
    assert [row.end_count async for row in Playback.objects.all()] == [1]


async def test_what_a_huge_header_promises_is_played_as_far_as_it_is(
    house: House, connect: Connect
) -> None:
    recording = await record(TALK, raw=HUGE + TALK)
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        assert await browser.until_any(*LAST_WORDS) == "playback_finished"
        assert browser.texts() == ["hola mundo"]


async def test_a_container_that_was_cut_off_is_played_as_far_as_it_goes(
    house: House, connect: Connect
) -> None:
    whole = webm(TALK + silence(1) + say("agua") + silence(2))
    recording = await record(TALK, Encoding.WEBM_OPUS, raw=whole[: len(whole) * 2 // 3])
    async with connect() as browser:
        await browser.say("start_playback", recording_id=str(recording.pk), speed=0)
        assert await browser.until_any(*LAST_WORDS) in LAST_WORDS[:3]
        assert browser.texts()[:1] == ["hola mundo"]
        assert await browser.still_works()
