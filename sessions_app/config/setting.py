"""How a setting is declared: its variable, what it may hold, its default and its meaning.

A dataclass declares settings as its fields, each by ``Setting(...).field()``. ``read_settings``
makes an instance of that dataclass from the texts of the variables.
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
    """What a variable may hold, such as a number within limits; see kinds.py."""

    def read(self, text: str, setting: "Setting[Any]") -> T_co:
        """Return the value that ``text`` stands for.

        Raises:
            SettingsError: it is wrong; usually made by ``setting.wrong(...)``.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting(Generic[T]):
    """All that is known of one setting before its variable is read."""

    variable: str
    kind: Kind[T]
    meaning: str
    """One sentence of Markdown for the table in docs/operations.md."""
    default: str = ""
    """The text that is used when the variable is not set."""
    default_in_words: str = ""
    """Shown in that table in place of ``default``, if that does not say enough."""
    safe: T | None = None
    """The value that is used when the variable is wrong; None: that of ``default``."""
    is_blank_unset: bool = False
    """Whether a variable that holds only blanks counts as not set."""
    is_secret: bool = False
    """Whether the text may hold a password or a key, so that no message repeats it."""
    is_live: bool = False
    """Whether a running server reads it again on ``reload_settings``."""

    @property
    def name(self) -> str:
        """Return the variable without the prefix HABLA_: the key in ``settings.HABLA``."""
        return self.variable.removeprefix(PREFIX)

    def field(self) -> T:
        """Return a dataclass field that declares this, typed as the value it will have."""
        declared: T = field(metadata={_KEY: self}, repr=not self.is_secret)
        return declared

    def read(self, text: str) -> T:
        """Return the value that ``text`` stands for.

        Raises:
            SettingsError: it is wrong.
        """
        is_unset = self.is_blank_unset and not text.strip()
        return self.kind.read(self.default if is_unset else text, self)

    def read_safely(self, text: str) -> tuple[T, SettingsError | None]:
        """Return the value that ``text`` stands for, or a safe value and the mistake."""
        try:
            return self.read(text), None
        except SettingsError as error:
            return self.read(self.default) if self.safe is None else self.safe, error

    def wrong(self, text: str, what_is_right: str) -> SettingsError:
        """Return the error that names the variable and says what would be right."""
        found = ":" if self.is_secret else f" is {text!r};"
        message = f"{self.variable}{found} {what_is_right} would be right."
        return SettingsError(message, variable=self.variable)


def settings_of(declaring: type) -> Mapping[str, Setting[Any]]:
    """Return the settings that a dataclass declares, by the names of its fields."""
    return {one.name: one.metadata[_KEY] for one in fields(declaring)}


def read_settings(declaring: type[T], texts: Mapping[str, str]) -> tuple[T, list[SettingsError]]:
    """Return an instance of ``declaring``, and all mistakes in ``texts``.

    ``texts`` are the texts of the variables, by `Setting.name`.
    """
    values: dict[str, Any] = {}
    mistakes: list[SettingsError] = []
    for attribute, setting in settings_of(declaring).items():
        values[attribute], mistake = setting.read_safely(texts[setting.name])
        if mistake is not None:
            mistakes.append(mistake)
    return declaring(**values), mistakes
