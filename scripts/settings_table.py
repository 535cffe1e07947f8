"""Writes the table of variables in docs/operations.md from what is declared in the code."""

import re
from pathlib import Path
from typing import Any

from sessions_app.config.setting import Setting
from sessions_app.config.variables import all_settings

PAGE = Path(__file__).parent.parent / "docs" / "operations.md"
HEAD = "| variable | default | meaning |\n|---|---|---|\n"
TABLE = re.compile(re.escape(HEAD) + r"(?:\|.*\n)*")
NUMBER = re.compile(r"[\d.]+")


def with_table(page: str) -> str:
    """Return ``page`` with the table as it should be."""
    table = HEAD + "".join(map(_row, all_settings()))
    return TABLE.sub(lambda _: table, page, count=1)


def _row(setting: Setting[Any]) -> str:
    value = setting.default if NUMBER.fullmatch(setting.default) else f"`{setting.default}`"
    live = "; *live*" if setting.is_live else ""
    cells = [f"`{setting.variable}`", setting.default_in_words or value, setting.meaning + live]
    return f"| {' | '.join(cells)} |\n"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
