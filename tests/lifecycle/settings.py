"""The settings of a server with addresses that only tests want."""

from habla_project.settings import *  # noqa: F403 -- all of them, and then one other

ROOT_URLCONF = "tests.lifecycle.urls"
