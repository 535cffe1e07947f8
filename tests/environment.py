"""The environment of every test, set before Django reads its settings (see addopts)."""

import atexit
import os
import shutil
import tempfile

from hypothesis import settings

DATA_DIR = tempfile.mkdtemp(prefix="habla-tests-")
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)

WITHOUT_NETWORK = {"HF_ENDPOINT": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}
"""No test needs the network: neither the hub nor the package index is contacted."""
WITH_NETWORK = {name: os.environ.get(name) for name in WITHOUT_NETWORK}
"""The real ones, for the one test that contacts them, and is skipped if they do not answer."""

for name in [name for name in os.environ if name.startswith("HABLA_")]:
    if name != "HABLA_SHARED_AUDIO":
        del os.environ[name]
# hundreds of servers start: each would compile all our modules anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
os.environ |= {
    "HABLA_DATA_DIR": DATA_DIR,
    "HABLA_TRANSCRIBER": "fake",
    "HABLA_TRANSLATOR": "fake",
    "HABLA_DETECTOR": "fake",
    "HABLA_REHEARSAL_SECONDS": "0",
    **WITHOUT_NETWORK,
}

# how long an example takes only says how busy the machine is
settings.register_profile("habla", deadline=None)
settings.load_profile("habla")
