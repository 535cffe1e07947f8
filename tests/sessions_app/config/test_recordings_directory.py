"""A directory of recordings has one id, however many processes look at it."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import recordings_directory
from sessions_app.recording import files


@pytest.fixture
def data_dir(tmp_path: Path, settings: Any) -> Path:
    """Return an empty data directory."""
    settings.HABLA = settings.HABLA | {"DATA_DIR": tmp_path}
    return tmp_path


def test_it_has_none_until_it_is_needed_and_then_keeps_it(data_dir: Path) -> None:
    assert (recordings_directory.known_id(), list(data_dir.iterdir())) == ("", [])
    made = recordings_directory.identify()
    assert len(made) == 16
    assert (recordings_directory.identify(), recordings_directory.known_id()) == (made, made)
    assert list(files.recording_ids()) == []
    assert [path.name for path in (data_dir / "recordings").iterdir()] == [".id"]


def test_many_that_begin_at_once_make_one(data_dir: Path) -> None:
    with ThreadPoolExecutor(16) as threads:
        made = list(threads.map(lambda _: recordings_directory.identify(), range(16)))
    assert len(set(made)) == 1


def test_a_shared_directory_is_the_same_by_whatever_link(data_dir: Path, settings: Any) -> None:
    made = recordings_directory.identify()
    other = data_dir / "other"
    other.mkdir()
    (other / "recordings").symlink_to(data_dir / "recordings", target_is_directory=True)
    settings.HABLA = settings.HABLA | {"DATA_DIR": other}
    assert recordings_directory.identify() == made


def test_where_none_can_be_made_there_is_none(data_dir: Path) -> None:
    (data_dir / "recordings").write_text("no directory")
    assert recordings_directory.id_or_none() == ""


def test_files_of_unknown_place_may_lie_here(data_dir: Path) -> None:
    made = recordings_directory.identify()
    assert [recordings_directory.is_here(one) for one in ("", made, "another")] == [
        True,
        True,
        False,
    ]
