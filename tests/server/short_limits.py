"""The settings of a server with short time limits for requests."""

from habla_project.settings import *  # noqa: F403 -- all of them, and then two limits
from sessions_app.transport import limits

limits.HEAD_SECONDS = 1.5
limits.BODY_SECONDS = 3.0
