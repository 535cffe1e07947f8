"""Of several tracks of sound, the players' default is used, or the one that is asked for."""

from pathlib import Path

import pytest

from sessions_app.core.errors import DecodeError
from sessions_app.engines.decoding.media_facts import Track
from sessions_app.engines.decoding.media_files import decode_file, read_facts
from sessions_app.engines.fake import hear
from tests.engines.made import Sound, made
from tests.sounds import say

SPANISH, ENGLISH = say("hola mundo"), say("red house")


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A file with two tracks, of which the second is the default."""
    spanish = Sound(SPANISH, metadata={"language": "spa", "title": "Original"})
    english = Sound(ENGLISH, is_default=True, metadata={"language": "eng"})
    path = tmp_path / "two.mkv"
    path.write_bytes(made("matroska", spanish, english))
    return path


@pytest.mark.slow
def test_the_default_track_is_heard(two: Path) -> None:
    assert hear(b"".join(decode_file(two))) == ["red", "house"]


@pytest.mark.slow
@pytest.mark.parametrize(("track", "words"), [(1, ["hola", "mundo"]), (2, ["red", "house"])])
def test_another_can_be_chosen(two: Path, track: int, words: list[str]) -> None:
    assert hear(b"".join(decode_file(two, track))) == words


@pytest.mark.slow
def test_a_file_tells_its_tracks(two: Path) -> None:
    facts = read_facts(two)
    assert (facts.track, facts.tracks) == (2, (Track("spa", "Original"), Track("eng")))
    assert read_facts(two, 1).track == 1


def test_without_a_mark_the_first_is_heard(tmp_path: Path) -> None:
    path = tmp_path / "two.nut"
    path.write_bytes(made("nut", Sound(SPANISH), Sound(ENGLISH)))
    assert hear(b"".join(decode_file(path))) == ["hola", "mundo"]


@pytest.mark.slow
@pytest.mark.parametrize("track", [0, -1, 3])
def test_a_track_that_is_not_there_is_refused_with_how_many_there_are(
    two: Path, track: int
) -> None:
    refusal = f"There is no track {track} of sound in it: it has 2 tracks."
    with pytest.raises(DecodeError, match=refusal):
        list(decode_file(two, track))
