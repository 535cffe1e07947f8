"""Only Habla's own user may read its files: modes are set, corrected, or the server refuses."""

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sessions_app.config.file_modes import ModeRestriction, database_files
from sessions_app.doctor.finding import Level
from sessions_app.doctor.machine import examine_file_modes
from tests.server.running import environment, manage, running

pytestmark = pytest.mark.slow

NOBODY = "nobody"


def modes(directory: Path) -> dict[str, int]:
    """Return the mode of everything below ``directory`` and of itself, by its path."""
    paths = [directory, *directory.rglob("*")]
    found = {str(path.relative_to(directory)): path.lstat().st_mode for path in paths}
    return {name: stat.S_IMODE(mode) for name, mode in found.items() if not stat.S_ISLNK(mode)}


def open_ones(directory: Path) -> list[str]:
    return sorted(name for name, mode in modes(directory).items() if mode & 0o077)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """Return a data directory as an older version, or a person, created it."""
    directory = tmp_path / "data"
    for name in ("run", "models", "recordings/3f"):
        (directory / name).mkdir(parents=True)
    for name in (
        "secret_key",
        "owner_key",
        "habla.env",
        "habla.sqlite3.backup",
        "run/id",
        "models/m.bin",
    ):
        (directory / name).write_text("LOG_LEVEL=INFO\n" if name.endswith("env") else "0123456789")
        (directory / name).chmod(0o644)
    for path in (directory, *directory.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return directory


@pytest.fixture
def loose() -> Iterator[None]:
    before = os.umask(0o000)
    yield
    os.umask(before)


@pytest.mark.usefixtures("loose")
async def test_what_a_server_finds_open_it_closes_and_what_it_makes_is_closed(
    data_dir: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    database = elsewhere / "words.sqlite3"
    database.touch()
    database.chmod(0o664)
    env = environment(data_dir, DATABASE_URL=f"sqlite:///{database}")
    assert (await manage("migrate", "--verbosity", "0", env=env))[0] == 0
    assert modes(elsewhere)["words.sqlite3"] == 0o600
    os.chmod(data_dir, 0o755)
    async with running(data_dir, DATABASE_URL=f"sqlite:///{database}") as server:
        assert (data_dir / "run" / "control.sock").is_socket()
        left = open_ones(data_dir)
        assert [name for name in open_ones(elsewhere) if name != "."] == []
        server.signal()
        assert await server.ended() == 0
    # behind directories that are closed; there may be 100,000
    assert left == ["models/m.bin", "recordings/3f"]
    assert any(str(data_dir) in line and "Closed to other users" in line for line in server.said)


@pytest.mark.usefixtures("loose")
@pytest.mark.parametrize("command", [["check"], ["doctor"], ["recordings"], ["migrate"]])
async def test_every_command_closes_what_is_open_and_makes_nothing_that_is(
    data_dir: Path, command: list[str]
) -> None:
    (data_dir / "habla.sqlite3").touch(0o666)
    (data_dir / "habla.sqlite3-wal").touch(0o666)
    env = environment(data_dir, HF_HUB_OFFLINE="1")
    await manage(*command, env=env)
    assert open_ones(data_dir) == ["models/m.bin", "recordings/3f"]
    assert modes(data_dir)["habla.sqlite3"] == 0o600


@pytest.mark.parametrize("name", ["recordings", "run"])
def test_what_people_said_is_closed_behind_a_link_too(
    data_dir: Path, tmp_path: Path, name: str
) -> None:
    elsewhere = tmp_path / "large disk"
    shutil.rmtree(data_dir / name)
    elsewhere.mkdir()
    elsewhere.chmod(0o755)
    (data_dir / name).symlink_to(elsewhere)
    restriction = ModeRestriction()
    restriction.restrict_directory(data_dir)
    assert restriction.left_open == []
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700


async def test_a_new_directory_is_closed(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        directory = tmp_path / "new" / "data"
        assert (await manage("check", env=environment(directory)))[0] == 0
    finally:
        os.umask(before)
    assert open_ones(directory) == []


async def test_a_place_for_everybody_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "everybodys"
    place.mkdir()
    place.chmod(0o1777)
    for command, code in ((["check"], 2), (["serve", "--port", "0"], 2)):
        found, output = await manage(*command, env=environment(place))
        assert (found, list(place.iterdir())) == (code, [])
        assert f"{place} is open to others (mode 1777)" in output
        assert "would be right" in output
        assert "Traceback" not in output
    assert stat.S_IMODE(place.stat().st_mode) == 0o1777


async def test_a_directory_of_other_things_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "etc"
    (place / "ssl").mkdir(parents=True)
    place.chmod(0o755)
    for _ in range(2):  # what the first run left must not look like Habla's
        code, output = await manage("check", env=environment(place))
        assert code == 2
        assert f"`chmod go-rwx {place}`" in output
    assert stat.S_IMODE(place.stat().st_mode) == 0o755
    assert [path.name for path in place.iterdir()] == ["ssl"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's files")
async def test_what_belongs_to_another_user_is_refused_with_the_way_out(tmp_path: Path) -> None:
    key = tmp_path / "secret_key"
    key.write_text("0123456789")
    key.chmod(0o644)
    shutil.chown(key, NOBODY)
    # root, but for the power over files of others
    through = ["setpriv", "--bounding-set=-fowner", "--inh-caps=-fowner"]
    for command in (["check"], ["serve", "--port", "0"]):
        code, output = await manage(*command, env=environment(tmp_path), through=through)
        assert code == 2
        assert f"{key} is open to others (mode 0644): it belongs to {NOBODY}." in output
        assert f"`chmod go-rwx {key}`" in output
        assert "Traceback" not in output


def test_no_link_is_followed_but_those_of_secrets_and_of_what_was_said(
    data_dir: Path, tmp_path: Path
) -> None:
    shared, env = tmp_path / "shared", tmp_path / "habla.env"
    shared.mkdir()
    shared.chmod(0o775)
    env.touch()
    env.chmod(0o644)
    shutil.rmtree(data_dir / "models")
    (data_dir / "models").symlink_to(shared)
    (data_dir / "habla.env").unlink()
    (data_dir / "habla.env").symlink_to(env)
    (data_dir / "nowhere").symlink_to(tmp_path / "nowhere")
    restriction = ModeRestriction()
    restriction.restrict_directory(data_dir)
    assert restriction.left_open == []
    assert stat.S_IMODE(shared.stat().st_mode) == 0o775
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    finding = examine_file_modes(data_dir, [])
    assert (finding.level, "models" in finding.message) == (Level.WARNING, True)
    shared.chmod(0o700)
    assert examine_file_modes(data_dir, []).level is Level.FINE


def test_the_doctor_says_what_is_open_and_cannot_be_closed(tmp_path: Path) -> None:
    tmp_path.chmod(0o1755)
    finding = examine_file_modes(tmp_path, [])
    assert (finding.level, str(tmp_path) in finding.message) == (Level.BROKEN, True)


def test_a_directory_with_its_own_or_nothing_in_it_is_closed(tmp_path: Path) -> None:
    for name in ("", "recordings", "lost+found", "run"):
        directory = tmp_path / f"of-{name}"
        (directory / name).mkdir(parents=True)
        directory.chmod(0o755)
        restriction = ModeRestriction()
        restriction.restrict_directory(directory)
        assert (restriction.left_open, stat.S_IMODE(directory.stat().st_mode)) == ([], 0o700)


@pytest.mark.parametrize(
    ("engine", "name", "files"),
    [
        ("django.db.backends.sqlite3", "/srv/habla.sqlite3", [Path("/srv/habla.sqlite3")]),
        ("django.db.backends.sqlite3", "file:/srv/a.db?mode=rwc", [Path("/srv/a.db")]),
        ("django.db.backends.sqlite3", ":memory:", []),
        ("django.db.backends.sqlite3", "file::memory:?cache=shared", []),
        ("django.db.backends.postgresql", "habla", []),
    ],
)
def test_the_file_of_a_database_is_known(engine: str, name: str, files: list[Path]) -> None:
    assert database_files({"ENGINE": engine, "NAME": name}) == files
