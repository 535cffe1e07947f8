"""Everything that pages say in English they can say in Spanish."""

import ast
import gettext
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parents[2]
CATALOG = ROOT / "locale" / "es" / "LC_MESSAGES" / "django.po"
APPS = (ROOT / "sessions_app", ROOT / "playback_app")
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
MARKED = re.compile(rf"\b(?:_|n?gettext|ngettext_lazy|gettext_lazy)\(\s*({LITERAL})")


class Missing(gettext.NullTranslations):
    """A catalogue without fallback: an unknown text has no translation."""

    def gettext(self, message: str) -> str:
        return ""

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return ""


def spanish(path: Path) -> gettext.GNUTranslations:
    """Return a compiled catalogue."""
    with path.open("rb") as file:
        catalogue = gettext.GNUTranslations(file)
    catalogue.add_fallback(Missing())
    return catalogue


def all_marked() -> list[str]:
    """Return every text in templates and code that is marked for translation."""
    return sorted(
        {ast.literal_eval(text) for source in sources() for text in MARKED.findall(source)}
    )


def sources() -> Iterator[str]:
    for app in APPS:
        yield from (templatize(path.read_text()) for path in app.rglob("templates/**/*.html"))
        yield from (path.read_text() for path in app.rglob("*.py"))


def said(catalogue: gettext.GNUTranslations, text: str) -> list[str]:
    """Return ``text`` in Spanish: as it is, and of one, two and a million things."""
    counted = [catalogue.ngettext(text, text, n) for n in (1, 2, 1_000_000)]
    return [catalogue.gettext(text), *counted]


def test_every_text_that_is_marked_for_translation_has_a_spanish_one() -> None:
    catalogue = spanish(CATALOG.with_suffix(".mo"))
    marked = all_marked()
    assert "Live" in marked
    assert [text for text in marked if not any(said(catalogue, text))] == []


@pytest.mark.skipif(shutil.which("msgfmt") is None, reason="msgfmt (gettext) is not installed")
def test_the_compiled_catalogue_is_that_of_the_source(tmp_path: Path) -> None:
    path = tmp_path / "django.mo"
    subprocess.run(["msgfmt", "--check-format", "-o", path, CATALOG], check=True, timeout=10)
    kept, fresh = spanish(CATALOG.with_suffix(".mo")), spanish(path)
    marked = all_marked()
    assert [said(kept, text) for text in marked] == [said(fresh, text) for text in marked]
