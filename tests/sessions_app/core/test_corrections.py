"""A correction has fields of its own, is stored with them, and shown as a correction."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from django.test import Client

from sessions_app.core.corrections import as_correction, make_correction, phrase_of
from sessions_app.core.events import Direction, Exchange, Phrase
from sessions_app.core.exports import ExportFormat, ExportLine, export
from sessions_app.models import Conversation
from sessions_app.models import Exchange as Row
from tests.sessions_app.kept import at_home, keep_conversation, the_owner

MENDED = make_correction("since three years", "for three years", "con «for» se mide cuánto dura")
OLDER: dict[str, Any] = {
    "text": "for three years",
    "meaning": "con «for» se mide cuánto dura",
    "kind": "correction",
    "literal": "since three years",
}
"""A correction as it was stored before it had fields of its own."""


def test_it_tells_those_who_know_only_phrases_what_is_right_and_nothing_literal() -> None:
    assert asdict(MENDED) == {
        "text": "for three years",
        "meaning": "con «for» se mide cuánto dura",
        "kind": "correction",
        "literal": "",
        "region": "",
        "register": "",
        "start": None,
        "end": None,
        "wrong": "since three years",
        "right": "for three years",
        "why": "con «for» se mide cuánto dura",
    }


def test_what_was_kept_is_read_as_it_was_also_what_is_older() -> None:
    idiom = Phrase("a por", "for", literal="to for")
    assert phrase_of(asdict(idiom)) == idiom
    assert phrase_of(asdict(MENDED)) == MENDED
    assert phrase_of(OLDER) == MENDED


def test_an_engine_that_knows_only_phrases_may_correct_too() -> None:
    idiom = Phrase("a por", "for", literal="to for")
    assert (as_correction(Phrase(**OLDER)), as_correction(idiom)) == (MENDED, idiom)


def test_the_text_to_take_away_shows_what_was_wrong_and_what_is_right() -> None:
    phrases = (MENDED, make_correction("he go", "he goes"))
    said = ("I live here since three years.", "Vivo aquí desde hace tres años.", "en")
    exchange = Exchange(1, *said, Direction.EN_TO_ES, 0.0, 1.0, phrases=phrases)
    assert export([ExportLine(exchange)], ExportFormat.TXT).splitlines()[2:] == [
        "  * ✗ since three years → ✓ for three years: con «for» se mide cuánto dura",
        "  * ✗ he go → ✓ he goes",
    ]
    [kept] = json.loads(export([ExportLine(exchange)], ExportFormat.JSON))["exchanges"]
    assert (kept["phrases"][0]["wrong"], kept["phrases"][0]["right"]) == (
        "since three years",
        "for three years",
    )


@pytest.fixture(params=["newer", "older"])
def lesson(request: pytest.FixtureRequest, db: None) -> Conversation:
    kept = keep_conversation(the_owner(), "I live here since three years.|Vivo aquí.")
    phrases = [asdict(MENDED) if request.param == "newer" else OLDER]
    Row.objects.update(language="en", phrases=phrases)
    return kept


def test_the_history_draws_it_as_a_correction(lesson: Conversation) -> None:
    page = at_home().get(f"/history/{lesson.pk}/").text
    assert '<del lang="en">since three years</del>' in page
    assert '<ins lang="en">for three years</ins>' in page
    assert "literally" not in page


def test_the_routes_tell_its_own_fields(lesson: Conversation) -> None:
    program: Client = at_home()
    route = f"/api/sessions/{lesson.sessions.get().pk}"
    [kept] = program.get(f"{route}/exchanges").json()["items"]
    assert kept["phrases"] == [asdict(MENDED)]
    text = program.get(f"{route}/export").getvalue().decode()
    assert "✗ since three years → ✓ for three years" in text
