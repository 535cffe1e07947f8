"""The scenario in CONTRIBUTING.md works."""

import re
from pathlib import Path
from typing import Any

from sessions_app.models import Exchange
from tests.conftest import Connect
from tests.sounds import say

PAGE = Path(__file__).parents[2] / "CONTRIBUTING.md"
EXAMPLE = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


async def test_the_scenario_in_the_documents_passes(connect: Connect) -> None:
    (example,) = EXAMPLE.findall(PAGE.read_text())
    names: dict[str, Any] = {"Connect": Connect, "Exchange": Exchange, "say": say}
    exec(example, names)
    assert example.count("\n") == 5
    await names["test_a_sentence_is_translated_and_kept"](connect)
