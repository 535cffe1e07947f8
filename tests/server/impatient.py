"""The settings of a server that waits a second, not a minute, for a client that does not read."""

from habla_project.settings import *  # noqa: F403 -- all of them
from sessions_app.transport import response_flow

response_flow.STALL_SECONDS = 1.0
response_flow.LOOK_SECONDS = 0.2
