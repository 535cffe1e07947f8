"""Every variable with values that are none: named by `check` in plain words, or taken well."""

from pathlib import Path
from typing import Any

import pytest
from django.core.checks.registry import registry
from django.db.utils import ConnectionHandler

from habla_project.surroundings import data_directory, database
from sessions_app import checks
from sessions_app.checks import check_habla
from sessions_app.config import address_checks, certificates, conf
from sessions_app.config.address_checks import (
    check_origins,
    check_proxies,
    check_redis,
    has_parameters,
)
from sessions_app.config.data_directory import NO_DIRECTORY
from sessions_app.config.env_file import Environment
from sessions_app.config.variables import all_settings
from tests.server.running import ROOT, environment, manage

DEEP = "[" * 20_000
HUGE = "9" * 5_000
NO_TEXT = "a\udcff"
"""A byte that is no UTF-8, as Python reads it from the environment."""
NUMBERS = ("soon", "nan", "-1", "1e999", HUGE, "", NO_TEXT)
SWITCHES = ("perhaps", "2", "on off", "\x1b[2J", "\u202eno", "on\noff", NO_TEXT)
ADDRESSES = ("http://x:y/v1", "http://[::1", "http://a..b/v1", "x:80", "http://\u2025/v1", NO_TEXT)
ENGINES = ("wisper", DEEP, f'{{"a": {HUGE}}}', "{}", '"', "a.b\x1b", NO_TEXT)

WRONG: dict[str, tuple[str, ...]] = {
    "DATABASE_URL": (
        *("nonsense", "sqlite://[", "sqlite:////", "sqlite://:memory:", "oracle://h/x", "$X"),
        *("postgres://", "postgres://h:x/db", "postgres://h/db?nosuch=1", NO_TEXT),
        *("postgres://h/db?connect_timeout=soon", "sqlite:////tmp/x.db?timeout=soon"),
        *("sqlite:////tmp/x.db?nosuch=1", "sqlite:////tmp"),
    ),
    "REDIS_URL": (
        *("http://a", "redis://a:x/0", "redis://[::1", "redis://a:99999", "redis://a:0", "unix://"),
        *("redis://a/b", "redis:", "redis://a b", "redis://a?socket_timeout=soon", NO_TEXT),
    ),
    "HABLA_TRANSCRIBER": (
        *ENGINES,
        '{"BACKEND": "openai", "OPTIONS": {"urls": 5, "key": "a b"}}',
        '{"BACKEND": "openai", "OPTIONS": {"urls": ["http://x:y/v1"]}}',
    ),
    "HABLA_TRANSLATOR": (*ENGINES, '{"BACKEND": "llm", "OPTIONS": {"url": "http://x:y/v1"}}'),
    "HABLA_DETECTOR": ENGINES,
    "HABLA_LLM_URL": ADDRESSES,
    "HABLA_LLM_MODEL": (NO_TEXT,),
    "HABLA_LLM_KEY": ("two words", "clave-se\u00f1orial", "a\x1b", "a\nb", NO_TEXT),
    "HABLA_LLM_PROFILE": ("other one", "\x1b[2J", NO_TEXT),
    "HABLA_LLM_PRICES": ("{", DEEP, "5", '{"a": 5}', f'{{"a": [1{"0" * 400}, 1]}}', NO_TEXT),
    "HABLA_LMS_EXECUTABLE": ("/nowhere/lms", "\x1b", "x" * 5_000, NO_TEXT),
    **dict.fromkeys(
        (
            *("HABLA_DRAIN_SECONDS", "HABLA_QUIT_SECONDS", "HABLA_WATCHDOG_SECONDS"),
            *("HABLA_SILENCE_SECONDS", "HABLA_RESUME_SECONDS", "HABLA_REHEARSAL_SECONDS"),
            "HABLA_MAX_SESSIONS",
            *("HABLA_MAX_SESSIONS_PER_USER", "HABLA_KEEP_RECORDINGS_DAYS"),
            *("HABLA_KEEP_RECORDINGS_GB", "HABLA_IMPORT_GB"),
        ),
        NUMBERS,
    ),
    **dict.fromkeys(
        ("HABLA_OWNER", "HABLA_ANNOUNCE", "HABLA_RECORDING", "COOKIES_SECURE", "DEBUG"), SWITCHES
    ),
    "HABLA_TRUSTED_PROXIES": ("nginx", "0.0.0.0/0", "10.0.0.1/8", "127.0.0.1 10.0.0.1", NO_TEXT),
    "SECRET_KEY": (" ", "\n\t", NO_TEXT),
    "ALLOWED_HOSTS": ("a b", ",", "[::1", "https://a", "a:80", "\u202e", "a..b", NO_TEXT),
    "CSRF_TRUSTED_ORIGINS": (
        *("http://[::1", "https://a:x", "a", "https://", "https://a/b", "*", "ftp://a", ","),
        *("https://*", "https://a@b", "https://a b", NO_TEXT),
    ),
    **dict.fromkeys(
        ("HABLA_CERTIFICATE", "HABLA_CERTIFICATE_KEY"),
        ("/nowhere", "~nosuch/x", "x" * 5_000, "a\0b", NO_TEXT),
    ),
    "HABLA_MODELS_FROM": ("/nowhere", "~nosuch/x", "x" * 5_000, "a\0b", NO_TEXT),
    "LOG_FORMAT": ("xml", "\x1b", NO_TEXT),
    "LOG_LEVEL": ("banana", "10", "\x1b", NO_TEXT),
    "HTTPS_PROXY": ("gopher://a", "http://x:y", "http://[::1", "http://a:99999", "a:99999"),
}
"""Each of them is wrong. HABLA_DATA_DIR has tests of its own."""
RIGHT = {
    "DATABASE_URL": "postgres://u:p%40@db.test:5433/habla?connect_timeout=9",
    "REDIS_URL": "rediss://u:p@a.test:6380/3?socket_timeout=5",
    "HABLA_LLM_URL": "http://[::1]:1234/v1",
    "HABLA_LLM_MODEL": "\x1b[2J" + "x" * 5_000,
    "HABLA_LLM_KEY": "s3cret",
    "HABLA_LLM_PRICES": "{}",
    "SECRET_KEY": "\u00e4" * 60,
    "ALLOWED_HOSTS": " ",
    "CSRF_TRUSTED_ORIGINS": "https://*.school.example, http://192.168.1.7:8000",
    "HTTPS_PROXY": "http://proxy.test:3128",
    "NO_PROXY": "localhost,.test",
}
OURS = [name for name in WRONG if name.startswith("HABLA_")]


