"""`make bench-quality`: `python -m benches.quality [--short] [--peer] [--keep] [PART ...]`."""

import os
import sys
import tempfile

import django


def main() -> int:
    """Run from the command line, with settings and a data directory of the bench's own."""
    with tempfile.TemporaryDirectory(prefix="habla-quality-") as directory:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "habla_project.settings",
            "HABLA_DATA_DIR": directory,
        }
        django.setup()
        from benches.quality.command import run  # noqa: PLC0415 -- it imports models

        return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
