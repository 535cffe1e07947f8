"""Settings are typed and checked, and the message about a wrong one says what would be right."""

from pathlib import Path
from typing import Any

import pytest

from sessions_app.config import conf
from sessions_app.config.variables import Conf
from sessions_app.core.errors import SettingsError


def read(settings: Any, **changes: object) -> Conf:
    settings.HABLA = settings.HABLA | changes
    return conf.read()


def test_settings_are_typed(settings: Any) -> None:
    found = read(settings, DRAIN_SECONDS="2.5", QUIT_SECONDS="0", MAX_SESSIONS="7", RECORDING="OFF")
    assert (found.drain_seconds, found.quit_seconds, found.max_sessions) == (2.5, 0, 7)
    assert found.is_recording is False
    assert found.engines.transcriber.backend == "fake"
    assert found.run_dir == Path(settings.HABLA["DATA_DIR"]) / "run"


@pytest.mark.parametrize("word", ["OFF", " off ", "false", "No", "0"])
def test_a_switch_may_be_said_in_several_words(settings: Any, word: str) -> None:
    found = read(settings, OWNER=word, RECORDING=word)
    assert (found.has_owner, found.is_recording, conf.has_owner()) == (False, False, False)


def test_the_language_model_has_settings_of_its_own(settings: Any) -> None:
    assert read(settings).engines.llm == {"prices": {}}
    found = read(settings, LLM_URL="http://gpu/v1", LLM_KEY="k", LLM_PRICES='{"*": [1, "2"]}')
    assert found.engines.llm == {"url": "http://gpu/v1", "key": "k", "prices": {"*": (1, 2)}}
    assert read(settings, LLM_URL="off").engines.llm is None


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("DRAIN_SECONDS", "soon", "HABLA_DRAIN_SECONDS is 'soon'; a number from 0 to 600"),
        ("DRAIN_SECONDS", "-1", "HABLA_DRAIN_SECONDS is '-1'"),
        ("QUIT_SECONDS", "nan", "HABLA_QUIT_SECONDS is 'nan'"),
        ("QUIT_SECONDS", "inf", "HABLA_QUIT_SECONDS is 'inf'"),
        ("MAX_SESSIONS", "0", "HABLA_MAX_SESSIONS is '0'; a whole number from 1 to 100000"),
        ("MAX_SESSIONS", "7.5", "HABLA_MAX_SESSIONS is '7.5'; a whole number"),
        ("RECORDING", "maybe", "HABLA_RECORDING is 'maybe'; 'on' or 'off' would be right."),
        ("OWNER", "", "HABLA_OWNER is ''; 'on' or 'off' would be right."),
        ("TRUSTED_PROXIES", "nginx", "HABLA_TRUSTED_PROXIES is 'nginx'; addresses or networks"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "HABLA_TRUSTED_PROXIES is '10.0.0.1/8'; addresses"),
        ("TRUSTED_PROXIES", "::/0", "HABLA_TRUSTED_PROXIES is '::/0'; addresses"),
        ("LLM_URL", "localhost:1234", "HABLA_LLM_URL: an address that begins with http://"),
        ("LLM_URL", "http://x:y/v1", "HABLA_LLM_URL: an address that begins with http://"),
        ("LLM_URL", "http://[x/v1", "HABLA_LLM_URL: an address that begins with http://"),
        (
            "TRANSCRIBER",
            '{"BACKEND": "openai", "OPTIONS": {"urls": ["http://x", "http://[x"], "key": "k"}}',
            "HABLA_TRANSCRIBER: an address that begins with http://",
        ),
        (
            "TRANSLATOR",
            '{"BACKEND": "llm", "OPTIONS": {"url": "https://x:y/v1"}}',
            "HABLA_TRANSLATOR: an address that begins with http://",
        ),
        ("LLM_PROFILE", "chatgpt", "HABLA_LLM_PROFILE is 'chatgpt'; one of lm-studio, ollama"),
        ("LMS_EXECUTABLE", "lmz", "HABLA_LMS_EXECUTABLE is 'lmz'; the path of LM Studio's lms"),
        ("LLM_KEY", "clave-señorial", "HABLA_LLM_KEY: A key has no blanks and no accents"),
        ("LLM_PRICES", "[1, 2]", "HABLA_LLM_PRICES is '[1, 2]'; JSON like {\"model\""),
        ("LLM_PRICES", '{"m": 1}', "HABLA_LLM_PRICES is"),
        ("TRANSCRIBER", "wisper", "HABLA_TRANSCRIBER names no engine: 'wisper'"),
        ("TRANSLATOR", "{", "HABLA_TRANSLATOR is not valid JSON"),
        (
            "DETECTOR",
            "no.such.Module",
            "HABLA_DETECTOR: 'no.such.Module' needs no, which is not there.",
        ),
    ],
)
def test_a_wrong_setting_is_named(settings: Any, name: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        read(settings, **{name: value})
    assert refusal.value.variable == f"HABLA_{name}"
    assert str(refusal.value).startswith(message)


def test_a_key_that_would_cross_the_internet_in_the_clear_is_named(settings: Any) -> None:
    with pytest.raises(SettingsError, match="HABLA_LLM_KEY: A key is not sent over the internet"):
        read(settings, LLM_URL="http://llm.example.org/v1", LLM_KEY="s3cret")
    options = '{"url": "http://llm.example.org/v1", "key": "s3cret"}'
    with pytest.raises(SettingsError, match="HABLA_TRANSLATOR: A key is not sent") as refusal:
        read(settings, TRANSLATOR=f'{{"BACKEND": "llm", "OPTIONS": {options}}}')
    assert "s3cret" not in str(refusal.value)
    options = '{"urls": ["http://gpu1/v1", "http://ears.example.org/v1"], "key": "s3cret"}'
    with pytest.raises(SettingsError, match="HABLA_TRANSCRIBER: A key is not sent"):
        read(settings, TRANSCRIBER=f'{{"BACKEND": "openai", "OPTIONS": {options}}}')


def test_all_that_is_wrong_is_known_at_once(settings: Any) -> None:
    wrong = {"OWNER": "maybe", "DRAIN_SECONDS": "soon", "TRANSLATOR": "nope"}
    settings.HABLA = settings.HABLA | wrong
    named = [mistake.variable for mistake in conf.mistakes()]
    assert named == ["HABLA_TRANSLATOR", "HABLA_DRAIN_SECONDS", "HABLA_OWNER"]


def test_where_nothing_is_wrong_there_are_no_mistakes() -> None:
    assert conf.mistakes() == []


def test_a_data_directory_that_is_a_file_is_named(settings: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(SettingsError, match="a directory of your own, in which"):
        read(settings, DATA_DIR=file)
