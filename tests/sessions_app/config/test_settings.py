"""What a setting may hold, what holds where it is wrong, and that each is declared and used."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from sessions_app.config import conf
from sessions_app.config.env_file import Environment
from sessions_app.config.kinds import Names, OneOf, Switch, Text
from sessions_app.config.setting import Setting, read_settings, settings_of
from sessions_app.config.variables import Conf, DjangoSettings, all_settings
from sessions_app.engines.lmstudio.process import MARK
from tests import sources
from tests.sources import DEPLOYED, modules

DJANGO = settings_of(DjangoSettings)
SWITCH = Setting(variable="SWITCH", kind=Switch(), default="off", meaning="a light")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    is_on: bool = replace(SWITCH, safe=True).field()
    color: str = Setting(
        variable="HABLA_COLOR", kind=OneOf(("red", "green")), default="red", meaning="its color"
    ).field()
    key: str = Setting(variable="HABLA_KEY", kind=Text(), is_secret=True, meaning="its key").field()


@pytest.mark.parametrize(
    ("word", "is_on"), [("on", True), ("Yes", True), (" 1 ", True), ("off", False), ("NO", False)]
)
def test_a_switch_is_read_in_any_of_its_words(word: str, is_on: bool) -> None:
    assert SWITCH.read_safely(word) == (is_on, None)


@pytest.mark.parametrize("safe", [True, False])
def test_a_switch_that_is_neither_is_safe_and_named(safe: bool) -> None:
    value, mistake = replace(SWITCH, safe=safe).read_safely("maybe")
    assert value is safe
    assert str(mistake) == "SWITCH is 'maybe'; 'on' or 'off' would be right."


def test_a_blank_is_wrong_unless_it_counts_as_not_set() -> None:
    assert str(SWITCH.read_safely(" ")[1]) == "SWITCH is ' '; 'on' or 'off' would be right."
    assert replace(SWITCH, is_blank_unset=True).read_safely(" ") == (False, None)


def test_all_mistakes_are_found_at_once_and_something_safe_holds() -> None:
    lamp, mistakes = read_settings(Lamp, {"SWITCH": "maybe", "COLOR": "blue", "KEY": "s3cret"})
    assert lamp == Lamp(is_on=True, color="red", key="s3cret")
    assert [mistake.variable for mistake in mistakes] == ["SWITCH", "HABLA_COLOR"]
    assert "s3cret" not in repr(lamp)


def test_a_secret_is_not_repeated() -> None:
    setting = settings_of(Lamp)["key"]
    assert str(setting.wrong("s3cret", "another")) == "HABLA_KEY: another would be right."


def test_a_word_is_read_in_capitals_or_not() -> None:
    assert DJANGO["log_level"].read_safely("debug") == ("DEBUG", None)
    assert DJANGO["log_format"].read_safely("JSON") == ("json", None)


def test_names_have_no_blanks_around_them() -> None:
    assert Names().read("a.test, b.test,,", DJANGO["allowed_hosts"]) == ("a.test", "b.test")


def test_the_environment_is_read_word_for_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HABLA_OWNER", "$off")
    monkeypatch.delenv("HABLA_RECORDING", raising=False)
    texts = Environment().texts(settings_of(Conf).values())
    assert (texts["OWNER"], texts["RECORDING"]) == ("$off", "on")


@pytest.mark.parametrize("setting", settings_of(Conf).values(), ids=lambda one: one.variable)
def test_every_default_is_right(setting: Setting[object]) -> None:
    if setting.name != "DATA_DIR":  # stands beside manage.py
        assert setting.read_safely(setting.default)[1] is None


def test_a_key_is_not_in_what_is_printed_of_the_settings() -> None:
    found = conf.read()
    key = replace(found, llm_key="s3cret", llm_url="https://user:s3cret@llm.test/v1")
    assert "s3cret" not in repr(key)


def nodes() -> Iterator[ast.AST]:
    """Yield everything that stands in the code that is served."""
    for path in modules(*DEPLOYED):
        yield from sources.nodes(path)


def test_every_setting_is_used() -> None:
    used = {node.attr for node in nodes() if isinstance(node, ast.Attribute)}
    assert (settings_of(Conf).keys() | settings_of(DjangoSettings).keys()) - used == set()


def test_no_variable_of_ours_is_read_that_is_not_declared() -> None:
    texts = {node.value for node in nodes() if isinstance(node, ast.Constant)}
    ours = {text for text in texts if isinstance(text, str) and re.fullmatch("HABLA_[A-Z_]+", text)}
    # the mark is set for LM Studio's processes, and looked for in theirs
    assert ours - {setting.variable for setting in all_settings()} == {MARK}
