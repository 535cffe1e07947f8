"""A file grows beside its final path, is moved there complete, and never replaces another."""

import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from sessions_app.core.audio import Encoding
from sessions_app.engines.decoding.pyav import decode_with_libav
from sessions_app.recording.recording_file import RecordingFile, repair
from tests.sounds import mp4, ogg, say, webm

SOUND = say("hola mundo") * 4


def test_pcm_becomes_a_wav_file_of_its_rate(tmp_path: Path) -> None:
    file = RecordingFile(tmp_path / "new" / "sound.wav", Encoding.PCM_S16LE, 48_000)
    for piece in (b"\1\2\3", b"\4\5\6\7"):
        file.write(piece)
    assert not file.path.exists()
    assert file.finish(is_whole=True)
    assert file.finish(is_whole=True)
    with wave.open(str(file.path)) as sound:
        assert sound.getframerate() == 48_000
        assert sound.readframes(9) == b"\1\2\3\4\5\6"


def test_nothing_is_ever_overwritten(tmp_path: Path) -> None:
    (tmp_path / "sound.ogg").write_bytes(b"mine")
    file = RecordingFile(tmp_path / "sound.ogg", Encoding.OGG_OPUS)
    file.write(b"yours")
    with pytest.raises(FileExistsError):
        file.finish(is_whole=True)
    with pytest.raises(FileExistsError):
        RecordingFile(tmp_path / "sound.ogg", Encoding.OGG_OPUS).write(b"his")
    assert (tmp_path / "sound.ogg").read_bytes() == b"mine"


def test_what_was_never_written_leaves_no_file(tmp_path: Path) -> None:
    assert not RecordingFile(tmp_path / "sound.ogg", Encoding.OGG_OPUS).finish(is_whole=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encode", "encoding"),
    [(webm, Encoding.WEBM_OPUS), (ogg, Encoding.OGG_OPUS), (mp4, Encoding.MP4_AAC)],
)
def test_a_stream_cut_anywhere_is_repaired_to_a_beginning_of_it_that_plays(
    encode: Callable[[bytes], bytes], encoding: Encoding, tmp_path: Path
) -> None:
    stream = encode(SOUND)
    for length in range(len(stream) // 2, len(stream), 331):
        path = tmp_path / f"{length}.part"
        path.write_bytes(stream[:length])
        repair(path, encoding)
        kept = path.read_bytes()
        assert stream.startswith(kept)
        assert length - len(kept) < 2500  # less than a fragment, page or block
        assert sum(len(block) for block in decode_with_libav(path)) > len(SOUND) // 4


@pytest.mark.parametrize("encoding", list(Encoding))
def test_what_is_no_such_stream_is_cut_to_nothing(encoding: Encoding, tmp_path: Path) -> None:
    path = tmp_path / "sound.part"
    path.write_bytes(b"\0\0\0")
    repair(path, encoding)
    assert path.read_bytes() == b""
