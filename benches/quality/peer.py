"""WhisperLiveKit on the same weights, clips and machine."""

from benches.quality.cache import UnavailableError
from benches.quality.figures import Measured
from benches.quality.tools import Tools


async def measure(tools: Tools) -> list[Measured]:
    """Return its figures beside Habla's."""
    raise UnavailableError("not yet")
