"""`manage.py check` names each wrong variable, and ends with 2."""

from pathlib import Path

import pytest

from tests.server.running import environment, manage

pytestmark = pytest.mark.slow
EXPLANATIONS = ("would be right", "which is not there", "It takes:")
"""What says how a value would be right, or that something is not there."""


async def test_good_settings_pass(tmp_path: Path) -> None:
    code, output = await manage("check", env=environment(tmp_path))
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


# several at once, since each run takes seconds: every one must be named and explained
@pytest.mark.parametrize(
    "wrong",
    [
        {
            "HABLA_TRANSCRIBER": "wisper",
            "HABLA_TRANSLATOR": '{"BACKEND": 5}',
            "HABLA_DETECTOR": "no.such.Detector",
            "HABLA_DRAIN_SECONDS": "soon",
            "HABLA_MAX_SESSIONS": "0",
            "HABLA_RECORDING": "maybe",
            "HABLA_TRUSTED_PROXIES": "127.0.0.1, nginx",
            "LOG_LEVEL": "banana",
            "DEBUG": "maybe",
            "COOKIES_SECURE": "of course",
            "ALLOWED_HOSTS": "localhost,https://habla.example.org",
            "REDIS_URL": "http://localhost",
        },
        {
            "HABLA_TRANSCRIBER": '{"BACKEND": "fake", "OPTIONS": {"speed": 9}}',
            "HABLA_MAX_SESSIONS": "7.5",
            "ALLOWED_HOSTS": "habla.example.org/",
            "REDIS_URL": "redis://[localhost",
            "DATABASE_URL": "nonsense",
        },
        {"ALLOWED_HOSTS": "habla.example.org:8000", "DATABASE_URL": "nosuch://localhost/habla"},
        {"HABLA_DATA_DIR": "/dev/null/habla"},
    ],
)
async def test_all_wrong_variables_are_named_at_once(tmp_path: Path, wrong: dict[str, str]) -> None:
    code, output = await manage("check", env=environment(tmp_path) | wrong)
    assert code == 2
    assert [name for name in wrong if name not in output] == []
    assert "Traceback" not in output
    explained = sum(output.count(words) for words in EXPLANATIONS)
    assert explained >= len(wrong), output


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


async def test_lines_of_the_file_that_are_not_understood_are_named(tmp_path: Path) -> None:
    wrong = (
        "HABLA_OWNER = off",
        "HABLA_OWNER =off",
        " HABLA_OWNER=off",
        "# the key\n\nexport HABLA_OWNER off",
        "set HABLA_OWNER=off",
        "HABLA_OWNER: off",
    )
    text = "\n".join(wrong) + "\n"
    (tmp_path / "habla.env").write_text(text)
    code, output = await manage("check", env=environment(tmp_path))
    assert code == 2
    numbers = [n for n, line in enumerate(text.splitlines(), 1) if "HABLA_OWNER" in line]
    found = [n for n in numbers if f"Line {n} of habla.env is not understood; NAME=value" in output]
    assert found == numbers
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
