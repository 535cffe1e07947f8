"""What a setting is: the variable it comes from, what it may hold, its default and its meaning.

A dataclass declares settings as its fields, each by ``Setting(...).field()``; ``read_settings``
makes an instance of it from what the variables hold.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Generic, Protocol, TypeVar

from sessions_app.core.errors import SettingsError

PREFIX = "HABLA_"
_KEY = "setting"

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Kind(Protocol[T_co]):
    """What a variable may hold."""

    def read(self, text: str, setting: "Setting[Any]") -> T_co:
        """Return the value that ``text`` stands for.

        Raises:
            SettingsError: it stands for none; as a rule this is ``setting.wrong(...)``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[T]):
    """One setting: all that is known of it before its variable is read."""

    variable: str
    kind: Kind[T]
    meaning: str
    """In one sentence of Markdown, for the table in docs/operations.md."""
    default: str = ""
    """What holds where the variable is not set, as it would stand in it."""
    default_in_words: str = ""
    """For that table, where ``default`` does not say what it comes to."""
    safe: T | None = None
    """What holds where the variable is wrong; None: what ``default`` stands for."""
    is_blank_unset: bool = False
    """Whether a variable that holds nothing but blanks counts as not set."""
    is_secret: bool = False
    """Whether it may hold a password or a key, so that no message repeats it."""
    is_live: bool = False
    """Whether a running server can read it again."""

    @property
    def name(self) -> str:
        """Return the variable without our prefix: the key in ``settings.HABLA``."""
        return self.variable.removeprefix(PREFIX)

    def field(self) -> T:
        """Return the dataclass field that declares this, typed as the values it will have."""
        declared: T = field(metadata={_KEY: self}, repr=not self.is_secret)
        return declared

    def read(self, text: str) -> T:
        """Return the value that ``text`` stands for.

        Raises:
            SettingsError: it stands for none.
        """
        is_unset = self.is_blank_unset and not text.strip()
        return self.kind.read(self.default if is_unset else text, self)

    def read_safely(self, text: str) -> tuple[T, SettingsError | None]:
        """Return the value that ``text`` stands for, or a safe one with what is wrong."""
        try:
            return self.read(text), None
        except SettingsError as error:
            return self.read(self.default) if self.safe is None else self.safe, error

    def wrong(self, text: str, what_is_right: str) -> SettingsError:
        """Return the error that says ``what_is_right`` in place of ``text``."""
        found = ":" if self.is_secret else f" is {text!r};"
        message = f"{self.variable}{found} {what_is_right} would be right."
        return SettingsError(message, variable=self.variable)


def settings_of(declaring: type) -> Mapping[str, Setting[Any]]:
    """Return the settings that the dataclass ``declaring`` declares, by the names of its fields."""
    return {one.name: one.metadata[_KEY] for one in fields(declaring)}


def read_settings(declaring: type[T], texts: Mapping[str, str]) -> tuple[T, list[SettingsError]]:
    """Return an instance of ``declaring``, and what is wrong with ``texts``, which are by name.

    It reads on after a mistake, so that all of them are known at once.
    """
    values: dict[str, Any] = {}
    mistakes: list[SettingsError] = []
    for attribute, setting in settings_of(declaring).items():
        values[attribute], mistake = setting.read_safely(texts[setting.name])
        if mistake is not None:
            mistakes.append(mistake)
    return declaring(**values), mistakes
