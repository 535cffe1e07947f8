"""Styles as they are served: in one file with those that they import."""

import re
from pathlib import Path

IMPORT = re.compile(r'^@import "\./([^"/]+)";$', re.MULTILINE)
"""How a style names another that lies beside it and comes before its own rules."""


def whole_style(file: Path) -> str:
    """Return a style with those that it imports in their places."""
    return IMPORT.sub(lambda found: whole_style(file.with_name(found[1])), file.read_text())
