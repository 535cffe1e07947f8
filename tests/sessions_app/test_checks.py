"""`manage.py check` names each wrong variable, and ends with 2."""

from pathlib import Path

import pytest

from tests.server.running import environment, manage

pytestmark = pytest.mark.timeout(60)


async def test_good_settings_pass(tmp_path: Path) -> None:
    code, output = await manage("check", env=environment(tmp_path))
    assert (code, output) == (0, "System check identified no issues (0 silenced).\n")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("HABLA_TRANSCRIBER", "wisper"),
        ("HABLA_TRANSLATOR", '{"BACKEND": 5}'),
        ("HABLA_DETECTOR", "no.such.Detector"),
        ("HABLA_DRAIN_SECONDS", "soon"),
        ("HABLA_MAX_SESSIONS", "0"),
        ("HABLA_RECORDING", "maybe"),
        ("HABLA_DATA_DIR", "/dev/null/habla"),
        ("DATABASE_URL", "nonsense"),
        ("DATABASE_URL", "nosuch://localhost/habla"),
        ("REDIS_URL", "http://localhost"),
    ],
)
async def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str) -> None:
    wrong = environment(tmp_path) | {variable: value}
    code, output = await manage("check", env=wrong)
    assert code == 2
    assert variable in output
    assert "Traceback" not in output
    assert "would be right" in output or "which is not there" in output
