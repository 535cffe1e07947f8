"""The documents say what the code does."""

import re
import typing
from itertools import chain
from pathlib import Path

import pytest
from django.core.management import get_commands

from benches.quality import figures
from benches.quality.cache import CACHE_VARIABLE
from benches.quality.command import PARTS
from benches.quality.weights import WEIGHTS_VARIABLE
from playback_app import service
from scripts.settings_table import with_table
from sessions_app import protocol
from sessions_app.config.variables import all_settings
from sessions_app.core.audio import Encoding
from sessions_app.core.events import Direction, DiscardReason, Mode
from sessions_app.engines.lmstudio.states import LmState
from sessions_app.extensions import plugged_in
from sessions_app.live.states import TRANSITIONS, EndReason
from sessions_app.protocol import CloseCode
from sessions_app.server.exit import ExitCode
from sessions_app.transport.answers import CODES
from sessions_app.web.api_rules import STATUSES
from tests import cost
from tests.documents import PAGES, ROOT, first_names, names, page, rows, section

SOURCES = "\n".join(
    path.read_text()
    for app in ("sessions_app", "playback_app")
    for path in (ROOT / app).rglob("*.py")
)
LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)>\s]+)|(?:src|href)=\"([^\"]+)\"")


def test_the_protocol_page_lists_every_command() -> None:
    documented = first_names(section(page("protocol"), "Client → server"))
    assert documented == set(plugged_in.commands)
    for kind, command in plugged_in.commands.items():
        assert kind in typing.get_args(command.model.model_fields["type"].annotation)


def test_the_protocol_page_lists_every_message() -> None:
    documented = first_names(section(page("protocol"), "Server → client"))
    said = set(re.findall(r'Notice\(\s*"([a-z_]+)"', SOURCES))
    said |= set(protocol._TYPES.values())  # noqa: SLF001 -- the whole table, and nothing else
    assert documented == said


def test_the_protocol_page_lists_every_error() -> None:
    documented = first_names(section(page("protocol"), "Errors"))
    raised = set(re.findall(r'(?:CommandError|RefusedError)\([^()]*code="([a-z_]+)"', SOURCES))
    raised |= set(re.findall(r'Failure\(\s*"([a-z_]+)"', SOURCES))
    assert raised - documented == set()


def test_the_protocol_page_lists_every_error_over_http() -> None:
    documented = first_names(section(page("protocol"), "Errors over HTTP"))
    documented |= first_names(section(page("protocol"), "Errors"))
    told = {*STATUSES, *plugged_in.http_statuses, *CODES.values(), "login_required"}
    told |= set(re.findall(r'\b(?:error_response|later)\(.*"([a-z_]+)"', SOURCES))
    assert {"too_fast", "invalid", "too_many_files", "database_replaced"} <= told
    told |= set(re.findall(r'LoginDelayedError\([^()]*code="([a-z_]+)"', SOURCES))
    assert told - documented == set()


def test_the_protocol_page_lists_every_close_code() -> None:
    documented = {int(row[0]) for row in rows(section(page("protocol"), "Close codes"))}
    codes = {value for name, value in vars(CloseCode).items() if name.isupper()}
    assert documented == codes


def test_the_protocol_page_lists_every_value() -> None:
    said = {*Encoding, *Direction, *Mode, *DiscardReason, *LmState}
    assert said - names(page("protocol")) == set()


def test_the_protocol_page_lists_every_limit() -> None:
    assert protocol.LIMITS.keys() - names(page("protocol")) == set()


def test_the_lifecycle_page_draws_every_transition() -> None:
    drawn = {
        next(iter(names(row[0]))): names(row[1])
        for row in rows(section(page("lifecycle"), "States"))
    }
    assert drawn == {str(state): {*after} for state, after in TRANSITIONS.items()}


def test_the_lifecycle_page_lists_every_reason_for_which_a_session_ends() -> None:
    listed = rows(section(page("lifecycle"), "What ends a session, and what follows"))
    told = {name for row in listed for name in names(row[0])}
    assert told - {"closed"} == {*EndReason, service.OVER.reason}


def test_the_lifecycle_page_lists_every_state_of_lm_studio() -> None:
    assert first_names(section(page("lifecycle"), "LM Studio")) == {*LmState}


def test_the_lifecycle_page_lists_every_exit_code() -> None:
    listed = {int(row[0]) for row in rows(section(page("lifecycle"), "The end of the server"))}
    assert listed == {int(code) for code in ExitCode}


def test_the_operations_page_has_the_table_of_all_settings() -> None:
    assert page("operations") == with_table(page("operations")), "run make settings-table"


def test_no_page_names_a_variable_that_there_is_not() -> None:
    texts = "".join(path.read_text() for path in (*PAGES, ROOT / "docs" / "habla.service"))
    declared = {setting.variable for setting in all_settings()}
    assert set(re.findall(r"\bHABLA_[A-Z_]+", texts)) - declared == set()


def test_the_operations_page_lists_every_command_of_ours() -> None:
    ours = {name for name, app in get_commands().items() if app in ("sessions_app", "playback_app")}
    assert ours - set(re.findall(r"`manage\.py ([a-z_]+)", page("operations"))) == set()


def test_the_quality_page_names_every_part_and_variable() -> None:
    assert {*PARTS, CACHE_VARIABLE, WEIGHTS_VARIABLE} - set(
        re.findall(r"`([A-Za-z_]+)`", page("quality"))
    ) == set()


def test_the_quality_page_has_the_baselines_that_a_run_is_compared_with() -> None:
    told = section(page("quality"), "Baselines").splitlines()
    assert [row for row in told if row.startswith("| ")][1:] == figures.table().splitlines()


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_every_link_and_picture_leads_somewhere(document: Path) -> None:
    targets = [one or other for one, other in LINK.findall(document.read_text())]
    files = [t.partition("#")[0] for t in targets if not re.match(r"[a-z]+:|#|/", t)]
    assert [file for file in files if not (document.parent / file).exists()] == []


@pytest.mark.parametrize("document", PAGES, ids=lambda path: path.name)
def test_every_link_to_a_heading_finds_it(document: Path) -> None:
    targets = [one or other for one, other in LINK.findall(document.read_text())]
    for target in (t for t in targets if "#" in t and not re.match(r"[a-z]+:|/", t)):
        file, _, anchor = target.partition("#")
        text = (document.parent / file if file else document).read_text()
        titles = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
        assert anchor in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}


def test_every_directory_of_tests_has_its_kind() -> None:
    rows_of_kinds = rows(section((ROOT / "CONTRIBUTING.md").read_text(), "Which test goes where"))
    places = {row[0]: {*re.findall(r"`tests/(\w+)`", row[1])} for row in rows_of_kinds}
    tests = ROOT / "tests"
    assert {*chain(*places.values())} == {
        path.relative_to(tests).parts[0] for path in tests.glob("*/**/test_*.py")
    }
    units = places.pop("unit")
    costly = {*cost.WITH_SERVERS, *cost.WITH_ALL_OF_HABLA, cost.OTHER_BROWSERS}
    assert {*chain(*places.values())} == costly
    assert units & costly == set()
