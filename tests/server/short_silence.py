"""The settings of a server with a fast heartbeat that takes others for dead soon."""

from habla_project.settings import *  # noqa: F403 -- all of them, and then two limits
from sessions_app.store import liveness

liveness.SILENT_SERVER_SECONDS = 5.0
liveness.BEAT_SECONDS = 1.0
