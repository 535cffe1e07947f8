"""Engines that import by the paths of the last release go on working, and are told the new ones."""

from importlib import import_module
from typing import Any

import pytest

from sessions_app.engines import base
from sessions_app.engines.old_paths import log_once

OLD = {
    "sessions_app.audio": ("FRAME_BYTES", "FRAME_SAMPLES", "SAMPLE_BYTES", "SAMPLE_RATE"),
    "sessions_app.errors": (
        *("BadTranslationError", "DecodeError", "EngineBusyError", "EngineError"),
        *("EngineLoadingError", "EngineUnavailableError", "Fault"),
    ),
    "sessions_app.events": (
        *("Direction", "Mode", "Phrase", "Said", "Transcript", "Translation"),
        *("TranslationRequest", "Usage"),
    ),
}


NAMES = [(module, name) for module, names in OLD.items() for name in names]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_what_is_imported_by_an_old_path_is_the_same_thing(module: str, name: str) -> None:
    with pytest.warns(DeprecationWarning, match=f"{name} is imported from sessions_app.engines.ba"):
        found = getattr(import_module(module), name)
    assert found is getattr(base, name)


def test_the_warning_names_the_line_that_imports() -> None:
    with pytest.warns(DeprecationWarning, match="EngineError is imported from") as told:
        from sessions_app.errors import EngineError  # noqa: F401, PLC0415 -- here it is to warn
    assert [warning.filename for warning in told] == [__file__]


@pytest.mark.parametrize("module", OLD)
def test_the_log_says_so_once_and_until_when(module: str, caplog: pytest.LogCaptureFixture) -> None:
    old: Any = import_module(module)
    name = OLD[module][0]
    log_once.cache_clear()  # other tests have imported it already
    for _ in range(2):
        with pytest.warns(DeprecationWarning, match="until 0.2.0"):
            getattr(old, name)
    assert caplog.messages == [
        f"{name} is imported from sessions_app.engines.base, not from {module} any more: that goes "
        "on working until 0.2.0."
    ]


@pytest.mark.parametrize("module", OLD)
def test_an_old_path_has_nothing_that_no_engine_needs(module: str) -> None:
    with pytest.raises(AttributeError, match="CommandError"):
        import_module(module).CommandError  # noqa: B018 -- asking is what fails
