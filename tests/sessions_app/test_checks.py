"""`manage.py check` names each wrong variable, and ends with 2."""

from pathlib import Path

import pytest

from tests.server.running import environment, manage

pytestmark = pytest.mark.slow


async def test_good_settings_pass(tmp_path: Path) -> None:
    code, output = await manage("check", env=environment(tmp_path))
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HABLA_TRANSCRIBER", "wisper"),
        ("HABLA_TRANSLATOR", '{"BACKEND": 5}'),
        ("HABLA_DETECTOR", "no.such.Detector"),
        ("HABLA_DRAIN_SECONDS", "soon"),
        ("HABLA_MAX_SESSIONS", "0"),
        ("HABLA_MAX_SESSIONS", "7.5"),
        ("HABLA_RECORDING", "maybe"),
        ("HABLA_TRUSTED_PROXIES", "127.0.0.1, nginx"),
        ("HABLA_TRANSCRIBER", '{"BACKEND": "fake", "OPTIONS": {"speed": 9}}'),
        ("LOG_LEVEL", "banana"),
        ("DEBUG", "maybe"),
        ("COOKIES_SECURE", "of course"),
        ("ALLOWED_HOSTS", "localhost,https://habla.example.org"),
        ("ALLOWED_HOSTS", "habla.example.org/"),
        ("ALLOWED_HOSTS", "habla.example.org:8000"),
        ("HABLA_DATA_DIR", "/dev/null/habla"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "nosuch://localhost/habla"),
        ("REDIS_URL", "http://localhost"),
        ("REDIS_URL", "redis://[localhost"),
    ],
)
async def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str) -> None:
    wrong = environment(tmp_path) | {variable: value}
    code, output = await manage("check", env=wrong)
    assert code == 2
    assert variable in output
    assert "Traceback" not in output
    assert any(words in output for words in ("would be right", "which is not there", "It takes:"))


async def test_all_wrong_variables_are_named_at_once(tmp_path: Path) -> None:
    wrong = {"HABLA_OWNER": "maybe", "HABLA_QUIT_SECONDS": "soon", "LOG_LEVEL": "banana"}
    code, output = await manage("check", env=environment(tmp_path) | wrong)
    assert code == 2
    assert [name for name in wrong if name not in output] == []


async def test_a_key_of_no_server_is_warned_of(tmp_path: Path) -> None:
    key = {"HABLA_LLM_KEY": "s3cret"}
    code, output = await manage("check", env=environment(tmp_path) | key)
    assert code == 0
    assert "HABLA_LLM_KEY is sent to nobody" in output
    assert "s3cret" not in output
    server = key | {"HABLA_LLM_PROFILE": "openai"}
    code, output = await manage("check", env=environment(tmp_path) | server)
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


async def test_names_that_requests_can_have_pass(tmp_path: Path) -> None:
    names = "*, .example.org, habla.example.org, localhost, 127.0.0.1, [::1], my_box"
    code, output = await manage("check", env=environment(tmp_path) | {"ALLOWED_HOSTS": names})
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize(
    "text",
    [
        "HABLA_OWNER = off",
        "HABLA_OWNER =off",
        " HABLA_OWNER=off",
        "# the key\n\nexport HABLA_OWNER off",
        "set HABLA_OWNER=off",
        "HABLA_OWNER: off",
    ],
)
async def test_a_line_of_the_file_that_is_not_understood_is_named(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "habla.env").write_text(f"{text}\n")
    code, output = await manage("check", env=environment(tmp_path))
    assert code == 2
    number = len(text.splitlines())
    assert f"Line {number} of habla.env is not understood; NAME=value" in output
    assert "HABLA_OWNER" not in output  # another such line may hold a key


async def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "habla.env").write_bytes("HABLA_LLM_KEY=clé\nHABLA_OWNER=off\n".encode("latin1"))
    code, output = await manage("check", env=environment(tmp_path))
    assert (code, "habla.env cannot be read" in output) == (2, True)


async def test_a_file_as_editors_write_it_is_read(tmp_path: Path) -> None:
    text = "\ufeffHABLA_OWNER=perhaps\r\n# a comment\r\n\r\nexport HABLA_RECORDING='off'\r\n"
    (tmp_path / "habla.env").write_bytes(text.encode())
    code, output = await manage("check", env=environment(tmp_path))
    assert (code, "HABLA_OWNER is 'perhaps'" in output) == (2, True)