def test_every_variable_is_tried() -> None:
    declared = {setting.variable for setting in all_settings()}
    assert declared - WRONG.keys() == {"HABLA_DATA_DIR"}
    assert WRONG.keys() - declared == {"HTTPS_PROXY"}


def test_django_runs_every_check() -> None:
    ours = {**vars(checks), **vars(address_checks), **vars(certificates)}
    written = {check for name, check in ours.items() if name.startswith("check_")}
    assert written - set(registry.get_checks()) == set()


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, -1])
async def test_all_that_are_wrong_are_named_at_once(tmp_path: Path, number: int) -> None:
    wrong = {name: values[number] for name, values in WRONG.items()}
    code, output = await manage("check", env=environment(tmp_path) | wrong)
    assert (code, "Traceback" in output) == (2, False), output
    lines = [line for line in output.splitlines() if line.startswith("?: (")]
    about = {name for name in wrong for line in lines if line.partition(") ")[2].startswith(name)}
    assert {name: wrong[name] for name in wrong if name not in about} == {}
    assert [line for line in output.splitlines() if not line.isprintable()] == []


@pytest.mark.slow
async def test_what_is_strange_and_right_is_taken(tmp_path: Path) -> None:
    code, output = await manage("check", env=environment(tmp_path) | RIGHT)
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize("name", OURS)
def test_each_of_ours_that_is_wrong_is_named(settings: Any, name: str) -> None:
    right = settings.HABLA
    for value in WRONG[name]:
        if value == NO_TEXT:  # is named where it is read
            continue
        settings.HABLA = right | {name.removeprefix("HABLA_"): value}
        named = {str(problem.msg).partition(" ")[0].rstrip(":") for problem in check_habla(None)}
        assert (value[:40], named) == (value[:40], {name})


@pytest.mark.parametrize("url", WRONG["DATABASE_URL"], ids=ascii)
def test_a_database_that_cannot_be_is_none(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    environment = Environment()
    config = database(environment.text("DATABASE_URL"), ROOT)
    is_well = config and has_parameters(ConnectionHandler({"default": config})["default"])
    assert environment.mistakes or not is_well


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name in ("REDIS_URL", "CSRF_TRUSTED_ORIGINS")
        for value in WRONG[name]
        if value not in (NO_TEXT, ",")
    ],
)
def test_addresses_that_cannot_be_are_named(settings: Any, name: str, value: str) -> None:
    setattr(settings, name, value if name == "REDIS_URL" else [value])
    named = [problem.msg.partition(" ")[0] for problem in check_redis(None) + check_origins(None)]
    assert named == [name]


@pytest.mark.parametrize("value", WRONG["HTTPS_PROXY"])
def test_a_proxy_that_cannot_be_asked_is_named(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("https_proxy", value)
    assert [problem.msg.partition(" ")[0] for problem in check_proxies(None)] == ["HTTPS_PROXY"]


def test_a_proxy_that_nobody_reads_is_not_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", "http://proxy.test:3128")
    monkeypatch.setenv("other_proxy", "host:abc")
    monkeypatch.setenv("no_proxy", "::1,localhost")
    assert check_proxies(None) == []


@pytest.mark.parametrize(
    "text", [DEEP, HUGE, "\0", "", " ", "\ud800", "\u202e", "{", "[1]", "null"]
)
def test_no_text_breaks_what_reads_our_settings(settings: Any, text: str) -> None:
    for name in set(settings.HABLA) - {"DATA_DIR"}:
        settings.HABLA = settings.HABLA | {name: text}
    assert all("HABLA_" in problem.msg for problem in check_habla(None))
    assert conf.has_owner() is False
    assert conf.trusted_proxies() == ()


@pytest.mark.parametrize("name", ["~nosuch/x", "x" * 5_000, "a\0b"], ids=ascii)
def test_a_name_that_no_directory_can_have_is_none(name: str, tmp_path: Path) -> None:
    assert data_directory(name, tmp_path) == NO_DIRECTORY
    assert data_directory(" ", tmp_path) == tmp_path / "data"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["~nosuch/x"])
async def test_a_directory_that_cannot_be_is_named(name: str, tmp_path: Path) -> None:
    code, output = await manage("check", env=environment(tmp_path, HABLA_DATA_DIR=name))
    assert (code, "HABLA_DATA_DIR is " in output, "Traceback" in output) == (2, True, False)
