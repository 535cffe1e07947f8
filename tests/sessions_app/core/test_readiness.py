"""Why the server is not ready: in full for users of the server, in brief for strangers."""

from http import HTTPStatus
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.test import Client

from sessions_app.core import descriptors
from sessions_app.core.readiness import LOADING, NO_WORDS, NOT_LOADED, NOT_WELL
from sessions_app.server import writable
from sessions_app.store.database.identity import identity
from sessions_app.store.database.outages import TAKES_NOTHING
from tests.house import House
from tests.sessions_app.kept import at_home

SECRET = "the model at http://ana:pw@gpu1.lan:1234/v1 is not in /srv/models"


async def told(house: House) -> tuple[list[str], list[str]]:
    """Return the reasons that whoever may use the server reads, and those that strangers read."""
    reasons = []
    for browser in (at_home(), Client(REMOTE_ADDR="192.168.1.7")):
        answer = await sync_to_async(browser.get)("/readyz")
        found: dict[str, Any] = answer.json()
        status = HTTPStatus.SERVICE_UNAVAILABLE if found["reasons"] else HTTPStatus.OK
        assert (answer.status_code, found["ready"]) == (status, not found["reasons"])
        reasons.append(found["reasons"])
    return reasons[0], reasons[1]


async def test_who_is_ready_has_no_reasons(house: House) -> None:
    assert await told(house) == ([], [])


@pytest.mark.parametrize(
    ("name", "trouble", "public"),
    [
        ("database", TAKES_NOTHING, TAKES_NOTHING),
        ("disk", writable.FULL, writable.FULL),
        ("disk", writable.UNWRITABLE, writable.UNWRITABLE),
        ("LM Studio", SECRET, "The language model does not answer."),
        ("what nobody thought of yet", SECRET, NOT_WELL),
    ],
)
async def test_what_serves_from_outside_is_told_to_strangers_by_its_kind(
    house: House, name: str, trouble: str, public: str
) -> None:
    house.registry.note_trouble(name, trouble)
    try:
        assert await told(house) == ([trouble], [public])
    finally:
        house.registry.note_trouble(name, "")


async def test_engines_that_bring_no_words_are_told_to_strangers_without_a_name(
    house: House,
) -> None:
    generations = house.registry.generations
    assert generations is not None
    assert generations.current is not None
    generations.current.trouble = SECRET
    assert await told(house) == ([SECRET], [NO_WORDS])


async def test_engines_that_could_not_be_loaded_are_told_to_strangers_without_a_name(
    house: House,
) -> None:
    await house.restart(translator={"broken": True})
    (inside,), outside = await told(house)
    assert "fake" in inside
    assert outside == [NOT_LOADED]


async def test_engines_that_load_are_told_to_strangers_without_a_step(house: House) -> None:
    await house.restart_slowly(transcriber={"load_seconds": 60})
    (inside,), outside = await told(house)
    assert inside.startswith("Engines are loading: ")
    assert outside == [LOADING]


async def test_the_end_a_lost_database_and_no_more_files_are_told_to_all(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(descriptors, "are_exhausted", lambda: True)  # the machine's, and not ours
    assert await told(house) == ([descriptors.EXHAUSTED], [descriptors.EXHAUSTED])
    gone = "The file of the database is gone while the server ran."
    monkeypatch.setattr(identity, "trouble", gone)
    assert house.registry.readiness() == [gone]
    assert [reason.public_text for reason in house.registry.reasons()] == [""]
    house.registry.is_draining = True
    leaving = "The server is shutting down."
    monkeypatch.setattr(identity, "trouble", "")
    assert await told(house) == ([leaving], [leaving])
