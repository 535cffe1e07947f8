#!/usr/bin/env python
"""Habla's command line: `python manage.py help` lists what it can do."""

import gc
import os
import signal
import sys
from types import FrameType


def give_up(number: int, frame: FrameType | None) -> None:
    """End a server that is asked to before it serves anybody: gracefully, since nobody is there."""
    os._exit(0)


def main() -> None:
    """Run the command that the arguments name."""
    if sys.argv[1:2] == ["serve"]:
        # Django takes a second to import, and an end in it should be no death by a signal
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, give_up)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "habla_project.settings")
    gc.disable()  # until all is imported (sessions_app/apps.py): none of it is garbage
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
