"""Every encoding becomes 16 kHz PCM of its true length, at once, and broken streams say so."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions_app.audio import SAMPLE_BYTES, SAMPLE_RATE, Encoding, count_samples, to_samples
from sessions_app.engines.base import Decoder
from sessions_app.engines.decoding import open_decoder
from sessions_app.engines.pyav import decode_file, duration_seconds
from sessions_app.engines.pyav_stream import PyAVDecoder
from sessions_app.errors import DecodeError
from tests.engines.streams import OPTIONS, chirp, encode, opus_packets, simple_blocks, webm_header

SECONDS = 3.3
SOUND = chirp(SECONDS)
STREAMS = {encoding: encode(SOUND, encoding) for encoding in OPTIONS}
WAYS: dict[str, tuple[Encoding, Callable[[], Decoder]]] = {
    "webm": (Encoding.WEBM_OPUS, lambda: open_decoder(Encoding.WEBM_OPUS)),
    "webm by PyAV": (Encoding.WEBM_OPUS, lambda: PyAVDecoder("webm")),
    "ogg": (Encoding.OGG_OPUS, lambda: open_decoder(Encoding.OGG_OPUS)),
    "mp4": (Encoding.MP4_AAC, lambda: open_decoder(Encoding.MP4_AAC)),
}
every_way = pytest.mark.parametrize("way", WAYS)


@pytest.fixture(autouse=True)
def every_thread_ends() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def pieces(stream: bytes, size: int) -> list[bytes]:
    return [stream[first : first + size] for first in range(0, len(stream), size)]


def hear(decoder: Decoder, chunks: list[bytes]) -> bytes:
    with closing(decoder):
        return b"".join([decoder.decode(chunk) for chunk in chunks]) + decoder.flush()


def likeness(one: bytes, other: bytes) -> float:
    """How alike two sounds of about one length are: 1 is the same."""
    a, b = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (one, other))
    length = min(len(a), len(b))
    return float(np.corrcoef(a[:length], b[:length])[0, 1])


@pytest.mark.parametrize("way", ["webm", "webm by PyAV", "ogg"])
def test_opus_decodes_to_the_very_length_of_what_was_recorded(way: str) -> None:
    encoding, make = WAYS[way]
    pcm = hear(make(), pieces(STREAMS[encoding], 500))
    assert abs(count_samples(pcm) - to_samples(SECONDS)) <= 1
    assert likeness(pcm, SOUND) > 0.98


def test_aac_decodes_to_what_was_recorded_between_the_frames_that_its_encoder_adds() -> None:
    pcm = hear(open_decoder(Encoding.MP4_AAC), pieces(STREAMS[Encoding.MP4_AAC], 500))
    frame = round(1024 * SAMPLE_RATE / 44_100)
    assert to_samples(SECONDS) <= count_samples(pcm) - frame <= to_samples(SECONDS) + frame
    assert likeness(pcm[frame * SAMPLE_BYTES :], SOUND) > 0.95


def test_both_ways_through_webm_give_the_same_sound() -> None:
    stream = encode(SOUND, Encoding.WEBM_OPUS, layout="stereo")
    fast = hear(open_decoder(Encoding.WEBM_OPUS), [stream])
    sure = hear(PyAVDecoder("webm"), [stream])
    assert abs(count_samples(fast) - count_samples(sure)) <= 1
    assert likeness(fast, sure) > 0.99


@every_way
@pytest.mark.parametrize("size", [37, 4000, 1_000_000])
def test_any_chunks_give_the_same_sound(way: str, size: int) -> None:
    encoding, make = WAYS[way]
    stream = STREAMS[encoding]
    assert hear(make(), pieces(stream, size)) == hear(make(), pieces(stream, 500))


@every_way
def test_sound_comes_with_the_chunk_that_holds_it(way: str, tmp_path: Path) -> None:
    encoding, make = WAYS[way]
    stream = STREAMS[encoding]
    path = tmp_path / "beginning"
    heard = 0
    with closing(make()) as decoder:
        for end in range(500, len(stream), 500):
            heard += count_samples(decoder.decode(stream[end - 500 : end]))
            path.write_bytes(stream[:end])
            assert heard >= length_of(path) - to_samples(0.15)


def length_of(path: Path) -> int:
    """How many samples a whole decode of ``path`` gives; 0: there is no sound in it yet."""
    try:
        return sum(count_samples(block) for block in decode_file(path))
    except DecodeError:
        return 0


@every_way
def test_an_empty_chunk_changes_nothing(way: str) -> None:
    encoding, make = WAYS[way]
    chunks = [chunk for piece in pieces(STREAMS[encoding], 3000) for chunk in (b"", piece, b"")]
    assert hear(make(), chunks) == hear(make(), [STREAMS[encoding]])


def verdict(decoder: Decoder, chunks: list[bytes]) -> str:
    """Why a stream is refused; empty: it is not."""
    try:
        hear(decoder, chunks)
    except DecodeError as error:
        return str(error)
    return ""


NOISE = np.random.default_rng(3).bytes(20_000)
JUNK = {
    "nothing": [],
    "an empty chunk": [b""],
    "noise": pieces(NOISE, 1000),
    "zeros": [bytes(5000)] * 3,
    "text": [b'{"type": "start_listening"}'] * 100,
}


@every_way
@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_refused(way: str, junk: str) -> None:
    assert verdict(WAYS[way][1](), JUNK[junk])[-1:] == "."


@every_way
def test_a_continuation_without_its_header_is_refused(way: str) -> None:
    encoding, make = WAYS[way]
    stream = STREAMS[encoding]
    assert verdict(make(), pieces(stream[len(stream) // 2 :], 700))[-1:] == "."


@every_way
def test_a_header_without_sound_is_refused(way: str) -> None:
    encoding, make = WAYS[way]
    assert verdict(make(), [STREAMS[encoding][:60]])[-1:] == "."


@every_way
def test_a_stream_of_another_encoding_is_refused(way: str) -> None:
    encoding, make = WAYS[way]
    for other in set(STREAMS) - {encoding}:
        assert verdict(make(), pieces(STREAMS[other], 900))[-1:] == "."


def recording(directory: Path, name: str = "speech.wav") -> Path:
    """A WAV file that holds SOUND."""
    path = directory / name
    with av.open(path, "w") as output:
        stream = output.add_stream("pcm_s16le", rate=SAMPLE_RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(SOUND, "<i2").reshape(1, -1), "s16", "mono"
        )
        frame.sample_rate = SAMPLE_RATE
        assert isinstance(stream, av.AudioStream)
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{path}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{path}'\n",
}


@every_way
@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_opens_no_file(way: str, kind: str, tmp_path: Path) -> None:
    playlist = PLAYLISTS[kind].format(path=recording(tmp_path)).encode()
    assert verdict(WAYS[way][1](), [playlist])[-1:] == "."


@every_way
def test_a_stream_may_follow_a_broken_one(way: str) -> None:
    encoding, make = WAYS[way]
    assert verdict(make(), [NOISE]) != ""
    assert verdict(make(), [STREAMS[encoding]]) == ""


@every_way
def test_nothing_but_close_works_after_an_error(way: str) -> None:
    with closing(WAYS[way][1]()) as decoder:
        for _ in range(2):
            with pytest.raises(DecodeError):
                hear_without_closing(decoder)


def hear_without_closing(decoder: Decoder) -> None:
    decoder.decode(NOISE)
    decoder.flush()


def test_pyav_too_refuses_packets_that_claim_more_sound_than_bytes_can_hold() -> None:
    bomb = webm_header() + simple_blocks([bytes([3 << 3 | 1])] * 5000)
    assert "more sound than its size allows" in verdict(PyAVDecoder("webm"), pieces(bomb, 5000))


def test_one_chunk_may_hold_minutes_of_sound_but_not_hours() -> None:
    minutes = webm_header() + simple_blocks(opus_packets(chirp(2)) * 150)
    assert verdict(open_decoder(Encoding.WEBM_OPUS), [minutes]) == ""
    hours = webm_header() + simple_blocks(opus_packets(bytes(64_000)) * 310)
    assert verdict(open_decoder(Encoding.WEBM_OPUS), [hours]) != ""


@every_way
@pytest.mark.parametrize("chunks", [0, 1, 3])
def test_a_decoder_can_be_closed_at_any_time_and_twice(way: str, chunks: int) -> None:
    encoding, make = WAYS[way]
    decoder = make()
    for chunk in pieces(STREAMS[encoding], 400)[:chunks]:
        decoder.decode(chunk)
    decoder.close()
    decoder.close()


@every_way
def test_a_decoder_can_be_closed_after_its_end(way: str) -> None:
    encoding, make = WAYS[way]
    decoder = make()
    hear(decoder, [STREAMS[encoding]])
    decoder.close()


# --- PCM ---


@settings(deadline=None)
@given(st.lists(st.integers(1, 3000), min_size=1, max_size=20))
def test_samples_pass_unchanged_by_any_chunks(sizes: list[int]) -> None:
    chunks, place = [], 0
    for size in sizes:
        chunks.append(SOUND[place : place + size])
        place += size
    assert hear(open_decoder(Encoding.PCM_S16LE), chunks) == SOUND[: place // 2 * 2]


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 48_000, 96_000])
def test_samples_of_another_rate_keep_their_length(rate: int) -> None:
    one_second = np.sin(2 * np.pi * 440 * np.arange(rate) / rate) * 9000
    chunks = pieces(one_second.astype("<i2").tobytes(), 1001)
    pcm = hear(open_decoder(Encoding.PCM_S16LE, sample_rate=rate), chunks)
    assert abs(count_samples(pcm) - SAMPLE_RATE) <= 1
    tone = np.sin(2 * np.pi * 440 * np.arange(SAMPLE_RATE) / SAMPLE_RATE) * 9000
    assert likeness(pcm, tone.astype("<i2").tobytes()) > 0.999


def test_samples_of_another_rate_come_at_once() -> None:
    with closing(open_decoder(Encoding.PCM_S16LE, sample_rate=48_000)) as decoder:
        assert count_samples(decoder.decode(bytes(2 * 12_000))) >= to_samples(0.25 - 0.01)


@pytest.mark.parametrize("rate", [0, -1, 7999, 192_001])
def test_a_rate_that_no_microphone_has_is_refused(rate: int) -> None:
    with pytest.raises(DecodeError, match="8000 to 192000 Hz"):
        open_decoder(Encoding.PCM_S16LE, sample_rate=rate)


# --- files ---


def test_a_file_is_given_in_seconds(tmp_path: Path) -> None:
    blocks = list(decode_file(recording(tmp_path)))
    assert [count_samples(block) for block in blocks] == [16_000, 16_000, 16_000, 4_800]
    assert b"".join(blocks) == SOUND


@pytest.mark.parametrize("encoding", STREAMS)
def test_a_file_of_any_kind_is_given_whole(encoding: Encoding, tmp_path: Path) -> None:
    path = tmp_path / "recording"
    path.write_bytes(STREAMS[encoding])
    assert b"".join(decode_file(path)) == hear(
        WAYS["webm by PyAV"][1]() if encoding is Encoding.WEBM_OPUS else open_decoder(encoding),
        [STREAMS[encoding]],
    )


def test_what_is_damaged_in_a_file_is_left_out(tmp_path: Path) -> None:
    packets = opus_packets(SOUND)
    path = tmp_path / "damaged.webm"
    path.write_bytes(webm_header() + simple_blocks([*packets[:50], b"\xff\xff", *packets[50:]]))
    assert sum(count_samples(block) for block in decode_file(path)) > to_samples(3.2)


def test_a_file_says_its_length_where_it_knows_it(tmp_path: Path) -> None:
    live = tmp_path / "live.webm"
    live.write_bytes(STREAMS[Encoding.WEBM_OPUS])
    assert duration_seconds(recording(tmp_path)) == pytest.approx(SECONDS)
    assert duration_seconds(live) is None


def picture(directory: Path) -> Path:
    """An image: media, but none that can be heard."""
    path = directory / "picture.png"
    with av.open(path, "w", format="image2") as output:
        stream = output.add_stream("png", rate=1)
        assert isinstance(stream, av.VideoStream)
        stream.width = stream.height = 16
        stream.pix_fmt = "rgb24"
        frame = av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")
        output.mux([*stream.encode(frame), *stream.encode(None)])
    return path


def text(directory: Path) -> Path:
    path = directory / "notes.txt"
    path.write_text("no sound at all")
    return path


def playlist(directory: Path) -> Path:
    path = directory / "list.m3u8"
    path.write_text(PLAYLISTS["hls"].format(path=recording(directory)))
    return path


def missing(directory: Path) -> Path:
    return directory / "missing.wav"


@pytest.mark.parametrize("make", [picture, text, playlist, missing])
def test_a_file_without_sound_of_its_own_is_refused(
    make: Callable[[Path], Path], tmp_path: Path
) -> None:
    path = make(tmp_path)
    with pytest.raises(DecodeError):
        list(decode_file(path))
    with pytest.raises(DecodeError):
        duration_seconds(path)
