"""The settings of a server on which requests must come soon."""

from habla_project.settings import *  # noqa: F403 -- all of them, and then two limits
from sessions_app import http_limits

http_limits.HEAD_SECONDS = 1.5
http_limits.BODY_SECONDS = 3.0
