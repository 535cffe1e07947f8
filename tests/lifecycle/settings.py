"""The settings of a server with URLs for tests only."""

from habla_project.settings import *  # noqa: F403 -- all of them, and then one other

ROOT_URLCONF = "tests.lifecycle.urls"
