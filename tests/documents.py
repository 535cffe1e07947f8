"""The documents, read as what tests compare with the code: sections, tables, names in backticks."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def page(name: str) -> str:
    """Return the text of a page of docs/."""
    return (ROOT / "docs" / f"{name}.md").read_text()


def section(text: str, title: str) -> str:
    """Return what stands under a heading of the second level."""
    return text.partition(f"## {title}\n")[2].partition("\n## ")[0]


def rows(text: str) -> list[list[str]]:
    """Return the cells of a table's rows, without its head."""
    lines = [line.strip("|") for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in re.split(r"\|(?: |$)", line)] for line in lines]
    return [row for row in cells if not row[0].startswith("---")][1:]


def first_names(text: str) -> set[str]:
    """Return the names in the first column of a table."""
    return {name for row in rows(text) for name in names(row[0])}


def names(text: str) -> set[str]:
    """Return the lower-case words that stand in backticks."""
    return set(re.findall(r"`([a-z_0-9-]+)`", text))
